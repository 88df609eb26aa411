# chen2018: one rule a figure.


rule chen2018_mig_beta:
    input:
        scores=f"{CHEN_RESULTS}/scores.csv",
        code=code(
            "studies/chen2018/figures.py",
            "studies/chen2018/tables.py",
            "plots/style.py",
        ),
    output:
        png=report(
            f"{CHEN_FIGURES}/mig_beta.png",
            caption="../report/chen2018/mig_beta.rst",
            category="chen2018",
            subcategory="figures",
        ),
        pdf=f"{CHEN_FIGURES}/mig_beta.pdf",
    log:
        f"{CHEN_LOGS}/mig_beta.log",
    benchmark:
        f"{CHEN_LOGS}/mig_beta.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.chen2018.figures.mig_beta",
        footer=chen_footer(*CHEN_DATASETS),
    message:
        "chen2018: MIG against beta"
    script:
        "../scripts/call.py"


use rule chen2018_mig_beta as chen2018_elbo_mig with:
    input:
        scores=f"{CHEN_RESULTS}/scores.csv",
        code=code(
            "studies/chen2018/figures.py",
            "studies/chen2018/tables.py",
            "plots/style.py",
        ),
    output:
        png=report(
            f"{CHEN_FIGURES}/elbo_mig.png",
            caption="../report/chen2018/elbo_mig.rst",
            category="chen2018",
            subcategory="figures",
        ),
        pdf=f"{CHEN_FIGURES}/elbo_mig.pdf",
    log:
        f"{CHEN_LOGS}/elbo_mig.log",
    benchmark:
        f"{CHEN_LOGS}/elbo_mig.tsv"
    params:
        function="betascan.studies.chen2018.figures.elbo_mig",
        footer=chen_footer(*CHEN_DATASETS),
    message:
        "chen2018: ELBO against MIG"


use rule chen2018_mig_beta as chen2018_tc_mig with:
    input:
        scores=f"{CHEN_RESULTS}/scores.csv",
        code=code(
            "studies/chen2018/figures.py",
            "studies/chen2018/tables.py",
            "studies/chen2018/claims.py",
            "plots/style.py",
        ),
    output:
        png=report(
            f"{CHEN_FIGURES}/tc_mig.png",
            caption="../report/chen2018/tc_mig.rst",
            category="chen2018",
            subcategory="figures",
        ),
        pdf=f"{CHEN_FIGURES}/tc_mig.pdf",
    log:
        f"{CHEN_LOGS}/tc_mig.log",
    benchmark:
        f"{CHEN_LOGS}/tc_mig.tsv"
    params:
        function="betascan.studies.chen2018.figures.tc_mig",
        footer=chen_footer(*CHEN_DATASETS),
    message:
        "chen2018: total correlation against MIG"


use rule chen2018_mig_beta as chen2018_joints with:
    input:
        scores=f"{CHEN_RESULTS}/scores.csv",
        code=code(
            "studies/chen2018/figures.py",
            "studies/chen2018/tables.py",
            "studies/chen2018/joints.py",
            "plots/style.py",
        ),
    output:
        png=report(
            f"{CHEN_FIGURES}/joints.png",
            caption="../report/chen2018/joints.rst",
            category="chen2018",
            subcategory="figures",
        ),
        pdf=f"{CHEN_FIGURES}/joints.pdf",
    log:
        f"{CHEN_LOGS}/joints.log",
    benchmark:
        f"{CHEN_LOGS}/joints.tsv"
    params:
        function="betascan.studies.chen2018.figures.joints",
        factors=CHEN.joint.factors,
        contrasts=CHEN.joint.named(),
        beta=CHEN.joint.beta,
        footer=chen_footer("dsprites"),
    message:
        "chen2018: dependent factors"


use rule chen2018_mig_beta as chen2018_elbo_terms with:
    input:
        terms=f"{CHEN_RESULTS}/elbo_terms.csv",
        code=code(
            "studies/chen2018/metric_figures.py",
            "studies/chen2018/figures.py",
            "studies/chen2018/tables.py",
            "plots/style.py",
        ),
    output:
        png=report(
            f"{CHEN_FIGURES}/elbo_terms_{{dataset}}.png",
            caption="../report/chen2018/elbo_terms.rst",
            category="chen2018",
            subcategory="figures",
        ),
        pdf=f"{CHEN_FIGURES}/elbo_terms_{{dataset}}.pdf",
    log:
        f"{CHEN_LOGS}/elbo_terms_{{dataset}}.log",
    benchmark:
        f"{CHEN_LOGS}/elbo_terms_{{dataset}}.tsv"
    params:
        function="betascan.studies.chen2018.metric_figures.elbo_terms",
        dataset="{dataset}",
        footer=lambda wildcards: chen_footer(wildcards.dataset),
    message:
        "chen2018: terms of the ELBO against beta, {wildcards.dataset}"


use rule chen2018_mig_beta as chen2018_metric_stability with:
    input:
        repeated=f"{CHEN_RESULTS}/stability.csv",
        code=code(
            "studies/chen2018/metric_figures.py",
            "studies/chen2018/tables.py",
            "studies/chen2018/repeats.py",
            "plots/style.py",
        ),
    output:
        png=report(
            f"{CHEN_FIGURES}/metric_stability.png",
            caption="../report/chen2018/metric_stability.rst",
            category="chen2018",
            subcategory="figures",
        ),
        pdf=f"{CHEN_FIGURES}/metric_stability.pdf",
    log:
        f"{CHEN_LOGS}/metric_stability.log",
    benchmark:
        f"{CHEN_LOGS}/metric_stability.tsv"
    params:
        function="betascan.studies.chen2018.metric_figures.stability",
        footer=chen_footer("dsprites", seeds=1),
    message:
        "chen2018: stability of scores"


use rule chen2018_mig_beta as chen2018_traversals with:
    input:
        views=lambda wildcards: chen_of("views.npz", chen_shown(wildcards.dataset)),
        code=code(
            "studies/chen2018/metric_figures.py",
            "studies/chen2018/tables.py",
            "plots/traversals.py",
            "plots/style.py",
        ),
    output:
        png=report(
            f"{CHEN_FIGURES}/traversals_{{dataset}}.png",
            caption="../report/chen2018/traversals.rst",
            category="chen2018",
            subcategory="figures",
        ),
        pdf=f"{CHEN_FIGURES}/traversals_{{dataset}}.pdf",
    log:
        f"{CHEN_LOGS}/traversals_{{dataset}}.log",
    benchmark:
        f"{CHEN_LOGS}/traversals_{{dataset}}.tsv"
    params:
        function="betascan.studies.chen2018.metric_figures.traversals",
        dataset="{dataset}",
        models=CHEN_MODELS,
        beta=CHEN_SHOWN,
        footer=lambda wildcards: chen_footer(wildcards.dataset, seeds=1),
    message:
        "chen2018: latent traversals, {wildcards.dataset}"


rule chen2018:
    input:
        expand(
            f"{CHEN_RESULTS}/{{table}}",
            table=[
                *["scores.csv", "elbo_terms.csv", "stability.csv", "claims.csv"],
                "provenance.json",
            ],
        ),
        expand(
            f"{CHEN_FIGURES}/{{figure}}.{{kind}}",
            figure=[
                *["mig_beta", "elbo_mig", "tc_mig", "joints", "metric_stability"],
                *expand("elbo_terms_{dataset}", dataset=CHEN_DATASETS),
                *expand("traversals_{dataset}", dataset=CHEN_DATASETS),
            ],
            kind=["png", "pdf"],
        ),
