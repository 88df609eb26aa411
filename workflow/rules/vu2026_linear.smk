# vu2026, linear study: solving every cell from every start, and its tables.

LINEAR = CONFIG.vu2026.linear
LINEAR_SIZES = {name: size.model_dump() for name, size in LINEAR.sizes().items()}
LINEAR_PARTS = LINEAR.parts()
LINEAR_METHODS = ["fixed_point", "adamw"]
LINEAR_SCALE = scale_of("vu2026.linear")
LINEAR_FOOTER = footer("vu2026", LINEAR_SCALE, "Gaussian, the authors' covariances")
LINEAR_RUNS, LINEAR_LOGS = f"{RUNS}/vu2026/linear", f"{LOGS}/vu2026/linear"
LINEAR_RESULTS, LINEAR_FIGURES = f"{RESULTS}/vu2026", f"{FIGURES}/vu2026"
LINEAR_JOBS = {
    "size": LINEAR_SIZES,
    "method": LINEAR_METHODS,
    "part": range(len(LINEAR_PARTS)),
}


wildcard_constraints:
    size="|".join(LINEAR_SIZES),
    method="|".join(LINEAR_METHODS),


rule vu2026_linear_solve:
    input:
        code=code(
            *("studies/vu2026/linear_data.py", "studies/vu2026/linear_solver.py"),
            *("studies/vu2026/fixed_point.py", "studies/vu2026/adamw.py"),
            "studies/vu2026/adamw.cpp",
        ),
    output:
        solved=f"{LINEAR_RUNS}/{{size}}-{{method}}-{{part}}.csv",
        record=f"{LINEAR_RUNS}/{{size}}-{{method}}-{{part}}.json",
    log:
        f"{LINEAR_LOGS}/solve-{{size}}-{{method}}-{{part}}.log",
    benchmark:
        f"{LINEAR_LOGS}/solve-{{size}}-{{method}}-{{part}}.tsv"
    conda:
        f"{ENVS}/train.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=240,
    params:
        **LINEAR.model_dump(include={"model", "betas", "starts", "seed", "adamw"}),
        function="betascan.studies.vu2026.linear_steps.solve",
        method="{method}",
        size=lambda wildcards: LINEAR_SIZES[wildcards.size],
        lambdas=lambda wildcards: LINEAR_PARTS[int(wildcards.part)],
    message:
        "vu2026: {wildcards.method}, {wildcards.size}, lambda {params.lambdas}"
    script:
        "../scripts/call.py"


rule vu2026_linear_runs:
    input:
        parts=expand(f"{LINEAR_RUNS}/{{size}}-{{method}}-{{part}}.csv", **LINEAR_JOBS),
    output:
        runs=f"{LINEAR_RESULTS}/linear_runs.csv.gz",
    log:
        f"{LINEAR_LOGS}/runs.log",
    benchmark:
        f"{LINEAR_LOGS}/runs.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.vu2026.linear_tables.join",
    message:
        "vu2026: all runs of the linear study"
    script:
        "../scripts/call.py"


rule vu2026_linear_cells:
    input:
        runs=f"{LINEAR_RESULTS}/linear_runs.csv.gz",
        code=code(
            *("studies/vu2026/linear_tables.py", "theory/lambda_beta.py"),
            "published/vu2026_linear_cells.csv",
        ),
    output:
        linear=report(
            f"{LINEAR_RESULTS}/linear.csv",
            caption="../report/vu2026/linear.rst",
            category="vu2026",
            subcategory="tables",
        ),
    log:
        f"{LINEAR_LOGS}/cells.log",
    benchmark:
        f"{LINEAR_LOGS}/cells.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.vu2026.linear_tables.cells",
        model=LINEAR.model.model_dump(),
        sizes=list(LINEAR_SIZES.values()),
        scale=LINEAR_SCALE,
    message:
        "vu2026: means of every cell of the linear study beside the published"
    script:
        "../scripts/call.py"


rule vu2026_linear_contract:
    input:
        code=code(
            *("studies/vu2026/linear_steps.py", "studies/vu2026/fixed_point.py"),
            *("studies/vu2026/linear_data.py", "studies/vu2026/linear_solver.py"),
        ),
    output:
        contraction=f"{LINEAR_RESULTS}/linear_contraction.csv",
    log:
        f"{LINEAR_LOGS}/contract.log",
    benchmark:
        f"{LINEAR_LOGS}/contract.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.vu2026.linear_steps.contract",
        model=LINEAR.model.model_dump(),
        size=LINEAR.small.model_dump(include={"observed", "skipped"}),
        seed=LINEAR.seed,
        runs=LINEAR.watched(),
        sweeps=LINEAR.contraction.sweeps,
    message:
        "vu2026: encoder gain and information, sweep by sweep"
    script:
        "../scripts/call.py"


rule vu2026_linear_claims:
    input:
        linear=f"{LINEAR_RESULTS}/linear.csv",
        contraction=f"{LINEAR_RESULTS}/linear_contraction.csv",
        code=code("studies/vu2026/linear_claims.py", "published/vu2026_linear.csv"),
    output:
        claims=report(
            f"{LINEAR_RESULTS}/linear_claims.csv",
            caption="../report/vu2026/linear_claims.rst",
            category="vu2026",
            subcategory="tables",
        ),
    log:
        f"{LINEAR_LOGS}/claims.log",
    benchmark:
        f"{LINEAR_LOGS}/claims.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.vu2026.linear_claims.claims",
        size=LINEAR.small.observed,
        scale=LINEAR_SCALE,
    message:
        "vu2026: what the linear study shows beside what came out"
    script:
        "../scripts/call.py"


rule vu2026_linear_provenance:
    input:
        records=expand(
            f"{LINEAR_RUNS}/{{size}}-{{method}}-{{part}}.json", **LINEAR_JOBS
        ),
    output:
        provenance=f"{RUNS}/vu2026/linear/provenance.json",
    log:
        f"{LINEAR_LOGS}/provenance.log",
    benchmark:
        f"{LINEAR_LOGS}/provenance.tsv"
    conda:
        f"{ENVS}/train.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.vu2026.linear_steps.provenance",
        scale=LINEAR_SCALE,
        config=LINEAR.model_dump(),
    message:
        "vu2026: where every number of the linear study comes from"
    script:
        "../scripts/call.py"
