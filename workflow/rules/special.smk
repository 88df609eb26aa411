# Rules with a flow of their own: scans and solvers split into parts, data drawn from other data.


rule hirn2026_split:
    input:
        table=f"{PATHS.data}/climate.h5",
    output:
        cells=f"{PATHS.runs}/hirn2026/{{split}}/cells.npz",
    log:
        f"{PATHS.logs}/hirn2026/split-{{split}}.log",
    wildcard_constraints:
        split=r"\d+",
    group:
        "data"
    conda:
        f"{ENVS}/data.yaml"
    resources:
        mem_mb=times(2000),
        runtime=times(10),
    params:
        **call("betascan.studies.hirn2026.split.split_cells"),
        **CONFIG.hirn2026.split.model_dump(exclude={"seeds"}),
        seed=lambda wildcards: int(wildcards.split),
    message:
        "hirn2026: spatial blocks, draw {wildcards.split}; standardisation on the training split"
    script:
        "../scripts/call.py"


rule hirn2026_scan:
    input:
        cells=f"{PATHS.runs}/hirn2026/{{split}}/cells.npz",
    output:
        trained=f"{PATHS.runs}/hirn2026/{{split}}/{{scan}}/scan-{{part}}.npz",
        record=f"{PATHS.runs}/hirn2026/{{split}}/{{scan}}/record-{{part}}.json",
    log:
        f"{PATHS.logs}/hirn2026/scan-{{split}}-{{scan}}-{{part}}.log",
    benchmark:
        f"{PATHS.logs}/hirn2026/scan-{{split}}-{{scan}}-{{part}}.tsv"
    wildcard_constraints:
        split=r"\d+",
    conda:
        f"{ENVS}/train.yaml"
    threads: CONFIG.hirn2026.scan.threads
    resources:
        mem_mb=times(2000),
        runtime=times(240),
    params:
        **call("betascan.studies.hirn2026.train.train"),
        protocol=lambda wildcards: dict(scan_of(wildcards).protocol),
        temperatures=lambda wildcards: CONFIG.hirn2026.jobs(scan_of(wildcards))[
            int(wildcards.part)
        ],
    message:
        "hirn2026: scan of beta, split {wildcards.split}, {wildcards.scan}, job {wildcards.part}"
    script:
        "../scripts/call.py"


rule chen2018_joint:
    input:
        images=f"{PATHS.data}/dsprites_{CONFIG.data.dsprites.source}.h5",
    output:
        path=f"{PATHS.data}/dsprites_joint_{{name}}.h5",
    log:
        f"{PATHS.logs}/chen2018/joint-{{name}}.log",
    wildcard_constraints:
        name="[BCD]",
    conda:
        f"{ENVS}/data.yaml"
    resources:
        mem_mb=times(1500),
        runtime=60,
    params:
        **call("betascan.studies.chen2018.joints.draw"),
        factors=CONFIG.chen2018.joint.factors,
        contrast=lambda wildcards: CONFIG.chen2018.joint.named()[wildcards.name],
        seed=CONFIG.data.dsprites.seed,
        name="{name}",
    message:
        "chen2018: dSprites with dependent factors, {wildcards.name}"
    script:
        "../scripts/call.py"


rule vu2026_linear_solve:
    output:
        solved=f"{PATHS.runs}/vu2026/linear/{{size}}-{{method}}-{{part}}.csv",
        record=f"{PATHS.runs}/vu2026/linear/{{size}}-{{method}}-{{part}}.json",
    log:
        f"{PATHS.logs}/vu2026/linear/solve-{{size}}-{{method}}-{{part}}.log",
    benchmark:
        f"{PATHS.logs}/vu2026/linear/solve-{{size}}-{{method}}-{{part}}.tsv"
    conda:
        f"{ENVS}/train.yaml"
    resources:
        mem_mb=times(2000),
        runtime=times(240),
    params:
        **call("betascan.studies.vu2026.linear_jobs.solve"),
        **CONFIG.vu2026.linear.model_dump(
            include={"model", "betas", "starts", "seed", "adamw"}
        ),
        method="{method}",
        size=lambda wildcards: CONFIG.vu2026.linear.sizes()[wildcards.size].model_dump(),
        lambdas=lambda wildcards: CONFIG.vu2026.linear.parts()[int(wildcards.part)],
    message:
        "vu2026: {wildcards.method}, {wildcards.size}, lambda {params.lambdas}"
    script:
        "../scripts/call.py"


for part, stems in {"linear": ("linear", "contraction"), "images": "image"}.items():

    rule:
        name:
            f"vu2026_{part}"
        input:
            [
                t
                for t in STUDIES["vu2026"].targets(PATHS)
                if Path(t).name.startswith(stems)
            ],
