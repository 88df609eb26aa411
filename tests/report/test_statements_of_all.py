"""The statements of all documents: collected, counted, shown."""

import re

import pandas as pd
import pytest

from betascan.report import pages, readme
from betascan.report.statements import COLUMNS, collect, number
from betascan.studies import statements as judged

VALUES = [
    *["falls", "It falls.", "Table 1", "trend", "rank", -0.9, -1, -0.5, "p = 0.01, n = 9"],
    *["papers", "dsprites", "reproduced", "fig1"],
]
ROW = dict(zip(judged.COLUMNS, VALUES, strict=True))


@pytest.fixture
def collected(tmp_path):
    """Document a with four statements, in two figures."""
    rows = [
        ROW,
        {**ROW, "statement": "other", "figure": "", "data": "none"},
        {**ROW, "verdict": "inconclusive", "low": 0, "high": 0, "reason": "n = 1"},
        {**ROW, "scale": "demo", "verdict": "by construction", "says": "q(z|x) is *normal*"},
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "one.csv", index=False)
    shown = [("a", "fig1"), ("a", "fig2")]
    collect(
        [tmp_path / "one.csv"],
        *(tmp_path / name for name in ("statements.csv", "page.md", "summary.csv")),
        documents=["a"],
        captions=[tmp_path / f"{document}/{figure}.rst" for document, figure in shown],
        shown=shown,
    )
    return tmp_path


def test_statements_keep_their_document_and_their_order(collected):
    table = pd.read_csv(collected / "statements.csv")
    assert list(table) == COLUMNS
    assert list(table["document"]) == ["a"] * 4
    assert list(table["statement"]) == ["falls", "other", "falls", "falls"]


def test_the_summary_counts_statements_by_scale_but_not_what_is_so_by_construction(collected):
    summary = pd.read_csv(collected / "summary.csv").set_index(["document", "scale"])
    assert summary.loc[("a", "papers"), "reproduced"] == 2
    assert summary.loc[("a", "papers"), "inconclusive"] == 1
    assert summary.loc[("a", "demo")].sum() == 0
    assert "by construction" not in summary


def test_the_page_has_interval_reason_and_figure_of_each(collected):
    page = (collected / "page.md").read_text()
    assert (
        "| It falls. | Table 1 | rank | -0.9 [-1, -0.5] | p = 0.01, n = 9 | papers, dsprites "
        "| reproduced | [fig1](../figures/a/fig1.png) |"
    ) in page
    assert "| papers | reproduced |  |" in page  # about no data, in no figure
    assert "| -0.9 | n = 1 |" in page  # without an interval
    assert "q(z\\|x)" in page


def test_the_page_of_the_report_has_a_column_of_documents_and_one_of_estimates(collected):
    pages.page([collected / "one.csv", collected / "statements.csv"], collected / "p.html", "all")
    html = (collected / "p.html").read_text()
    of_study, of_all = (re.findall("<th>(.*?)</th>", head) for head in html.split("</thead>")[:2])
    assert of_all[:3] == ["document", "statement", "place"]
    assert of_study == of_all[1:]
    assert html.count("<td>-0.9 [-1, -0.5]</td>") == 2 * 3


def test_captions_have_the_statements_of_their_figure(collected):
    from docutils.core import publish_parts

    caption = (collected / "a/fig1.rst").read_text()
    shown = publish_parts(caption, writer="html5", settings_overrides={"report_level": 1})["body"]
    assert "system-message" not in shown
    assert "q(z|x) is *normal*" in shown
    assert shown.count("<tr>") == 4
    assert (collected / "a/fig2.rst").read_text() == ""


@pytest.mark.parametrize(
    ("value", "text"), [(0.12345, "0.123"), (499_607, "499,607"), (999.4, "999"), (1e-7, "1e-07")]
)
def test_numbers_have_three_digits_or_are_whole(value, text):
    assert number(value) == text


def test_a_page_quotes_numbers_of_tables(collected):
    page = (
        "It is <!-- value of one.csv: low.min() -->?<!-- end of value --> at least and "
        "<!-- value of statements.csv: high where scale == 'demo' as .1f -->?<!-- end of value -->."
    )
    told = readme.rewritten(page, collected)
    assert "low.min() -->-1<!-- end" in told
    assert "as .1f -->-0.5<!-- end of value -->." in told
    assert readme.rewritten(told, collected) == told


def test_a_page_shows_single_statements(collected):
    page = "<!-- headlines of a/other: made -->\nbefore\n<!-- end of headlines -->"
    told = readme.rewritten(page, collected)
    assert "| [a](docs/a.md) | It falls. | papers | reproduced |" in told
    with pytest.raises(KeyError, match="a/rises"):
        readme.rewritten(page.replace("other", "rises"), collected)


def test_what_is_not_one_number_is_refused(collected):
    with pytest.raises(ValueError, match="4 values of low"):
        readme.value(collected / "one.csv", "low")


def test_a_page_shows_the_statements_of_a_document(collected):
    page = "<!-- statements of a: made -->\nbefore\n<!-- end of statements -->"
    told = readme.rewritten(page, collected)
    assert "before" not in told
    assert told.count("It falls.") == 3
    assert "fig1" not in told  # which has not been drawn
    assert "| a | papers | 2 |" in readme.rewritten(page.replace(" a:", " all:"), collected)
