# denardin2025: Tables 01-04, scores, conclusions, provenance.


wildcard_constraints:
    number="|".join(DENARDIN_TABLES),


rule denardin2025_table:
    input:
        histories=lambda wildcards: denardin_of(
            "history.csv", *DENARDIN_TABLES[wildcards.number]
        ),
        code=code(
            "studies/denardin2025/tables.py",
            "published/denardin2025_runs.csv",
            "published/denardin2025_errors.csv",
        ),
    output:
        csv=f"{DENARDIN_RESULTS}/table{{number}}.csv",
        markdown=report(
            f"{DENARDIN_RESULTS}/table{{number}}.md",
            caption="../report/denardin2025/table.rst",
            category="denardin2025",
            subcategory="tables",
        ),
        latex=f"{DENARDIN_RESULTS}/table{{number}}.tex",
    log:
        f"{LOGS}/denardin2025/table{{number}}.log",
    benchmark:
        f"{LOGS}/denardin2025/table{{number}}.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.denardin2025.tables.table",
        number="{number}",
        weights=DENARDIN.weights,
        scale=DENARDIN_SCALE,
    message:
        "denardin2025: Table {wildcards.number}"
    script:
        "../scripts/call.py"


rule denardin2025_scores:
    input:
        scores=expand(
            f"{DENARDIN_RUNS}/{{run}}/scores.csv",
            run=DENARDIN_SPACE.instance_patterns,
        ),
        code=code("studies/denardin2025/tables.py"),
    output:
        joined=report(
            f"{DENARDIN_RESULTS}/scores.csv",
            caption="../report/denardin2025/scores_table.rst",
            category="denardin2025",
            subcategory="tables",
        ),
    log:
        f"{LOGS}/denardin2025/scores.log",
    benchmark:
        f"{LOGS}/denardin2025/scores.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.denardin2025.tables.join_scores",
        runs=list(product(DATASETS, MODELS, DENARDIN.weights)),
    message:
        "denardin2025: scores of all runs"
    script:
        "../scripts/call.py"


rule denardin2025_claims:
    input:
        scores=f"{DENARDIN_RESULTS}/scores.csv",
        tables=expand(f"{DENARDIN_RESULTS}/table{{number}}.csv", number=DENARDIN_TABLES),
        code=code("studies/denardin2025/claims.py"),
    output:
        claims=report(
            f"{DENARDIN_RESULTS}/claims.csv",
            caption="../report/denardin2025/claims.rst",
            category="denardin2025",
            subcategory="tables",
        ),
    log:
        f"{LOGS}/denardin2025/claims.log",
    benchmark:
        f"{LOGS}/denardin2025/claims.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.denardin2025.claims.claims",
        scale=DENARDIN_SCALE,
        genuine={
            name: getattr(CONFIG.data, name).source != "standin" for name in DATASETS
        },
    message:
        "denardin2025: the slides' conclusions beside what came out"
    script:
        "../scripts/call.py"


rule denardin2025_provenance:
    input:
        cards=expand(
            f"{DENARDIN_RUNS}/{{run}}/card.json",
            run=DENARDIN_SPACE.instance_patterns,
        ),
        records=expand(
            f"{DENARDIN_RUNS}/{{run}}/record.json",
            run=DENARDIN_SPACE.instance_patterns,
        ),
    output:
        provenance=f"{DENARDIN_RESULTS}/provenance.json",
    log:
        f"{LOGS}/denardin2025/provenance.log",
    benchmark:
        f"{LOGS}/denardin2025/provenance.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.report.image_provenance.summarise",
        scale=DENARDIN_SCALE,
        config=DENARDIN.model_dump(),
    message:
        "denardin2025: where every number comes from"
    script:
        "../scripts/call.py"
