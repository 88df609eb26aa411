# allen2024: the linear-Gaussian truth, and image VAEs with their scores and Jacobians.


rule allen2024_linear_solve:
    input:
        code=code("studies/allen2024/linear.py", "theory/landau.py"),
    output:
        table=report(
            f"{ALLEN_RESULTS}/linear_truth.csv",
            caption="../report/allen2024/linear_truth_table.rst",
            category="allen2024",
            subcategory="tables",
        ),
        pairs=f"{ALLEN_RUNS}/linear_pairs.csv",
    log:
        f"{ALLEN_LOGS}/linear.log",
    benchmark:
        f"{ALLEN_LOGS}/linear.tsv"
    conda:
        f"{ENVS}/train.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        **CONFIG.allen2024.linear.model_dump(),
        function="betascan.studies.allen2024.linear.truth",
    message:
        "allen2024: the linear-Gaussian truth"
    script:
        "../scripts/call.py"


use rule image_training as allen2024_train with:
    input:
        images=lambda wildcards: IMAGES[wildcards.dataset],
        code=TRAINING_CODE,
    output:
        models=allen_files("model.pt"),
        histories=allen_files("history.csv"),
        cards=allen_files("card.json"),
        records=allen_files("record.json"),
    log:
        f"{ALLEN_LOGS}/train-{ALLEN_JOB}.log",
    benchmark:
        f"{ALLEN_LOGS}/train-{ALLEN_JOB}.tsv"
    threads: ALLEN.training.threads
    resources:
        mem_mb=8000,
        runtime=1440,
        gpu=gpus(ALLEN.training.device),
    params:
        function="betascan.training.jobs.train_models",
        runs=allen_runs,
        name=lambda wildcards: f"allen2024 {wildcards.dataset}",
    message:
        "allen2024: train, {wildcards}"


use rule image_evaluation as allen2024_evaluate with:
    input:
        images=lambda wildcards: IMAGES[wildcards.dataset],
        models=allen_files("model.pt"),
        code=EVALUATION_CODE,
    output:
        scores=allen_files("scores.csv"),
        information=allen_files("information.csv"),
        views=allen_files("views.npz"),
    log:
        f"{ALLEN_LOGS}/evaluate-{ALLEN_JOB}.log",
    benchmark:
        f"{ALLEN_LOGS}/evaluate-{ALLEN_JOB}.tsv"
    threads: 1
    resources:
        mem_mb=8000,
        runtime=240,
    params:
        **ALLEN.evaluation.model_dump(),
        function="betascan.evaluation.evaluate",
    message:
        "allen2024: score, {wildcards}"


use rule image_evaluation as allen2024_measure with:
    input:
        images=lambda wildcards: IMAGES[wildcards.dataset],
        models=allen_files("model.pt"),
        code=code(
            *("studies/allen2024/measure.py", "metrics/jacobian.py", "objectives.py")
        ),
    output:
        jacobians=allen_files("jacobian.csv"),
        identities=allen_files("identity.csv"),
    log:
        f"{ALLEN_LOGS}/measure-{ALLEN_JOB}.log",
    benchmark:
        f"{ALLEN_LOGS}/measure-{ALLEN_JOB}.tsv"
    threads: 1
    resources:
        mem_mb=8000,
        runtime=480,
    params:
        **ALLEN.measures.model_dump(),
        function="betascan.studies.allen2024.measure.measure",
    message:
        "allen2024: Jacobians, {wildcards}"


use rule image_evaluation as allen2024_run_away with:
    input:
        images=IMAGES[ALLEN_RUNAWAY],
        code=code("studies/allen2024/runaway.py", "objectives.py"),
    output:
        curves=f"{ALLEN_RESULTS}/runaway.csv",
    log:
        f"{ALLEN_LOGS}/runaway.log",
    benchmark:
        f"{ALLEN_LOGS}/runaway.tsv"
    threads: 1
    resources:
        mem_mb=8000,
        runtime=240,
    params:
        function="betascan.studies.allen2024.runaway.run_away",
        runs=[run.model_dump() for run in ALLEN.runaways()],
        bound=ALLEN.runaway.bound,
    message:
        "allen2024: the exact deterministic ELBO until it runs away"
