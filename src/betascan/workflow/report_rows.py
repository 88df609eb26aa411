"""What all studies leave together, as rows: the comparison, and pages for the report."""

from collections.abc import Mapping
from dataclasses import asdict, replace

from betascan.core.paths import Paths
from betascan.studies.base import Study, Table

KEY = "comparison"


def comparison(studies: Mapping[str, Study], paths: Paths) -> Study:
    """Return the rows that compare the studies which have something to compare."""
    compared = {key: study for key, study in studies.items() if study.compared}
    sources = [(key, row) for key, study in compared.items() for row in study.compared]
    shown = {
        f"{key}/{figure.name}": figure.shows
        for key, study in studies.items()
        for figure in study.figures
        if figure.shows
    }
    table = Table(
        name="tables",
        function="betascan.report.comparison.compare",
        needs={
            "tables": [f"{paths.results}/{key}/{row.table}" for key, row in sources],
            "provenances": [f"{paths.results}/{key}/provenance.json" for key in compared],
        },
        makes={
            "comparison": f"{paths.results}/comparison.csv",
            "summary": f"{paths.results}/summary.csv",
            "origin": f"{paths.results}/origin.csv",
            "markdown": f"{paths.results}/comparison.md",
            "statements": [f"{paths.runs}/report/{figure}.csv" for figure in shown],
        },
        params={
            "sources": [(key, asdict(row)) for key, row in sources],
            "shown": [(figure.split("/")[0], items) for figure, items in shown.items()],
        },
        reported=("comparison", "summary", "origin"),
        caption="Published numbers and statements, what came out, and verdicts; how many came out "
        "how; and what each study was made from.",
    )
    return with_page(Study(key=KEY, tables=[table], figures=[]), paths)


def with_page(study: Study, paths: Paths) -> Study:
    """Return a study with a page of its tables, to read in the report and to search."""
    page = Table(
        name="page",
        function="betascan.report.pages.page",
        needs={"tables": study.readable(paths)},
        makes={"html": f"{paths.runs}/report/{study.key}.html"},
        params={"title": study.key},
        reported=("html",),
        caption=f"All tables of {study.key} on one page; each is also there as a file.",
    )
    return replace(study, tables=[*study.tables, page])
