# vu2026, images: one rule a kind of figure.


rule vu2026_image_boxes:
    input:
        table=f"{VU_RESULTS}/images.csv",
        code=code("studies/vu2026/image_figures.py", "plots/style.py"),
    output:
        png=report(
            f"{VU_FIGURES}/image_boxes.png",
            caption="../report/vu2026/image_boxes.rst",
            category="vu2026",
            subcategory="figures",
        ),
        pdf=f"{VU_FIGURES}/image_boxes.pdf",
    log:
        f"{VU_IMAGE_LOGS}/boxes.log",
    benchmark:
        f"{VU_IMAGE_LOGS}/boxes.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.vu2026.image_figures.boxes",
        footer=vu_footer(*VU_DATASETS),
    message:
        "vu2026: scores of images over seeds"
    script:
        "../scripts/call.py"


use rule vu2026_image_boxes as vu2026_image_heatmaps with:
    input:
        cells=f"{VU_RESULTS}/image_cells.csv",
        code=code("studies/vu2026/image_figures.py", "plots/style.py"),
    output:
        png=report(
            f"{VU_FIGURES}/image_heatmaps.png",
            caption="../report/vu2026/image_heatmaps.rst",
            category="vu2026",
            subcategory="figures",
        ),
        pdf=f"{VU_FIGURES}/image_heatmaps.pdf",
    log:
        f"{VU_IMAGE_LOGS}/heatmaps.log",
    benchmark:
        f"{VU_IMAGE_LOGS}/heatmaps.tsv"
    params:
        function="betascan.studies.vu2026.image_figures.heatmaps",
        footer=vu_footer(*VU_DATASETS),
    message:
        "vu2026: scores of images over beta and lambda"


use rule vu2026_image_boxes as vu2026_image_percent with:
    input:
        cells=f"{VU_RESULTS}/image_cells.csv",
        code=code("studies/vu2026/image_figures.py", "plots/style.py"),
    output:
        png=report(
            f"{VU_FIGURES}/image_percent_{{dataset}}.png",
            caption="../report/vu2026/image_percent.rst",
            category="vu2026",
            subcategory="figures",
        ),
        pdf=f"{VU_FIGURES}/image_percent_{{dataset}}.pdf",
    log:
        f"{VU_IMAGE_LOGS}/percent_{{dataset}}.log",
    benchmark:
        f"{VU_IMAGE_LOGS}/percent_{{dataset}}.tsv"
    params:
        function="betascan.studies.vu2026.image_figures.percent",
        dataset="{dataset}",
        footer=lambda wildcards: vu_footer(wildcards.dataset),
    message:
        "vu2026: changes beside the published ones, {wildcards.dataset}"


use rule vu2026_image_boxes as vu2026_image_information with:
    input:
        information=vu_corners("information.csv", *VU_DATASETS),
        code=code("studies/vu2026/image_views.py", "plots/style.py"),
    output:
        png=report(
            f"{VU_FIGURES}/image_information.png",
            caption="../report/vu2026/image_information.rst",
            category="vu2026",
            subcategory="figures",
        ),
        pdf=f"{VU_FIGURES}/image_information.pdf",
    log:
        f"{VU_IMAGE_LOGS}/information.log",
    benchmark:
        f"{VU_IMAGE_LOGS}/information.tsv"
    params:
        function="betascan.studies.vu2026.image_views.information",
        cells=VU_CORNERS,
        footer=vu_footer(*VU_DATASETS, seeds=1),
    message:
        "vu2026: information of latents about factors"


use rule vu2026_image_boxes as vu2026_image_traversals with:
    input:
        views=lambda wildcards: vu_corners("views.npz", wildcards.dataset),
        code=code(
            "studies/vu2026/image_views.py",
            "plots/traversals.py",
            "plots/style.py",
        ),
    output:
        png=report(
            f"{VU_FIGURES}/image_traversals_{{dataset}}.png",
            caption="../report/vu2026/image_traversals.rst",
            category="vu2026",
            subcategory="figures",
        ),
        pdf=f"{VU_FIGURES}/image_traversals_{{dataset}}.pdf",
    log:
        f"{VU_IMAGE_LOGS}/traversals_{{dataset}}.log",
    benchmark:
        f"{VU_IMAGE_LOGS}/traversals_{{dataset}}.tsv"
    params:
        function="betascan.studies.vu2026.image_views.traversals",
        dataset="{dataset}",
        cells=VU_CORNERS,
        footer=lambda wildcards: vu_footer(wildcards.dataset, seeds=1),
    message:
        "vu2026: latent traversals, {wildcards.dataset}"


rule vu2026_images:
    input:
        expand(
            f"{VU_RESULTS}/{{table}}",
            table=[
                *["images.csv", "image_spectrum.csv"],
                *["image_cells.csv", "image_claims.csv"],
            ],
        ),
        expand(
            f"{VU_FIGURES}/image_{{figure}}.{{kind}}",
            figure=[
                *["boxes", "heatmaps", "information"],
                *expand("percent_{dataset}", dataset=VU_DATASETS),
                *expand("traversals_{dataset}", dataset=VU_DATASETS),
            ],
            kind=["png", "pdf"],
        ),
