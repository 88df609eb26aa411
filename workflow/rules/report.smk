# What all studies leave together: one comparison, and pages for the report.

from dataclasses import asdict

COMPARED = {key: study for key, study in STUDIES.items() if study.compared}
SHOWN = {
    f"{PATHS.runs}/report/{key}/{figure.name}.csv": [key, figure.shows]
    for key, study in STUDIES.items()
    for figure in study.figures
    if figure.shows
}
PAGES = {key: study.readable(PATHS) for key, study in STUDIES.items()}
PAGES["comparison"] = [
    f"{PATHS.results}/{name}.csv" for name in ["summary", "origin", "comparison"]
]


rule comparison:
    input:
        tables=[
            f"{PATHS.results}/{key}/{row.table}"
            for key, study in COMPARED.items()
            for row in study.compared
        ],
        provenances=expand(f"{PATHS.results}/{{key}}/provenance.json", key=COMPARED),
    output:
        comparison=report(
            f"{PATHS.results}/comparison.csv",
            caption="../report/item.rst",
            category="comparison",
            subcategory="tables",
        ),
        markdown=f"{PATHS.results}/comparison.md",
        summary=report(
            f"{PATHS.results}/summary.csv",
            caption="../report/item.rst",
            category="comparison",
            subcategory="tables",
        ),
        origin=report(
            f"{PATHS.results}/origin.csv",
            caption="../report/item.rst",
            category="comparison",
            subcategory="tables",
        ),
        captions=list(SHOWN),
    log:
        f"{PATHS.logs}/comparison.log",
    benchmark:
        f"{PATHS.logs}/comparison.tsv"
    group:
        "report"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        **call("betascan.report.comparison.compare"),
        sources=[
            (key, asdict(row))
            for key, study in COMPARED.items()
            for row in study.compared
        ],
        shows="",
        shown=list(SHOWN.values()),
        caption="Published numbers and statements, what came out, and verdicts.",
    message:
        "every published number beside ours"
    script:
        "../scripts/call.py"


rule tables_page:
    input:
        tables=lambda wildcards: PAGES[wildcards.page],
    output:
        html=report(
            f"{PATHS.runs}/report/{{page}}.html",
            caption="../report/item.rst",
            category="{page}",
            subcategory="tables",
        ),
    log:
        f"{PATHS.logs}/tables_page-{{page}}.log",
    benchmark:
        f"{PATHS.logs}/tables_page-{{page}}.tsv"
    wildcard_constraints:
        page="|".join(PAGES),
    group:
        "report"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        **call("betascan.report.pages.page"),
        title="{page}",
        shows="",
        caption="All tables of the document on one page, to read and to search.",
    message:
        "the tables of {wildcards.page} on one page"
    script:
        "../scripts/call.py"


rule results:
    input:
        rules.comparison.output,
        expand(rules.tables_page.output, page=PAGES),
