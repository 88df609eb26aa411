# vu2026, images: beta-VAEs, each continued with every lambda, and their scores.


use rule image_training as vu2026_image_base with:
    input:
        images=lambda wildcards: IMAGES[wildcards.dataset],
        code=TRAINING_CODE,
    output:
        models=vu_files(VU_BASE, "model.pt"),
        histories=vu_files(VU_BASE, "history.csv"),
        cards=vu_files(VU_BASE, "card.json"),
        records=vu_files(VU_BASE, "record.json"),
    log:
        f"{VU_IMAGE_LOGS}/base-{VU_BASE_JOB}.log",
    benchmark:
        f"{VU_IMAGE_LOGS}/base-{VU_BASE_JOB}.tsv"
    threads: VU_IMAGES.training.threads
    resources:
        mem_mb=8000,
        runtime=1440,
        gpu=gpus(VU_IMAGES.training.device),
    params:
        function="betascan.training.jobs.train_models",
        runs=vu_base_runs,
        name=lambda wildcards: f"vu2026 {wildcards.dataset}",
    message:
        "vu2026: train beta-VAEs, {wildcards}"


use rule image_training as vu2026_image_continuation with:
    input:
        images=lambda wildcards: IMAGES[wildcards.dataset],
        starts=vu_starts,
        code=TRAINING_CODE,
    output:
        models=vu_files(VU_CONTINUED, "model.pt"),
        histories=vu_files(VU_CONTINUED, "history.csv"),
        cards=vu_files(VU_CONTINUED, "card.json"),
        records=vu_files(VU_CONTINUED, "record.json"),
    log:
        f"{VU_IMAGE_LOGS}/continued-{VU_JOB}.log",
    benchmark:
        f"{VU_IMAGE_LOGS}/continued-{VU_JOB}.tsv"
    threads: VU_IMAGES.training.threads
    resources:
        mem_mb=8000,
        runtime=1440,
        gpu=gpus(VU_IMAGES.training.device),
    params:
        function="betascan.training.jobs.train_models",
        runs=vu_continuations,
        name=lambda wildcards: f"vu2026 {wildcards.dataset} with lambda",
    message:
        "vu2026: go on with lambda, {wildcards}"


use rule image_evaluation as vu2026_image_evaluate with:
    input:
        images=lambda wildcards: IMAGES[wildcards.dataset],
        models=vu_files(VU_CONTINUED, "model.pt"),
        code=EVALUATION_CODE,
    output:
        scores=vu_files(VU_CONTINUED, "scores.csv"),
        information=vu_files(VU_CONTINUED, "information.csv"),
        views=vu_files(VU_CONTINUED, "views.npz"),
    log:
        f"{VU_IMAGE_LOGS}/evaluate-{VU_JOB}.log",
    benchmark:
        f"{VU_IMAGE_LOGS}/evaluate-{VU_JOB}.tsv"
    threads: 1
    resources:
        mem_mb=8000,
        runtime=240,
    params:
        **VU_IMAGES.evaluation.model_dump(),
        function="betascan.evaluation.evaluate",
    message:
        "vu2026: score, {wildcards}"
