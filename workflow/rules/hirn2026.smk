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
        expand(f"{HIRN_FIGURES}/{{figure}}.{{kind}}", figure=HIRN_PICTURES, kind=["png", "pdf"]),


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
    params:
        function="betascan.studies.hirn2026.cells.split_cells",
        split=HIRN.split.model_dump(),
    resources:
        mem_mb=2000,
        runtime=10,
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
    threads: workflow.cores if HIRN.scan.points_per_job == "all" else 1
    params:
        function="betascan.studies.hirn2026.steps.train",
        checkpoint=f"{HIRN_RUNS}/{{estimator}}/checkpoint-{{part}}.npz",
        estimator="{estimator}",
        temperatures=lambda wildcards: HIRN_PARTS[int(wildcards.part)],
        **HIRN.scan.model_dump(exclude={"estimators", "temperatures", "points_per_job"}),
    resources:
        mem_mb=2000,
        runtime=240,
    message:
        "hirn2026: scan of beta, {wildcards.estimator}, job {wildcards.part}"
    script:
        "../scripts/call.py"


rule hirn2026_measure:
    input:
        cells=f"{HIRN_RUNS}/cells.npz",
        parts=expand(
            f"{HIRN_RUNS}/{{{{estimator}}}}/scan-{{part}}.npz", part=range(len(HIRN_PARTS))
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
    params:
        function="betascan.studies.hirn2026.steps.measure",
    resources:
        mem_mb=2000,
        runtime=30,
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
    params:
        function="betascan.studies.hirn2026.steps.principal_components",
    resources:
        mem_mb=2000,
        runtime=10,
    message:
        "hirn2026: principal components of the training split"
    script:
        "../scripts/call.py"


rule hirn2026_join:
    input:
        parts=expand(
            f"{HIRN_RUNS}/{{estimator}}/{{{{table}}}}.csv", estimator=HIRN.scan.estimators
        ),
    output:
        joined=f"{HIRN_RESULTS}/{{table}}.csv{{packed,(.gz)?}}",
    log:
        f"{LOGS}/hirn2026/join-{{table}}{{packed}}.log",
    benchmark:
        f"{LOGS}/hirn2026/join-{{table}}{{packed}}.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    wildcard_constraints:
        table="observables|distortion|protocol",
    params:
        function="betascan.studies.hirn2026.tables.join",
    resources:
        mem_mb=1000,
        runtime=10,
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
    params:
        function="betascan.studies.hirn2026.tables.modes",
        floor=HIRN.fit_floor,
    resources:
        mem_mb=1000,
        runtime=10,
    message:
        "hirn2026: thresholds, utilities and PCA ratios of every mode"
    script:
        "../scripts/call.py"
