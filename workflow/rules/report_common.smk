# The report: names and functions that its rules share.

from betascan.report.comparison import SOURCES as COMPARED, shown_by

DOCUMENTS = list(dict.fromkeys(source.document for source in COMPARED))


wildcard_constraints:
    document="|".join(["comparison", *DOCUMENTS]),


def document_tables(wildcards):
    """The tables of a document, or of their comparison, that are small enough to read."""
    if wildcards.document == "comparison":
        made = rules.comparison.output
        return [made.summary, made.origin, made.comparison]
    files = getattr(rules, wildcards.document).input
    return [file for file in files if str(file).endswith(".csv")]


# the figures that the comparison says something of, as "hirn2026/fig1"
ILLUSTRATED = [
    figure
    for document in DOCUMENTS
    for path in getattr(rules, document).input
    if str(path).endswith(".png")
    if shown_by(figure := os.path.relpath(path, FIGURES or ".")[: -len(".png")])
]
