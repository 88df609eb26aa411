# hirn2026: linear VAEs on climate, a scan of beta, thresholds = utilities = PCA ratios.

HIRN = CONFIG.hirn2026
HIRN_PARTS = HIRN.parts()
HIRN_SCALE = scale_of("hirn2026", "climate")
HIRN_FOOTER = footer("hirn2026", HIRN_SCALE, CLIMATE_NAME)
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
        code=code("linear_vae/scan.py", "linear_vae/kernel.cpp", "linear_vae/whitening.py"),
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
        code=code("metrics/moments.py", "spectroscopy/utility.py"),
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
