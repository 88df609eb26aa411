# What all studies of images share: a training and an evaluation, which each study takes with
# `use rule`, saying whose files they are. A job has one point of the study, or all along an axis.


wildcard_constraints:
    dataset="[^/~]+",
    model="[^/~]+",
    weight="[^/~]+",


rule image_training:
    log:
        f"{LOGS}/image_training.log",
    conda:
        f"{ENVS}/train.yaml"
    script:
        "../scripts/call.py"


rule image_evaluation:
    log:
        f"{LOGS}/image_evaluation.log",
    conda:
        f"{ENVS}/train.yaml"
    script:
        "../scripts/call.py"


rule plan:
    output:
        plan=PLAN,
    log:
        f"{LOGS}/plan.log",
    benchmark:
        f"{LOGS}/plan.tsv"
    conda:
        f"{ENVS}/train.yaml"
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        function="betascan.workflow.speed.measure",
        config=CONFIG.model_dump(mode="json"),
    message:
        "how long the trainings take on this machine"
    script:
        "../scripts/call.py"
