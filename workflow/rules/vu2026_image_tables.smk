# vu2026, images: from scores to tables.


rule vu2026_image_table:
    input:
        scores=vu_every(VU_CONTINUED, "scores.csv"),
        histories=vu_every(VU_CONTINUED, "history.csv"),
        code=code(
            "studies/vu2026/image_tables.py", "published/vu2026_images_percent.csv"
        ),
    output:
        table=report(
            f"{VU_RESULTS}/images.csv",
            caption="../report/vu2026/images.rst",
            category="vu2026",
            subcategory="tables",
        ),
        spectrum=f"{VU_RESULTS}/image_spectrum.csv",
    log:
        f"{VU_IMAGE_LOGS}/table.log",
    benchmark:
        f"{VU_IMAGE_LOGS}/table.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.vu2026.image_tables.join",
        runs=VU_POINTS,
    message:
        "vu2026: scores of all models of images"
    script:
        "../scripts/call.py"


rule vu2026_image_cells:
    input:
        table=f"{VU_RESULTS}/images.csv",
        code=code(
            "studies/vu2026/image_tables.py", "published/vu2026_images_percent.csv"
        ),
    output:
        cells=report(
            f"{VU_RESULTS}/image_cells.csv",
            caption="../report/vu2026/image_cells.rst",
            category="vu2026",
            subcategory="tables",
        ),
    log:
        f"{VU_IMAGE_LOGS}/cells.log",
    benchmark:
        f"{VU_IMAGE_LOGS}/cells.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.vu2026.image_tables.cells",
        scale=VU_SCALE,
        standins=VU_STANDINS,
    message:
        "vu2026: means over seeds of images"
    script:
        "../scripts/call.py"


rule vu2026_image_claims:
    input:
        table=f"{VU_RESULTS}/images.csv",
        code=code("studies/vu2026/image_claims.py", "published/vu2026_images.csv"),
    output:
        claims=report(
            f"{VU_RESULTS}/image_claims.csv",
            caption="../report/vu2026/image_claims.rst",
            category="vu2026",
            subcategory="tables",
        ),
    log:
        f"{VU_IMAGE_LOGS}/claims.log",
    benchmark:
        f"{VU_IMAGE_LOGS}/claims.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.vu2026.image_claims.claims",
        scale=VU_SCALE,
        standins=VU_STANDINS,
    message:
        "vu2026: the document's statements on images beside what came out"
    script:
        "../scripts/call.py"


rule vu2026_image_provenance:
    input:
        cards=vu_every(VU_BASE, "card.json") + vu_every(VU_CONTINUED, "card.json"),
        records=vu_every(VU_BASE, "record.json") + vu_every(VU_CONTINUED, "record.json"),
        code=code("report/image_provenance.py"),
    output:
        provenance=f"{RUNS}/vu2026/images/provenance.json",
    log:
        f"{VU_IMAGE_LOGS}/provenance.log",
    benchmark:
        f"{VU_IMAGE_LOGS}/provenance.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.report.image_provenance.summarise",
        scale=VU_SCALE,
        config=VU_IMAGES.model_dump(),
    message:
        "vu2026: where the numbers of images come from"
    script:
        "../scripts/call.py"
