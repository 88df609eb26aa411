# vu2026 as a whole: what both of its studies leave.


rule vu2026_provenance:
    input:
        linear=f"{RUNS}/vu2026/linear/provenance.json",
        images=f"{RUNS}/vu2026/images/provenance.json",
    output:
        provenance=f"{RESULTS}/vu2026/provenance.json",
    log:
        f"{LOGS}/vu2026/provenance.log",
    benchmark:
        f"{LOGS}/vu2026/provenance.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.core.provenance.join",
    message:
        "vu2026: where every number comes from"
    script:
        "../scripts/call.py"


rule vu2026:
    input:
        rules.vu2026_linear.input,
        rules.vu2026_images.input,
        rules.vu2026_provenance.output,
