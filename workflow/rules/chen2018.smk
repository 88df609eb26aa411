# chen2018: beta-VAE, beta-TCVAE and FactorVAE, trained and scored.


rule chen2018_joint:
    input:
        images=IMAGES["dsprites"],
        code=code("studies/chen2018/joints.py", "data/sampling.py", "data/store.py"),
    output:
        path=f"{DATA}/dsprites_joint_{{sampling}}.h5",
    log:
        f"{CHEN_LOGS}/joint-{{sampling}}.log",
    benchmark:
        f"{CHEN_LOGS}/joint-{{sampling}}.tsv"
    conda:
        f"{ENVS}/data.yaml"
    resources:
        mem_mb=1500,
        runtime=60,
    params:
        function="betascan.studies.chen2018.joints.draw",
        factors=CHEN.joint.factors,
        contrast=lambda wildcards: CHEN.joint.named()[wildcards.sampling],
        seed=CONFIG.data.dsprites.seed,
        name="{sampling}",
    message:
        "chen2018: dSprites with dependent factors, {wildcards.sampling}"
    script:
        "../scripts/call.py"


use rule image_training as chen2018_train_whole with:
    input:
        images=lambda wildcards: IMAGES[wildcards.dataset],
        code=TRAINING_CODE,
    output:
        models=chen_files(CHEN_WHOLE_RUN, "model.pt"),
        histories=chen_files(CHEN_WHOLE_RUN, "history.csv"),
        cards=chen_files(CHEN_WHOLE_RUN, "card.json"),
        records=chen_files(CHEN_WHOLE_RUN, "record.json"),
    log:
        f"{CHEN_LOGS}/train-{CHEN_WHOLE_JOB}.log",
    benchmark:
        f"{CHEN_LOGS}/train-{CHEN_WHOLE_JOB}.tsv"
    threads: lambda wildcards: getattr(CHEN, wildcards.dataset).training.threads
    resources:
        mem_mb=8000,
        runtime=1440,
        gpu=lambda wildcards: gpus(getattr(CHEN, wildcards.dataset).training.device),
    params:
        function="betascan.training.jobs.train_models",
        runs=chen_runs,
        name=lambda wildcards: f"chen2018 {wildcards.dataset}",
    message:
        "chen2018: train, {wildcards}"


use rule image_training as chen2018_train_joint with:
    input:
        images=f"{DATA}/dsprites_joint_{{sampling}}.h5",
        code=TRAINING_CODE,
    output:
        models=chen_files(CHEN_JOINT_RUN, "model.pt", model=CHEN_MODELS),
        histories=chen_files(CHEN_JOINT_RUN, "history.csv", model=CHEN_MODELS),
        cards=chen_files(CHEN_JOINT_RUN, "card.json", model=CHEN_MODELS),
        records=chen_files(CHEN_JOINT_RUN, "record.json", model=CHEN_MODELS),
    log:
        f"{CHEN_LOGS}/train-{CHEN_JOINT_JOB}.log",
    benchmark:
        f"{CHEN_LOGS}/train-{CHEN_JOINT_JOB}.tsv"
    threads: CHEN.dsprites.training.threads
    resources:
        mem_mb=8000,
        runtime=1440,
        gpu=gpus(CHEN.dsprites.training.device),
    params:
        function="betascan.training.jobs.train_models",
        runs=chen_runs,
        name="chen2018 dsprites {sampling}",
    message:
        "chen2018: train, {wildcards}"


use rule image_evaluation as chen2018_evaluate_whole with:
    input:
        images=lambda wildcards: IMAGES[wildcards.dataset],
        models=chen_files(CHEN_WHOLE_RUN, "model.pt"),
        code=CHEN_EVALUATION_CODE,
    output:
        scores=chen_files(CHEN_WHOLE_RUN, "scores.csv"),
        information=chen_files(CHEN_WHOLE_RUN, "information.csv"),
        views=chen_files(CHEN_WHOLE_RUN, "views.npz"),
        terms=chen_files(CHEN_WHOLE_RUN, "terms.csv"),
    log:
        f"{CHEN_LOGS}/evaluate-{CHEN_WHOLE_JOB}.log",
    benchmark:
        f"{CHEN_LOGS}/evaluate-{CHEN_WHOLE_JOB}.tsv"
    threads: 1
    resources:
        mem_mb=8000,
        runtime=240,
    params:
        **CHEN.evaluation.model_dump(),
        function="betascan.studies.chen2018.measure.evaluate",
        exact=CHEN.exact,
        factors=lambda wildcards: CHEN_CHOSEN[wildcards.dataset],
    message:
        "chen2018: score, {wildcards}"


use rule image_evaluation as chen2018_evaluate_joint with:
    input:
        images=f"{DATA}/dsprites_joint_{{sampling}}.h5",
        models=chen_files(CHEN_JOINT_RUN, "model.pt", model=CHEN_MODELS),
        code=CHEN_EVALUATION_CODE,
    output:
        scores=chen_files(CHEN_JOINT_RUN, "scores.csv", model=CHEN_MODELS),
        information=chen_files(CHEN_JOINT_RUN, "information.csv", model=CHEN_MODELS),
        views=chen_files(CHEN_JOINT_RUN, "views.npz", model=CHEN_MODELS),
        terms=chen_files(CHEN_JOINT_RUN, "terms.csv", model=CHEN_MODELS),
    log:
        f"{CHEN_LOGS}/evaluate-{CHEN_JOINT_JOB}.log",
    benchmark:
        f"{CHEN_LOGS}/evaluate-{CHEN_JOINT_JOB}.tsv"
    threads: 1
    resources:
        mem_mb=8000,
        runtime=240,
    params:
        **CHEN.evaluation.model_dump(),
        function="betascan.studies.chen2018.measure.evaluate",
        exact=CHEN.exact,
        factors=CHEN_CHOSEN["dsprites"],
    message:
        "chen2018: score, {wildcards}"


use rule image_evaluation as chen2018_stability with:
    input:
        images=IMAGES["dsprites"],
        models=chen_files(CHEN_SPRITES_RUN, "model.pt", **CHEN_AGAIN),
        code=code("studies/chen2018/stability.py"),
    output:
        scores=chen_files(CHEN_SPRITES_RUN, "stability.csv", **CHEN_AGAIN),
    log:
        f"{CHEN_LOGS}/stability-{CHEN_SPRITES_JOB}.log",
    benchmark:
        f"{CHEN_LOGS}/stability-{CHEN_SPRITES_JOB}.tsv"
    threads: 1
    resources:
        mem_mb=8000,
        runtime=240,
    params:
        samples=CHEN.stability.samples,
        repeats=CHEN.stability.repeats,
        function="betascan.studies.chen2018.stability.stability",
        factors=CHEN_CHOSEN["dsprites"],
    message:
        "chen2018: scores again from other samples and settings, {wildcards}"
