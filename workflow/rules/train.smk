# Trainings of all studies, each model once: a job per model if `points_per_job` is 1, otherwise a
# rule and a job for that many models of a data set.

TRAINED = to_train(STUDIES.values())

for batch in TRAINED:

    rule:
        name:
            batch.rule
        input:
            images=batch.images,
            starts=partial(batch.starts, PATHS.models),
        output:
            models=batch.files(PATHS.models, "model.pt"),
            histories=batch.files(PATHS.models, "history.csv"),
            cards=batch.files(PATHS.models, "card.json"),
            records=batch.files(PATHS.models, "record.json"),
        log:
            batch.log(PATHS.logs),
        benchmark:
            batch.log(PATHS.logs, "tsv")
        wildcard_constraints:
            signature=batch.signatures,
        conda:
            f"{ENVS}/train.yaml"
        threads: batch.threads
        resources:
            mem_mb=times(8000),
            runtime=times(1440),
            gpu=batch.gpus,
        params:
            **call("betascan.training.jobs.train_models"),
            runs=batch.runs,
            continued=batch.continued,
            rows=batch.rows,
        message:
            batch.message
        script:
            "../scripts/call.py"


rule plan:
    output:
        plan=PATHS.plan,
    log:
        f"{PATHS.logs}/plan.log",
    benchmark:
        f"{PATHS.logs}/plan.tsv"
    conda:
        f"{ENVS}/train.yaml"
    resources:
        mem_mb=8000,
        runtime=30,
        gpu=max(batch.gpus for batch in TRAINED),  # measured where trainings will run
    params:
        function="betascan.workflow.speed.measure",
        config=CONFIG.model_dump(mode="json"),
    message:
        "how long the trainings take on this machine"
    script:
        "../scripts/call.py"
