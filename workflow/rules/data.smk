# Data sets: from their providers, rendered here, or from their stand-ins.

from betascan.data.catalog import IMAGE_SETS

CLIMATE = CONFIG.data.climate


# on a cluster, downloads run where Snakemake does: compute nodes often see no network
localrules:
    worldclim_layers,
    images_official,


rule worldclim_layers:
    output:
        destination=directory(f"{PATHS.data}/worldclim"),
    log:
        f"{PATHS.logs}/worldclim_layers.log",
    benchmark:
        f"{PATHS.logs}/worldclim_layers.tsv"
    conda:
        f"{ENVS}/data.yaml"
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        function="betascan.data.worldclim.obtain_layers",
        urls=CLIMATE.urls,
        root=CONFIG.data.root,
    message:
        "WorldClim 2.1: 19 bioclimatic layers"
    script:
        "../scripts/call.py"


rule planet_layers:
    output:
        folder=directory(f"{PATHS.data}/planet"),
    log:
        f"{PATHS.logs}/planet_layers.log",
    benchmark:
        f"{PATHS.logs}/planet_layers.tsv"
    group:
        "climate"
    conda:
        f"{ENVS}/data.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        **CLIMATE.standin.model_dump(),
        **call("betascan.data.climate.write_standin"),
    message:
        "stand-in climate: 19 bioclimatic layers of a made-up planet"
    script:
        "../scripts/call.py"


rule climate_table:
    input:
        folder=f"{PATHS.data}/{'planet' if CLIMATE.source == 'standin' else 'worldclim'}",
    output:
        path=f"{PATHS.data}/climate.h5",
    log:
        f"{PATHS.logs}/climate_table.log",
    benchmark:
        f"{PATHS.logs}/climate_table.tsv"
    group:
        "climate"
    conda:
        f"{ENVS}/data.yaml"
    resources:
        mem_mb=times(1000),
        runtime=30,
    params:
        **call("betascan.data.worldclim.write_table"),
    message:
        "table of the cells valid in all 19 layers"
    script:
        "../scripts/call.py"


rule images_rendered:
    output:
        path=f"{PATHS.data}/{{name}}_{{made,rendered|standin}}.h5",
    log:
        f"{PATHS.logs}/data/{{name}}_{{made}}.log",
    benchmark:
        f"{PATHS.logs}/data/{{name}}_{{made}}.tsv"
    wildcard_constraints:
        name="|".join(IMAGE_SETS),
    conda:
        f"{ENVS}/data.yaml"
    threads: 2
    resources:
        mem_mb=times(1500),
        runtime=120,
    params:
        **call("betascan.data.images.write_rendered"),
        name="{name}",
        images=lambda wildcards: getattr(CONFIG.data, wildcards.name).images,
        seed=lambda wildcards: getattr(CONFIG.data, wildcards.name).seed,
    message:
        "{wildcards.name}, {wildcards.made}: {params.images} images"
    script:
        "../scripts/call.py"


rule images_official:
    output:
        path=f"{PATHS.data}/{{name}}_official.h5",
    log:
        f"{PATHS.logs}/data/{{name}}_official.log",
    benchmark:
        f"{PATHS.logs}/data/{{name}}_official.tsv"
    wildcard_constraints:
        name="|".join(IMAGE_SETS),
    conda:
        f"{ENVS}/data.yaml"
    resources:
        mem_mb=1000,
        runtime=600,
    params:
        function="betascan.data.images.write_official",
        name="{name}",
        images=lambda wildcards: getattr(CONFIG.data, wildcards.name).images,
        seed=lambda wildcards: getattr(CONFIG.data, wildcards.name).seed,
        root=CONFIG.data.root,
    message:
        "{wildcards.name}: the provider's file"
    script:
        "../scripts/call.py"


rule image_panel:
    input:
        images=f"{PATHS.data}/{{name}}_{{source}}.h5",
    output:
        png=report(
            f"{PATHS.figures}/data/{{name}}_{{source}}.png",
            caption="../report/item.rst",
            category="data",
        ),
        pdf=f"{PATHS.figures}/data/{{name}}_{{source}}.pdf",
    log:
        f"{PATHS.logs}/data/panel-{{name}}_{{source}}.log",
    benchmark:
        f"{PATHS.logs}/data/panel-{{name}}_{{source}}.tsv"
    wildcard_constraints:
        name="|".join(IMAGE_SETS),
        source="rendered|standin|official",
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        **call("betascan.plots.image_grid.panel"),
        name="{name}",
        caption="Images of the data set, and one factor changed at a time.",
        shows="",
        footer=lambda wildcards: (
            f"betascan data · scale: {CONFIG.scale} · "
            f"data: {IMAGE_SETS[wildcards.name].sources[wildcards.source]}"
        ),
    message:
        "{wildcards.name}: sample panel"
    script:
        "../scripts/call.py"


for image_set in IMAGE_SETS:

    rule:
        name:
            image_set
        input:
            expand(
                [f"{PATHS.data}/{{set}}.h5", f"{PATHS.figures}/data/{{set}}.png"],
                set=f"{image_set}_{getattr(CONFIG.data, image_set).source}",
            ),
