"""The comparison of all documents: nothing published is left out, nothing judged twice."""

import json

import pandas as pd
import pytest
from dag import PROJECT

from betascan.report import comparison
from betascan.report.comparison import COLUMNS, VERDICTS, rows
from betascan.studies.base import Compared
from betascan.studies.registry import KEYS

CLAIMS = Compared(table="claims.csv", item=("statement", "dataset"), note=("evidence",))


def judged(verdict, **more):
    row = {"statement": "it falls", "dataset": "dSprites", "published": 2.0, "ours": 1.5}
    table = pd.DataFrame([{**row, "evidence": "p = 0.01", "verdict": verdict, **more}])
    return rows("key", CLAIMS, table, "laptop")[0]


def test_a_row_says_what_was_published_and_what_came_out():
    assert judged("does not hold") == {
        "document": "key",
        "item": "it falls, dSprites",
        "published": 2.0,
        "ours": 1.5,
        "deviation": -0.5,
        "verdict": "not reproduced",
        "scale": "laptop",
        "note": "p = 0.01",
    }
    assert pd.isna(judged("holds", published="a half")["deviation"])


@pytest.mark.parametrize(
    ("told", "verdict", "note"),
    [
        ("holds", "reproduced", "p = 0.01"),
        ("agrees", "reproduced", "p = 0.01"),
        ("differs", "not reproduced", "p = 0.01"),
        ("stand-in cannot tell", "scale cannot tell", "p = 0.01; stand-in cannot tell"),
        ("not converged", "no target", "p = 0.01; not converged"),
        ("printed value is wrong; not reproduced", "document is wrong", "p = 0.01"),
    ],
)
def test_verdicts_of_the_studies_become_common_ones(told, verdict, note):
    row = judged(told)
    assert (row["verdict"], row["note"]) == (verdict, note)


def test_what_the_document_contradicts_itself_is_its_error_at_any_scale():
    row = judged("scale cannot tell", in_document="no")
    assert row["verdict"] == "document is wrong"
    assert "its own published numbers" in row["note"]


def test_a_verdict_of_no_meaning_is_refused():
    with pytest.raises(KeyError, match="maybe"):
        judged("maybe")


def test_counts():
    table = pd.DataFrame([judged("holds"), judged("agrees"), judged("differs")])
    counted = comparison.counts(table).iloc[0]
    assert counted["reproduced"] == 2
    assert counted["not reproduced"] == 1
    assert counted[list(VERDICTS)].sum() == 3


def test_every_published_number_has_its_row(finished):
    table = pd.read_csv(finished / "results/comparison.csv")
    assert list(table.columns) == COLUMNS
    assert list(dict.fromkeys(table["document"])) == list(KEYS)
    assert set(table["verdict"]) <= set(VERDICTS)
    assert not table.duplicated("item").any()
    studies = PROJECT / "src/betascan/studies"
    # of chen2018 the tiny run has but one joint distribution
    for path in [*studies.glob("hirn2026/published.csv"), *studies.glob("vu2026/published*.csv")]:
        for statement in pd.read_csv(path).get("statement", []):
            assert table["item"].str.contains(statement, regex=False).any(), statement
    # of the 25 cells of each data set and score, the tiny run has the four corners
    cells = table["item"].str.startswith("change in %")
    assert cells.sum() == 3 * 4 * 4
    assert (table[cells]["verdict"] == "no target").sum() == 3 * 4
    summary = pd.read_csv(finished / "results/summary.csv")
    assert summary[list(VERDICTS)].to_numpy().sum() == len(table)
    origin = pd.read_csv(finished / "results/origin.csv")
    assert set(origin["scale"]) == {"test"}
    told = json.loads((finished / "results/denardin2025/provenance.json").read_text())["made_by"]
    own = origin.set_index("study").loc["denardin2025", "commit"]
    assert own == ", ".join(sorted({str(one["commit"])[:7] for one in told}))
    page = (finished / "results/comparison.md").read_text()
    assert page.count("\n## ") == len(set(table["document"]))


def test_captions_have_the_statements_of_their_figures(finished):
    captions = list((finished / "runs/report").rglob("*.csv"))
    assert len({path.parent.name for path in captions}) > 2
    for path in captions:
        assert len(pd.read_csv(path)) > 0, path
    table = pd.read_csv(finished / "runs/report/hirn2026/fig2.csv")
    assert list(table.columns) == ["item", "published", "ours", "verdict"]
    assert table["item"].str.contains("PCA lies at rank 18").any()
    assert table["published"].dropna().eq(1e-7).any()
