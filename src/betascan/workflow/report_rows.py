"""What all studies together produce, as rows: numbers, statements, and pages for the report."""

from collections.abc import Mapping
from dataclasses import asdict, replace

from betascan.core.paths import Paths
from betascan.studies.base import Study, Table

KEY = "comparison"


def comparison(studies: Mapping[str, Study], paths: Paths) -> Study:
    """Return the rows that join the studies which have statements or numbers to compare."""
    joined = {key: study for key, study in studies.items() if study.compared or study.statements}
    sources = [(key, row) for key, study in joined.items() for row in study.compared]
    statements = [(key, path) for key, study in joined.items() for path in study.statements]
    shown = [
        (key, figure.name)
        for key, study in joined.items()
        for figure in study.figures
        if study.statements
    ]
    tables = [
        Table(
            name="statements",
            function="betascan.report.statements.collect",
            needs={"tables": [path for _, path in statements]},
            makes={
                "statements": f"{paths.results}/statements.csv",
                "summary": f"{paths.results}/summary.csv",
                "page": f"{paths.results}/statements.md",
                "captions": [f"{paths.runs}/report/{key}/{figure}.rst" for key, figure in shown],
            },
            params={"documents": [key for key, _ in statements], "shown": shown},
            reported=("statements", "summary"),
            caption="What the documents state, by what it is judged, what came out, and the "
            "verdict; and how many came out how.",
        ),
        Table(
            name="numbers",
            function="betascan.report.comparison.compare",
            needs={
                "tables": [f"{paths.results}/{key}/{row.table}" for key, row in sources],
                "provenances": [
                    path
                    for study in joined.values()
                    for table in study.tables
                    for path in table.makes.values()
                    if isinstance(path, str)
                    and path.startswith(paths.results)
                    and path.endswith("provenance.json")
                ],
            },
            makes={
                "comparison": f"{paths.results}/comparison.csv",
                "origin": f"{paths.results}/origin.csv",
            },
            params={"sources": [(key, asdict(row)) for key, row in sources]},
            reported=("comparison", "origin"),
            caption="Published numbers and ours; and what each study was made from.",
        ),
    ]
    return with_page(Study(key=KEY, tables=tables, figures=[]), paths)


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
