# vu2026, linear study: one rule a kind of figure.

LINEAR_PANELS = expand("{size}_{method}", size=LINEAR_SIZES, method=LINEAR_METHODS)


rule vu2026_linear_boxes:
    input:
        runs=f"{LINEAR_RESULTS}/linear_runs.csv.gz",
        linear=f"{LINEAR_RESULTS}/linear.csv",
        code=code("studies/vu2026/linear_figures.py", "plots/style.py"),
    output:
        png=report(
            f"{LINEAR_FIGURES}/linear_boxes_{{size}}.png",
            caption="../report/vu2026/linear_boxes.rst",
            category="vu2026",
            subcategory="figures",
        ),
        pdf=f"{LINEAR_FIGURES}/linear_boxes_{{size}}.pdf",
    log:
        f"{LINEAR_LOGS}/boxes-{{size}}.log",
    benchmark:
        f"{LINEAR_LOGS}/boxes-{{size}}.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.vu2026.linear_figures.boxes",
        observed=lambda wildcards: LINEAR_SIZES[wildcards.size]["observed"],
        footer=LINEAR_FOOTER,
    message:
        "vu2026: box plots of the linear study, {wildcards.size}"
    script:
        "../scripts/call.py"


rule vu2026_linear_heatmaps:
    input:
        linear=f"{LINEAR_RESULTS}/linear.csv",
        code=code("studies/vu2026/linear_figures.py", "plots/style.py"),
    output:
        png=report(
            f"{LINEAR_FIGURES}/linear_heatmaps_{{size}}_{{method}}.png",
            caption="../report/vu2026/linear_heatmaps.rst",
            category="vu2026",
            subcategory="figures",
        ),
        pdf=f"{LINEAR_FIGURES}/linear_heatmaps_{{size}}_{{method}}.pdf",
    log:
        f"{LINEAR_LOGS}/heatmaps-{{size}}-{{method}}.log",
    benchmark:
        f"{LINEAR_LOGS}/heatmaps-{{size}}-{{method}}.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.vu2026.linear_figures.heatmaps",
        observed=lambda wildcards: LINEAR_SIZES[wildcards.size]["observed"],
        method="{method}",
        footer=LINEAR_FOOTER,
    message:
        "vu2026: heat maps of the linear study, {wildcards.size}, {wildcards.method}"
    script:
        "../scripts/call.py"


rule vu2026_contraction:
    input:
        contraction=f"{LINEAR_RESULTS}/linear_contraction.csv",
        code=code("studies/vu2026/linear_figures.py", "plots/style.py"),
    output:
        png=report(
            f"{LINEAR_FIGURES}/contraction.png",
            caption="../report/vu2026/contraction.rst",
            category="vu2026",
            subcategory="figures",
        ),
        pdf=f"{LINEAR_FIGURES}/contraction.pdf",
    log:
        f"{LINEAR_LOGS}/contraction.log",
    benchmark:
        f"{LINEAR_LOGS}/contraction.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.vu2026.linear_figures.contraction_figure",
        lam=LINEAR.contraction.lam,
        beta=LINEAR.contraction.beta,
        noise=LINEAR.model.data.noise,
        footer=LINEAR_FOOTER,
    message:
        "vu2026: contraction of the encoder"
    script:
        "../scripts/call.py"


rule vu2026_linear:
    input:
        expand(
            f"{LINEAR_RESULTS}/linear{{table}}",
            table=[".csv", "_runs.csv.gz", "_contraction.csv", "_claims.csv"],
        ),
        expand(
            f"{LINEAR_FIGURES}/{{figure}}.{{kind}}",
            figure=[
                "contraction",
                *expand("linear_boxes_{size}", size=LINEAR_SIZES),
                *expand("linear_heatmaps_{panel}", panel=LINEAR_PANELS),
            ],
            kind=["png", "pdf"],
        ),
