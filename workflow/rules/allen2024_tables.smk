# allen2024: from measures to tables.


rule allen2024_identity_table:
    input:
        linear_truth=f"{ALLEN_RESULTS}/linear_truth.csv",
        tables=expand(
            f"{ALLEN_RESULTS}/{{experiment}}.csv", experiment=ALLEN_EXPERIMENTS
        ),
        code=code("studies/allen2024/tables.py"),
    output:
        identity=report(
            f"{ALLEN_RESULTS}/identity.csv",
            caption="../report/allen2024/identity_table.rst",
            category="allen2024",
            subcategory="tables",
        ),
    log:
        f"{ALLEN_LOGS}/identity-table.log",
    benchmark:
        f"{ALLEN_LOGS}/identity-table.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.allen2024.tables.identity",
    message:
        "allen2024: errors of the identity"
    script:
        "../scripts/call.py"


use rule allen2024_identity_table as allen2024_experiment with:
    input:
        scores=allen_of("scores.csv"),
        jacobians=allen_of("jacobian.csv"),
        identities=allen_of("identity.csv"),
        cards=allen_of("card.json"),
        code=code("studies/allen2024/tables.py"),
    output:
        table=report(
            f"{ALLEN_RESULTS}/{{experiment}}.csv",
            caption="../report/allen2024/experiment.rst",
            category="allen2024",
            subcategory="tables",
        ),
    log:
        f"{ALLEN_LOGS}/{{experiment}}.log",
    benchmark:
        f"{ALLEN_LOGS}/{{experiment}}.tsv"
    params:
        function="betascan.studies.allen2024.tables.experiment",
        runs=lambda wildcards: allen_points(allen_cells(wildcards.experiment)),
        cells=lambda wildcards: {
            name: ALLEN_CELLS[name] for name in allen_cells(wildcards.experiment)
        },
    message:
        "allen2024: models of {wildcards.experiment}"


use rule allen2024_identity_table as allen2024_cost with:
    input:
        cards=allen_every("card.json", ALLEN_COSTS),
        records=allen_every("record.json", ALLEN_COSTS),
        code=code("studies/allen2024/tables.py"),
    output:
        cost=report(
            f"{ALLEN_RESULTS}/cost.csv",
            caption="../report/allen2024/cost.rst",
            category="allen2024",
            subcategory="tables",
        ),
    log:
        f"{ALLEN_LOGS}/cost.log",
    benchmark:
        f"{ALLEN_LOGS}/cost.tsv"
    params:
        function="betascan.studies.allen2024.tables.cost",
        runs=allen_points(ALLEN_COSTS),
    message:
        "allen2024: time a step"


use rule allen2024_identity_table as allen2024_claims with:
    input:
        linear_truth=f"{ALLEN_RESULTS}/linear_truth.csv",
        tables=expand(
            f"{ALLEN_RESULTS}/{{table}}.csv", table=[*ALLEN_EXPERIMENTS, "cost"]
        ),
        runaway=f"{ALLEN_RESULTS}/runaway.csv",
        code=code("studies/allen2024/claims.py", "published/allen2024.csv"),
    output:
        claims=report(
            f"{ALLEN_RESULTS}/claims.csv",
            caption="../report/allen2024/claims.rst",
            category="allen2024",
            subcategory="tables",
        ),
    log:
        f"{ALLEN_LOGS}/claims.log",
    benchmark:
        f"{ALLEN_LOGS}/claims.tsv"
    params:
        function="betascan.studies.allen2024.claims.claims",
        experiments=ALLEN_EXPERIMENTS,
        bound=ALLEN.runaway.bound,
        scale=ALLEN_SCALE,
        standins=ALLEN_STANDINS,
    message:
        "allen2024: the document's statements beside what came out"


use rule allen2024_identity_table as allen2024_provenance with:
    input:
        cards=allen_every("card.json", ALLEN_CELLS),
        records=allen_every("record.json", ALLEN_CELLS),
        code=code("report/image_provenance.py"),
    output:
        provenance=f"{ALLEN_RESULTS}/provenance.json",
    log:
        f"{ALLEN_LOGS}/provenance.log",
    benchmark:
        f"{ALLEN_LOGS}/provenance.tsv"
    params:
        function="betascan.report.image_provenance.summarise",
        scale=ALLEN_SCALE,
        config=CONFIG.allen2024.model_dump(),
    message:
        "allen2024: where the numbers come from"
