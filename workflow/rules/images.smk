# Image data sets with factors: rendered here, stand-ins, or the providers' files.

IMAGE_SOURCES = {
    "dsprites": {"rendered": "dSprites, rendered", "official": "dSprites"},
    "shapes3d": {"standin": "stand-in, not 3D Shapes", "official": "3D Shapes"},
    "mpi3d_real": {"standin": "stand-in, not MPI3D-real", "official": "MPI3D-real"},
    "mpi3d_real_complex": {
        "standin": "stand-in, not MPI3D-real-complex",
        "official": "MPI3D-real-complex",
    },
}
# where a study finds the images that the configuration asks for
IMAGES = {
    name: f"{DATA}/{name}_{getattr(CONFIG.data, name).source}.h5"
    for name in IMAGE_SOURCES
}


IMAGE_FILES = [
    f"{DATA}/{{name}}_{{source}}.h5",
    f"{FIGURES}/data/{{name}}_{{source}}.png",
]


wildcard_constraints:
    name="|".join(IMAGE_SOURCES),


rule dsprites:
    input:
        expand(IMAGE_FILES, name="dsprites", source=CONFIG.data.dsprites.source),


rule shapes3d:
    input:
        expand(IMAGE_FILES, name="shapes3d", source=CONFIG.data.shapes3d.source),


rule mpi3d_real:
    input:
        expand(IMAGE_FILES, name="mpi3d_real", source=CONFIG.data.mpi3d_real.source),


rule mpi3d_real_complex:
    input:
        expand(
            IMAGE_FILES,
            name="mpi3d_real_complex",
            source=CONFIG.data.mpi3d_real_complex.source,
        ),


rule shapes3d_standin:
    input:
        expand(IMAGE_FILES, name="shapes3d", source="standin"),


rule mpi3d_standin:
    input:
        expand(IMAGE_FILES, name=["mpi3d_real", "mpi3d_real_complex"], source="standin"),


rule images_rendered:
    input:
        code=code(
            "data/dsprites.py", "data/shapes3d.py", "data/mpi3d.py", "data/solids.py"
        ),
    output:
        path=f"{DATA}/{{name}}_{{made,rendered|standin}}.h5",
    log:
        f"{LOGS}/data/{{name}}_{{made}}.log",
    benchmark:
        f"{LOGS}/data/{{name}}_{{made}}.tsv"
    conda:
        f"{ENVS}/data.yaml"
    threads: 2
    resources:
        mem_mb=1500,
        runtime=120,
    params:
        function="betascan.data.images.write_rendered",
        name="{name}",
        images=lambda wildcards: getattr(CONFIG.data, wildcards.name).images,
        seed=lambda wildcards: getattr(CONFIG.data, wildcards.name).seed,
    message:
        "{wildcards.name}, {wildcards.made}: {params.images} images"
    script:
        "../scripts/call.py"


rule images_official:
    output:
        path=f"{DATA}/{{name}}_official.h5",
    log:
        f"{LOGS}/data/{{name}}_official.log",
    benchmark:
        f"{LOGS}/data/{{name}}_official.tsv"
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
        "{wildcards.name}: the providers' file"
    script:
        "../scripts/call.py"


rule image_panel:
    input:
        images=f"{DATA}/{{name}}_{{source}}.h5",
        code=code("plots/image_grid.py", "plots/style.py"),
    output:
        png=report(
            f"{FIGURES}/data/{{name}}_{{source}}.png",
            caption="../report/data/image_panel.rst",
            category="data",
        ),
        pdf=f"{FIGURES}/data/{{name}}_{{source}}.pdf",
    log:
        f"{LOGS}/data/panel-{{name}}_{{source}}.log",
    benchmark:
        f"{LOGS}/data/panel-{{name}}_{{source}}.tsv"
    wildcard_constraints:
        source="rendered|standin|official",
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.plots.image_grid.panel",
        name="{name}",
        footer=lambda wildcards: footer(
            "data", CONFIG.scale, IMAGE_SOURCES[wildcards.name][wildcards.source]
        ),
    message:
        "{wildcards.name}: sample panel"
    script:
        "../scripts/call.py"
