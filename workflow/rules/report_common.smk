# The report: names and functions that its rules share.

from betascan.studies.comparison import SOURCES as COMPARED

DOCUMENTS = list(dict.fromkeys(source.document for source in COMPARED))


wildcard_constraints:
    document="|".join(["comparison", *DOCUMENTS]),


def document_tables(wildcards):
    """The tables of a document, or of their comparison, that are small enough to read."""
    made = getattr(rules, wildcards.document)
    files = made.output if wildcards.document == "comparison" else made.input
    return [file for file in files if str(file).endswith(".csv")]
