# Rules whose flow is their own: scans and solvers cut into parts, data drawn from other data.


rule chen2018_joint:
    input:
        images=f"{PATHS.data}/dsprites_{CONFIG.data.dsprites.source}.h5",
    output:
        path=f"{PATHS.data}/dsprites_joint_{{name}}.h5",
    log:
        f"{PATHS.logs}/chen2018/joint-{{name}}.log",
    benchmark:
        f"{PATHS.logs}/chen2018/joint-{{name}}.tsv"
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
