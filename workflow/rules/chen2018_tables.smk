# chen2018: from scores to tables.


rule chen2018_scores:
    input:
        scores=chen_of("scores.csv", CHEN_POINTS),
        terms=chen_of("terms.csv", CHEN_POINTS),
        histories=chen_of("history.csv", CHEN_POINTS),
        code=code("studies/chen2018/tables.py"),
    output:
        joined=report(
            f"{CHEN_RESULTS}/scores.csv",
            caption="../report/chen2018/scores.rst",
            category="chen2018",
            subcategory="tables",
        ),
    log:
        f"{CHEN_LOGS}/scores.log",
    benchmark:
        f"{CHEN_LOGS}/scores.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.chen2018.tables.join_scores",
        points=CHEN_POINTS,
    message:
        "chen2018: scores of all models"
    script:
        "../scripts/call.py"


rule chen2018_elbo_table:
    input:
        tables=chen_of("terms.csv", CHEN_WHOLE),
        code=code("studies/chen2018/tables.py"),
    output:
        joined=report(
            f"{CHEN_RESULTS}/elbo_terms.csv",
            caption="../report/chen2018/elbo_terms_table.rst",
            category="chen2018",
            subcategory="tables",
        ),
    log:
        f"{CHEN_LOGS}/elbo_table.log",
    benchmark:
        f"{CHEN_LOGS}/elbo_table.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.chen2018.tables.join_terms",
        points=CHEN_WHOLE,
    message:
        "chen2018: terms of the ELBO by every estimator"
    script:
        "../scripts/call.py"


rule chen2018_repeated:
    input:
        tables=chen_of("stability.csv", CHEN_REPEATED),
        code=code("studies/chen2018/tables.py"),
    output:
        joined=report(
            f"{CHEN_RESULTS}/stability.csv",
            caption="../report/chen2018/stability.rst",
            category="chen2018",
            subcategory="tables",
        ),
    log:
        f"{CHEN_LOGS}/repeated.log",
    benchmark:
        f"{CHEN_LOGS}/repeated.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.chen2018.tables.join",
        points=CHEN_REPEATED,
    message:
        "chen2018: scores from other samples and settings"
    script:
        "../scripts/call.py"


rule chen2018_claims:
    input:
        scores=f"{CHEN_RESULTS}/scores.csv",
        terms=f"{CHEN_RESULTS}/elbo_terms.csv",
        repeated=f"{CHEN_RESULTS}/stability.csv",
        code=code(
            "studies/chen2018/claims.py",
            "studies/chen2018/repeats.py",
            "studies/chen2018/tables.py",
            "published/chen2018.csv",
        ),
    output:
        claims=report(
            f"{CHEN_RESULTS}/claims.csv",
            caption="../report/chen2018/claims.rst",
            category="chen2018",
            subcategory="tables",
        ),
    log:
        f"{CHEN_LOGS}/claims.log",
    benchmark:
        f"{CHEN_LOGS}/claims.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.chen2018.claims.claims",
        scale=CHEN_SCALE,
        standins=CHEN_STANDINS,
    message:
        "chen2018: the document's statements beside what came out"
    script:
        "../scripts/call.py"


rule chen2018_provenance:
    input:
        cards=chen_of("card.json", CHEN_POINTS),
        records=chen_of("record.json", CHEN_POINTS),
        code=code("report/image_provenance.py"),
    output:
        provenance=f"{CHEN_RESULTS}/provenance.json",
    log:
        f"{CHEN_LOGS}/provenance.log",
    benchmark:
        f"{CHEN_LOGS}/provenance.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.report.image_provenance.summarise",
        scale=CHEN_SCALE,
        config=CHEN.model_dump(),
    message:
        "chen2018: where the numbers come from"
    script:
        "../scripts/call.py"
