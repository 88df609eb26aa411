# What all documents leave together: one comparison, and the report's front page.

from betascan.studies.comparison import SOURCES as COMPARED


rule comparison:
    input:
        tables=[f"{RESULTS}/{source.table}" for source in COMPARED],
        provenances=expand(
            f"{RESULTS}/{{document}}/provenance.json",
            document=list(dict.fromkeys(source.document for source in COMPARED)),
        ),
        code=code("studies/comparison.py"),
    output:
        comparison=report(
            f"{RESULTS}/comparison.csv",
            caption="../report/comparison.rst",
            category="all documents",
        ),
        markdown=f"{RESULTS}/comparison.md",
        summary=report(
            f"{RESULTS}/summary.csv",
            caption="../report/summary.rst",
            category="all documents",
        ),
        origin=report(
            f"{RESULTS}/origin.csv",
            caption="../report/origin.rst",
            category="all documents",
        ),
    log:
        f"{LOGS}/comparison.log",
    benchmark:
        f"{LOGS}/comparison.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.comparison.compare",
    message:
        "every published number beside ours"
    script:
        "../scripts/call.py"
