# hirn2026: from measured observables to tables.


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
        scale=HIRN_SCALE,
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
        scale=HIRN_SCALE,
        config=CONFIG.hirn2026.model_dump(),
    message:
        "hirn2026: where every number comes from"
    script:
        "../scripts/call.py"
