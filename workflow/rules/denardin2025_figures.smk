# denardin2025: one rule a kind of figure.


rule denardin2025_reconstructions:
    input:
        views=lambda wildcards: denardin_of(
            "views.npz", wildcards.dataset, wildcards.model
        ),
        scores=f"{DENARDIN_RESULTS}/scores.csv",
        code=code("studies/denardin2025/figures.py", "plots/style.py"),
    output:
        png=report(
            f"{DENARDIN_FIGURES}/reconstructions_{{dataset}}_{{model}}.png",
            caption="../report/denardin2025/reconstructions.rst",
            category="denardin2025",
            subcategory="figures",
        ),
        pdf=f"{DENARDIN_FIGURES}/reconstructions_{{dataset}}_{{model}}.pdf",
    log:
        f"{LOGS}/denardin2025/reconstructions_{{dataset}}_{{model}}.log",
    benchmark:
        f"{LOGS}/denardin2025/reconstructions_{{dataset}}_{{model}}.tsv"
    wildcard_constraints:
        dataset="|".join(DATASETS),
        model="|".join(MODELS),
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.denardin2025.figures.reconstructions",
        dataset="{dataset}",
        model="{model}",
        weights=DENARDIN.weights,
        footer=denardin_footer,
    message:
        "denardin2025: reconstructions, {wildcards.dataset} {wildcards.model}"
    script:
        "../scripts/call.py"


rule denardin2025_curves:
    input:
        histories=lambda wildcards: denardin_of(
            "history.csv", wildcards.dataset, wildcards.model
        ),
        code=code("studies/denardin2025/figures.py", "plots/style.py"),
    output:
        png=report(
            f"{DENARDIN_FIGURES}/curves_{{dataset}}_{{model}}.png",
            caption="../report/denardin2025/curves.rst",
            category="denardin2025",
            subcategory="figures",
        ),
        pdf=f"{DENARDIN_FIGURES}/curves_{{dataset}}_{{model}}.pdf",
    log:
        f"{LOGS}/denardin2025/curves_{{dataset}}_{{model}}.log",
    benchmark:
        f"{LOGS}/denardin2025/curves_{{dataset}}_{{model}}.tsv"
    wildcard_constraints:
        dataset="|".join(DATASETS),
        model="|".join(MODELS),
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.denardin2025.figures.curves",
        model="{model}",
        weights=DENARDIN.weights,
        loss=lambda wildcards: DENARDIN_LOSS[
            getattr(DENARDIN, wildcards.dataset).likelihood.kind
        ],
        footer=denardin_footer,
    message:
        "denardin2025: learning curves, {wildcards.dataset} {wildcards.model}"
    script:
        "../scripts/call.py"


rule denardin2025_score_figure:
    input:
        scores=f"{DENARDIN_RESULTS}/scores.csv",
        code=code("studies/denardin2025/figures.py", "plots/style.py"),
    output:
        png=report(
            f"{DENARDIN_FIGURES}/scores_{{dataset}}.png",
            caption="../report/denardin2025/scores.rst",
            category="denardin2025",
            subcategory="figures",
        ),
        pdf=f"{DENARDIN_FIGURES}/scores_{{dataset}}.pdf",
    log:
        f"{LOGS}/denardin2025/scores_{{dataset}}.log",
    benchmark:
        f"{LOGS}/denardin2025/scores_{{dataset}}.tsv"
    wildcard_constraints:
        dataset="|".join(DATASETS),
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.denardin2025.figures.scores",
        dataset="{dataset}",
        footer=denardin_footer,
    message:
        "denardin2025: scores against beta and gamma, {wildcards.dataset}"
    script:
        "../scripts/call.py"


rule denardin2025:
    input:
        expand(
            f"{DENARDIN_RESULTS}/table{{number}}.{{kind}}",
            number=DENARDIN_TABLES,
            kind=["csv", "md", "tex"],
        ),
        f"{DENARDIN_RESULTS}/scores.csv",
        f"{DENARDIN_RESULTS}/claims.csv",
        f"{DENARDIN_RESULTS}/provenance.json",
        expand(
            f"{DENARDIN_FIGURES}/{{figure}}_{{dataset}}_{{model}}.{{kind}}",
            figure=["reconstructions", "curves"],
            dataset=DATASETS,
            model=MODELS,
            kind=["png", "pdf"],
        ),
        expand(
            f"{DENARDIN_FIGURES}/scores_{{dataset}}.{{kind}}",
            dataset=DATASETS,
            kind=["png", "pdf"],
        ),
        expand(
            f"{FIGURES}/data/{{image_set}}.{{kind}}",
            image_set=[
                f"{name}_{getattr(CONFIG.data, name).source}" for name in DATASETS
            ],
            kind=["png", "pdf"],
        ),
