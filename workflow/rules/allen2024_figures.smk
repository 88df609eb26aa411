# allen2024: one rule a figure.


rule allen2024_linear_truth:
    input:
        table=f"{ALLEN_RESULTS}/linear_truth.csv",
        code=code("studies/allen2024/linear_figures.py", "plots/style.py"),
    output:
        png=report(
            f"{ALLEN_FIGURES}/linear_truth.png",
            caption="../report/allen2024/linear_truth.rst",
            category="allen2024",
            subcategory="figures",
        ),
        pdf=f"{ALLEN_FIGURES}/linear_truth.pdf",
    log:
        f"{ALLEN_LOGS}/figure-linear_truth.log",
    benchmark:
        f"{ALLEN_LOGS}/figure-linear_truth.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.allen2024.linear_figures.truth",
        footer=allen_footer(),
    message:
        "allen2024: diagonal posteriors find the axes, full ones any rotation of them"
    script:
        "../scripts/call.py"


use rule allen2024_linear_truth as allen2024_identity with:
    input:
        pairs=f"{ALLEN_RUNS}/linear_pairs.csv",
        sides=allen_every("identity.csv", ALLEN_SIDES),
        code=code("studies/allen2024/linear_figures.py", "plots/style.py"),
    output:
        png=report(
            f"{ALLEN_FIGURES}/identity.png",
            caption="../report/allen2024/identity.rst",
            category="allen2024",
            subcategory="figures",
        ),
        pdf=f"{ALLEN_FIGURES}/identity.pdf",
    log:
        f"{ALLEN_LOGS}/figure-identity.log",
    benchmark:
        f"{ALLEN_LOGS}/figure-identity.tsv"
    params:
        function="betascan.studies.allen2024.linear_figures.identity",
        runs=allen_points(ALLEN_SIDES),
        footer=allen_footer(*ALLEN_DATASETS, linear=True),
    message:
        "allen2024: posterior precision from the encoder and from the decoder"


use rule allen2024_linear_truth as allen2024_e1 with:
    input:
        table=f"{ALLEN_RESULTS}/e1.csv",
        code=code("studies/allen2024/figures.py", "plots/style.py"),
    output:
        png=report(
            f"{ALLEN_FIGURES}/e1.png",
            caption="../report/allen2024/e1.rst",
            category="allen2024",
            subcategory="figures",
        ),
        pdf=f"{ALLEN_FIGURES}/e1.pdf",
    log:
        f"{ALLEN_LOGS}/figure-e1.log",
    benchmark:
        f"{ALLEN_LOGS}/figure-e1.tsv"
    params:
        function="betascan.studies.allen2024.figures.e1",
        footer=allen_footer(*ALLEN_DATASETS),
    message:
        "allen2024: beta 1, 5 and the scan"


use rule allen2024_linear_truth as allen2024_e2 with:
    input:
        table=f"{ALLEN_RESULTS}/e2.csv",
        cost=f"{ALLEN_RESULTS}/cost.csv",
        code=code("studies/allen2024/categories.py", "plots/style.py"),
    output:
        png=report(
            f"{ALLEN_FIGURES}/e2.png",
            caption="../report/allen2024/e2.rst",
            category="allen2024",
            subcategory="figures",
        ),
        pdf=f"{ALLEN_FIGURES}/e2.pdf",
    log:
        f"{ALLEN_LOGS}/figure-e2.log",
    benchmark:
        f"{ALLEN_LOGS}/figure-e2.tsv"
    params:
        function="betascan.studies.allen2024.categories.e2",
        footer=allen_footer(*ALLEN_DATASETS),
    message:
        "allen2024: diagonal and full posteriors"


use rule allen2024_linear_truth as allen2024_e3 with:
    input:
        table=f"{ALLEN_RESULTS}/e3.csv",
        code=code("studies/allen2024/categories.py", "plots/style.py"),
    output:
        png=report(
            f"{ALLEN_FIGURES}/e3.png",
            caption="../report/allen2024/e3.rst",
            category="allen2024",
            subcategory="figures",
        ),
        pdf=f"{ALLEN_FIGURES}/e3.pdf",
    log:
        f"{ALLEN_LOGS}/figure-e3.log",
    benchmark:
        f"{ALLEN_LOGS}/figure-e3.tsv"
    params:
        function="betascan.studies.allen2024.categories.e3",
        footer=allen_footer(*ALLEN_DATASETS),
    message:
        "allen2024: decoders and activations"


use rule allen2024_linear_truth as allen2024_e4 with:
    input:
        table=f"{ALLEN_RESULTS}/e4.csv",
        activations=f"{ALLEN_RESULTS}/e3.csv",
        runaway=f"{ALLEN_RESULTS}/runaway.csv",
        code=code("studies/allen2024/figures.py", "plots/style.py"),
    output:
        png=report(
            f"{ALLEN_FIGURES}/e4.png",
            caption="../report/allen2024/e4.rst",
            category="allen2024",
            subcategory="figures",
        ),
        pdf=f"{ALLEN_FIGURES}/e4.pdf",
    log:
        f"{ALLEN_LOGS}/figure-e4.log",
    benchmark:
        f"{ALLEN_LOGS}/figure-e4.tsv"
    params:
        function="betascan.studies.allen2024.figures.e4",
        footer=allen_footer(*ALLEN_DATASETS),
    message:
        "allen2024: the deterministic ELBO"


use rule allen2024_linear_truth as allen2024_n1 with:
    input:
        table=f"{ALLEN_RESULTS}/n1.csv",
        code=code("studies/allen2024/figures.py", "plots/style.py"),
    output:
        png=report(
            f"{ALLEN_FIGURES}/n1.png",
            caption="../report/allen2024/n1.rst",
            category="allen2024",
            subcategory="figures",
        ),
        pdf=f"{ALLEN_FIGURES}/n1.pdf",
    log:
        f"{ALLEN_LOGS}/figure-n1.log",
    benchmark:
        f"{ALLEN_LOGS}/figure-n1.tsv"
    params:
        function="betascan.studies.allen2024.figures.n1",
        footer=allen_footer(*ALLEN_DATASETS),
    message:
        "allen2024: orthogonality through training"


use rule allen2024_linear_truth as allen2024_n2 with:
    input:
        table=f"{ALLEN_RESULTS}/n2.csv",
        linear_truth=f"{ALLEN_RESULTS}/linear_truth.csv",
        code=code("studies/allen2024/figures.py", "plots/style.py"),
    output:
        png=report(
            f"{ALLEN_FIGURES}/n2.png",
            caption="../report/allen2024/n2.rst",
            category="allen2024",
            subcategory="figures",
        ),
        pdf=f"{ALLEN_FIGURES}/n2.pdf",
    log:
        f"{ALLEN_LOGS}/figure-n2.log",
    benchmark:
        f"{ALLEN_LOGS}/figure-n2.tsv"
    params:
        function="betascan.studies.allen2024.figures.n2",
        footer=allen_footer(*ALLEN_DATASETS, linear=True),
    message:
        "allen2024: what beta scales"


use rule allen2024_linear_truth as allen2024_n3 with:
    input:
        table=f"{ALLEN_RESULTS}/n3.csv",
        code=code("studies/allen2024/categories.py", "plots/style.py"),
    output:
        png=report(
            f"{ALLEN_FIGURES}/n3.png",
            caption="../report/allen2024/n3.rst",
            category="allen2024",
            subcategory="figures",
        ),
        pdf=f"{ALLEN_FIGURES}/n3.pdf",
    log:
        f"{ALLEN_LOGS}/figure-n3.log",
    benchmark:
        f"{ALLEN_LOGS}/figure-n3.tsv"
    params:
        function="betascan.studies.allen2024.categories.n3",
        footer=allen_footer(*ALLEN_DATASETS),
    message:
        "allen2024: priors"


use rule allen2024_linear_truth as allen2024_q1 with:
    input:
        table=f"{ALLEN_RESULTS}/q1.csv",
        code=code("studies/allen2024/categories.py", "plots/style.py"),
    output:
        png=report(
            f"{ALLEN_FIGURES}/q1.png",
            caption="../report/allen2024/q1.rst",
            category="allen2024",
            subcategory="figures",
        ),
        pdf=f"{ALLEN_FIGURES}/q1.pdf",
    log:
        f"{ALLEN_LOGS}/figure-q1.log",
    benchmark:
        f"{ALLEN_LOGS}/figure-q1.tsv"
    params:
        function="betascan.studies.allen2024.categories.q1",
        footer=allen_footer(*ALLEN_DATASETS),
    message:
        "allen2024: likelihoods"


use rule allen2024_linear_truth as allen2024_q2 with:
    input:
        table=f"{ALLEN_RESULTS}/n2.csv",
        code=code("studies/allen2024/figures.py", "plots/style.py"),
    output:
        png=report(
            f"{ALLEN_FIGURES}/q2.png",
            caption="../report/allen2024/q2.rst",
            category="allen2024",
            subcategory="figures",
        ),
        pdf=f"{ALLEN_FIGURES}/q2.pdf",
    log:
        f"{ALLEN_LOGS}/figure-q2.log",
    benchmark:
        f"{ALLEN_LOGS}/figure-q2.tsv"
    params:
        function="betascan.studies.allen2024.figures.q2",
        footer=allen_footer(*ALLEN_DATASETS),
    message:
        "allen2024: singular values along the scan"


rule allen2024:
    input:
        expand(
            f"{ALLEN_RESULTS}/{{table}}",
            table=[
                *expand("{experiment}.csv", experiment=ALLEN_EXPERIMENTS),
                *["linear_truth.csv", "identity.csv", "cost.csv", "runaway.csv"],
                *["claims.csv", "provenance.json"],
            ],
        ),
        expand(
            f"{ALLEN_FIGURES}/{{figure}}.{{kind}}",
            figure=[*ALLEN_EXPERIMENTS, "q2", "linear_truth", "identity"],
            kind=["png", "pdf"],
        ),
