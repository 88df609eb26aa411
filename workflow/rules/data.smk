# Data sets, from their providers or from their stand-ins.

CLIMATE = CONFIG.data.climate
CLIMATE_LAYERS = (
    f"{DATA}/worldclim" if CLIMATE.source == "worldclim" else f"{DATA}/planet"
)
CLIMATE_NAME = {
    "worldclim": "WorldClim 2.1, 10'",
    "standin": "stand-in climate, not WorldClim",
}[CLIMATE.source]


# on a cluster, downloads run where Snakemake does: compute nodes often see no network
localrules:
    worldclim_layers,
    images_official,


rule worldclim_layers:
    output:
        destination=directory(f"{DATA}/worldclim"),
    log:
        f"{LOGS}/worldclim_layers.log",
    benchmark:
        f"{LOGS}/worldclim_layers.tsv"
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
        folder=directory(f"{DATA}/planet"),
    log:
        f"{LOGS}/planet_layers.log",
    benchmark:
        f"{LOGS}/planet_layers.tsv"
    conda:
        f"{ENVS}/data.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        **CLIMATE.standin.model_dump(),
        function="betascan.data.climate.write_standin",
    message:
        "stand-in climate: 19 bioclimatic layers of a made-up planet"
    script:
        "../scripts/call.py"


rule climate_table:
    input:
        folder=CLIMATE_LAYERS,
    output:
        path=f"{DATA}/climate.h5",
    log:
        f"{LOGS}/climate_table.log",
    benchmark:
        f"{LOGS}/climate_table.tsv"
    conda:
        f"{ENVS}/data.yaml"
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        function="betascan.data.worldclim.write_table",
    message:
        "table of the cells valid in all 19 layers"
    script:
        "../scripts/call.py"
