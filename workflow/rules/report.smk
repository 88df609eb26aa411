# What all documents leave together: one comparison, and pages for the report.


rule comparison:
    input:
        tables=[f"{RESULTS}/{source.table}" for source in COMPARED],
        provenances=expand(
            f"{RESULTS}/{{document}}/provenance.json",
            document=DOCUMENTS,
        ),
        code=code("report/comparison.py", "published/figures.csv"),
    output:
        captions=[f"{RUNS}/report/{figure}.csv" for figure in ILLUSTRATED],
        comparison=report(
            f"{RESULTS}/comparison.csv",
            caption="../report/comparison.rst",
            category="comparison",
            subcategory="tables",
        ),
        markdown=f"{RESULTS}/comparison.md",
        summary=report(
            f"{RESULTS}/summary.csv",
            caption="../report/summary.rst",
            category="comparison",
            subcategory="tables",
        ),
        origin=report(
            f"{RESULTS}/origin.csv",
            caption="../report/origin.rst",
            category="comparison",
            subcategory="tables",
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
        function="betascan.report.comparison.compare",
        figures=ILLUSTRATED,
    message:
        "every published number beside ours"
    script:
        "../scripts/call.py"


rule tables_page:
    input:
        tables=document_tables,
        code=code("report/pages.py"),
    output:
        html=report(
            f"{RUNS}/report/{{document}}.html",
            caption="../report/page.rst",
            category="{document}",
            subcategory="tables",
        ),
    log:
        f"{LOGS}/tables_page-{{document}}.log",
    benchmark:
        f"{LOGS}/tables_page-{{document}}.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.report.pages.page",
        title="{document}",
    message:
        "the tables of {wildcards.document} on one page"
    script:
        "../scripts/call.py"


rule results:
    input:
        rules.comparison.output,
        expand(rules.tables_page.output, document=["comparison", *DOCUMENTS]),
