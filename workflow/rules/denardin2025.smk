# denardin2025: beta-VAE and FactorVAE on dSprites and MPI3D, trained and scored.


use rule image_training as denardin2025_train with:
    input:
        images=lambda wildcards: IMAGES[wildcards.dataset],
        code=TRAINING_CODE,
    output:
        models=denardin_files("model.pt"),
        histories=denardin_files("history.csv"),
        cards=denardin_files("card.json"),
        records=denardin_files("record.json"),
    log:
        f"{DENARDIN_LOG}-train.log",
    benchmark:
        f"{DENARDIN_LOG}-train.tsv"
    threads: DENARDIN.training.threads
    resources:
        mem_mb=8000,
        runtime=1440,
        gpu=gpus(DENARDIN.training.device),
    params:
        function="betascan.training.jobs.train_models",
        runs=denardin_runs,
        name=lambda wildcards: f"denardin2025 {wildcards.dataset} {wildcards.model}",
    message:
        "denardin2025: train {wildcards.dataset} {wildcards.model}"


use rule image_evaluation as denardin2025_evaluate with:
    input:
        images=lambda wildcards: IMAGES[wildcards.dataset],
        models=denardin_files("model.pt"),
        code=EVALUATION_CODE,
    output:
        scores=denardin_files("scores.csv"),
        information=denardin_files("information.csv"),
        views=denardin_files("views.npz"),
    log:
        f"{DENARDIN_LOG}-evaluate.log",
    benchmark:
        f"{DENARDIN_LOG}-evaluate.tsv"
    threads: 2
    resources:
        mem_mb=8000,
        runtime=240,
    params:
        **DENARDIN.evaluation.model_dump(),
        function="betascan.evaluation.evaluate",
    message:
        "denardin2025: score {wildcards.dataset} {wildcards.model}"
