# hirn2026: linear VAEs on climate, a scan of beta, thresholds = utilities = PCA ratios.

HIRN = CONFIG.hirn2026
HIRN_PARTS = HIRN.parts()
HIRN_FOOTER = footer("hirn2026", CLIMATE_NAME)
HIRN_RUNS, HIRN_RESULTS, HIRN_FIGURES = (
    f"{folder}/hirn2026" for folder in (RUNS, RESULTS, FIGURES)
)
HIRN_TABLES = ["splits", "modes", "protocol", "claims"]
HIRN_PICTURES = ["split_map", "fig1", "fig2", "fig3", "fig4"]


rule hirn2026:
    input:
        expand(f"{HIRN_RESULTS}/{{table}}.csv", table=HIRN_TABLES),
        f"{HIRN_RESULTS}/observables.csv.gz",
        f"{HIRN_RESULTS}/provenance.json",
        expand(
            f"{HIRN_FIGURES}/{{figure}}.{{kind}}",
            figure=HIRN_PICTURES,
            kind=["png", "pdf"],
        ),


rule hirn2026_split:
    input:
        table=f"{DATA}/climate.h5",
        code=code("data/blocks.py"),
    output:
        cells=f"{HIRN_RUNS}/cells.npz",
        splits=report(
            f"{HIRN_RESULTS}/splits.csv",
            caption="../report/hirn2026/splits.rst",
            category="hirn2026",
            subcategory="tables",
        ),
    log:
        f"{LOGS}/hirn2026/split.log",
    benchmark:
        f"{LOGS}/hirn2026/split.tsv"
    conda:
        f"{ENVS}/data.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        function="betascan.studies.hirn2026.cells.split_cells",
        split=HIRN.split.model_dump(),
    message:
        "hirn2026: spatial blocks, standardisation on the training split"
    script:
        "../scripts/call.py"


rule hirn2026_scan:
    input:
        cells=f"{HIRN_RUNS}/cells.npz",
        code=code("training/scan.py", "training/kernel.cpp", "training/coordinates.py"),
    output:
        trained=f"{HIRN_RUNS}/{{estimator}}/scan-{{part}}.npz",
        record=f"{HIRN_RUNS}/{{estimator}}/record-{{part}}.json",
    log:
        f"{LOGS}/hirn2026/scan-{{estimator}}-{{part}}.log",
    benchmark:
        f"{LOGS}/hirn2026/scan-{{estimator}}-{{part}}.tsv"
    conda:
        f"{ENVS}/train.yaml"
    threads: 16 if HIRN.scan.points_per_job == "all" else 1  # what --cores allows of it
    resources:
        mem_mb=2000,
        runtime=240,
    params:
        **HIRN.scan.model_dump(exclude={"estimators", "temperatures", "points_per_job"}),
        function="betascan.studies.hirn2026.steps.train",
        estimator="{estimator}",
        temperatures=lambda wildcards: HIRN_PARTS[int(wildcards.part)],
    message:
        "hirn2026: scan of beta, {wildcards.estimator}, job {wildcards.part}"
    script:
        "../scripts/call.py"


rule hirn2026_measure:
    input:
        cells=f"{HIRN_RUNS}/cells.npz",
        parts=expand(
            f"{HIRN_RUNS}/{{{{estimator}}}}/scan-{{part}}.npz",
            part=range(len(HIRN_PARTS)),
        ),
        code=code("spectroscopy/observables.py", "spectroscopy/utility.py"),
    output:
        observables=f"{HIRN_RUNS}/{{estimator}}/observables.csv",
        distortion=f"{HIRN_RUNS}/{{estimator}}/distortion.csv",
        protocol=f"{HIRN_RUNS}/{{estimator}}/protocol.csv",
    log:
        f"{LOGS}/hirn2026/measure-{{estimator}}.log",
    benchmark:
        f"{LOGS}/hirn2026/measure-{{estimator}}.tsv"
    conda:
        f"{ENVS}/train.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        function="betascan.studies.hirn2026.steps.measure",
    message:
        "hirn2026: observables of the {wildcards.estimator} scan on all splits"
    script:
        "../scripts/call.py"


rule hirn2026_pca:
    input:
        cells=f"{HIRN_RUNS}/cells.npz",
        code=code("spectroscopy/utility.py"),
    output:
        pca=f"{HIRN_RUNS}/pca.csv",
    log:
        f"{LOGS}/hirn2026/pca.log",
    benchmark:
        f"{LOGS}/hirn2026/pca.tsv"
    conda:
        f"{ENVS}/train.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        function="betascan.studies.hirn2026.steps.principal_components",
    message:
        "hirn2026: principal components of the training split"
    script:
        "../scripts/call.py"


rule hirn2026_join:
    input:
        parts=expand(
            f"{HIRN_RUNS}/{{estimator}}/{{{{table}}}}.csv",
            estimator=HIRN.scan.estimators,
        ),
    output:
        joined=f"{HIRN_RESULTS}/{{table}}.csv{{packed,(.gz)?}}",
    log:
        f"{LOGS}/hirn2026/join-{{table}}{{packed}}.log",
    benchmark:
        f"{LOGS}/hirn2026/join-{{table}}{{packed}}.tsv"
    wildcard_constraints:
        table="observables|distortion|protocol",
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.hirn2026.tables.join",
    message:
        "hirn2026: {wildcards.table} of all estimators"
    script:
        "../scripts/call.py"


rule hirn2026_modes:
    input:
        observables=f"{HIRN_RESULTS}/observables.csv.gz",
        distortion=f"{HIRN_RESULTS}/distortion.csv.gz",
        pca=f"{HIRN_RUNS}/pca.csv",
        code=code("studies/hirn2026/tables.py", "spectroscopy/thresholds.py"),
    output:
        modes=report(
            f"{HIRN_RESULTS}/modes.csv",
            caption="../report/hirn2026/modes.rst",
            category="hirn2026",
            subcategory="tables",
        ),
    log:
        f"{LOGS}/hirn2026/modes.log",
    benchmark:
        f"{LOGS}/hirn2026/modes.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.hirn2026.tables.modes",
        floor=HIRN.fit_floor,
    message:
        "hirn2026: thresholds, utilities and PCA ratios of every mode"
    script:
        "../scripts/call.py"


rule hirn2026_split_map:
    input:
        table=f"{DATA}/climate.h5",
        cells=f"{HIRN_RUNS}/cells.npz",
        splits=f"{HIRN_RESULTS}/splits.csv",
        code=code("studies/hirn2026/figures.py", "studies/style.py"),
    output:
        png=report(
            f"{HIRN_FIGURES}/split_map.png",
            caption="../report/hirn2026/split_map.rst",
            category="hirn2026",
            subcategory="figures",
        ),
        pdf=f"{HIRN_FIGURES}/split_map.pdf",
    log:
        f"{LOGS}/hirn2026/split_map.log",
    benchmark:
        f"{LOGS}/hirn2026/split_map.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.hirn2026.figures.split_map",
        footer=HIRN_FOOTER,
    message:
        "hirn2026: map of the splits"
    script:
        "../scripts/call.py"


rule hirn2026_fig1:
    input:
        observables=f"{HIRN_RESULTS}/observables.csv.gz",
        modes=f"{HIRN_RESULTS}/modes.csv",
        claims=f"{HIRN_RESULTS}/claims.csv",
        code=code("studies/hirn2026/figures.py", "studies/style.py"),
    output:
        png=report(
            f"{HIRN_FIGURES}/fig1.png",
            caption="../report/hirn2026/fig1.rst",
            category="hirn2026",
            subcategory="figures",
        ),
        pdf=f"{HIRN_FIGURES}/fig1.pdf",
    log:
        f"{LOGS}/hirn2026/fig1.log",
    benchmark:
        f"{LOGS}/hirn2026/fig1.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.hirn2026.figures.fig1",
        footer=HIRN_FOOTER,
    message:
        "hirn2026: Figure 1, order parameters over T"
    script:
        "../scripts/call.py"


rule hirn2026_fig2:
    input:
        distortion=f"{HIRN_RESULTS}/distortion.csv.gz",
        pca=f"{HIRN_RUNS}/pca.csv",
        claims=f"{HIRN_RESULTS}/claims.csv",
        code=code("studies/hirn2026/figures.py", "studies/style.py"),
    output:
        png=report(
            f"{HIRN_FIGURES}/fig2.png",
            caption="../report/hirn2026/fig2.rst",
            category="hirn2026",
            subcategory="figures",
        ),
        pdf=f"{HIRN_FIGURES}/fig2.pdf",
    log:
        f"{LOGS}/hirn2026/fig2.log",
    benchmark:
        f"{LOGS}/hirn2026/fig2.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.hirn2026.figures.fig2",
        footer=HIRN_FOOTER,
    message:
        "hirn2026: Figure 2, truncated distortion"
    script:
        "../scripts/call.py"


rule hirn2026_fig3:
    input:
        modes=f"{HIRN_RESULTS}/modes.csv",
        code=code("studies/hirn2026/figures.py", "studies/style.py"),
    output:
        png=report(
            f"{HIRN_FIGURES}/fig3.png",
            caption="../report/hirn2026/fig3.rst",
            category="hirn2026",
            subcategory="figures",
        ),
        pdf=f"{HIRN_FIGURES}/fig3.pdf",
    log:
        f"{LOGS}/hirn2026/fig3.log",
    benchmark:
        f"{LOGS}/hirn2026/fig3.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.hirn2026.figures.fig3",
        footer=HIRN_FOOTER,
    message:
        "hirn2026: Figure 3, utility against threshold"
    script:
        "../scripts/call.py"


rule hirn2026_fig4:
    input:
        observables=f"{HIRN_RESULTS}/observables.csv.gz",
        modes=f"{HIRN_RESULTS}/modes.csv",
        code=code("studies/hirn2026/figures.py", "studies/style.py"),
    output:
        png=report(
            f"{HIRN_FIGURES}/fig4.png",
            caption="../report/hirn2026/fig4.rst",
            category="hirn2026",
            subcategory="figures",
        ),
        pdf=f"{HIRN_FIGURES}/fig4.pdf",
    log:
        f"{LOGS}/hirn2026/fig4.log",
    benchmark:
        f"{LOGS}/hirn2026/fig4.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.hirn2026.figures.fig4",
        footer=HIRN_FOOTER,
    message:
        "hirn2026: Figure 4, posterior scale and Jensen gap"
    script:
        "../scripts/call.py"


rule hirn2026_claims:
    input:
        splits=f"{HIRN_RESULTS}/splits.csv",
        observables=f"{HIRN_RESULTS}/observables.csv.gz",
        distortion=f"{HIRN_RESULTS}/distortion.csv.gz",
        modes=f"{HIRN_RESULTS}/modes.csv",
        pca=f"{HIRN_RUNS}/pca.csv",
        code=code("studies/hirn2026/claims.py", "published/hirn2026.csv"),
    output:
        claims=report(
            f"{HIRN_RESULTS}/claims.csv",
            caption="../report/hirn2026/claims.rst",
            category="hirn2026",
            subcategory="tables",
        ),
    log:
        f"{LOGS}/hirn2026/claims.log",
    benchmark:
        f"{LOGS}/hirn2026/claims.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.hirn2026.claims.claims",
        floor=HIRN.fit_floor,
        scale=CONFIG.scale,
    message:
        "hirn2026: the document's statements beside what came out"
    script:
        "../scripts/call.py"


rule hirn2026_provenance:
    input:
        cells=f"{HIRN_RUNS}/cells.npz",
        records=expand(
            f"{HIRN_RUNS}/{{estimator}}/record-{{part}}.json",
            estimator=HIRN.scan.estimators,
            part=range(len(HIRN_PARTS)),
        ),
    output:
        provenance=f"{HIRN_RESULTS}/provenance.json",
    log:
        f"{LOGS}/hirn2026/provenance.log",
    benchmark:
        f"{LOGS}/hirn2026/provenance.tsv"
    conda:
        f"{ENVS}/train.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.hirn2026.steps.provenance",
        scale=CONFIG.scale,
        config=CONFIG.hirn2026.model_dump(),
    message:
        "hirn2026: where every number comes from"
    script:
        "../scripts/call.py"
