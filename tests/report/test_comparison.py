"""The numbers of all documents beside ours: nothing published is left out."""

import json

import pandas as pd
import pytest
from dag import PROJECT

from betascan.report.comparison import COLUMNS, origins, rows
from betascan.report.statements import COUNTED
from betascan.studies.base import Compared
from betascan.studies.judgement import Verdict
from betascan.studies.registry import KEYS

NO_STATEMENTS = ("own",)
NO_NUMBERS = ("chen2018", "allen2024", "outlook", *NO_STATEMENTS)
"""Studies without tables of numbers."""
CLAIMS = Compared(table="claims.csv", item=("statement", "dataset"), note=("evidence",))


def judged(verdict, **more):
    row = {"statement": "it falls", "dataset": "dSprites", "published": 2.0, "ours": 1.5}
    table = pd.DataFrame([{**row, "evidence": "p = 0.01", "verdict": verdict, **more}])
    return rows("key", CLAIMS, table, "laptop")[0]


def test_a_row_says_what_was_published_and_what_came_out():
    assert judged("not reproduced") == {
        "document": "key",
        "item": "it falls, dSprites",
        "published": 2.0,
        "ours": 1.5,
        "deviation": -0.5,
        "verdict": "not reproduced",
        "scale": "laptop",
        "note": "p = 0.01",
    }
    assert pd.isna(judged("reproduced", published="a half")["deviation"])


def test_a_verdict_of_no_meaning_is_refused():
    with pytest.raises(ValueError, match="maybe"):
        judged("maybe")


@pytest.mark.parametrize(
    ("commit", "shown"),
    [("0123456789ab", "0123456"), ("0123456789ab and uncommitted changes", "0123456-dirty")],
)
def test_a_commit_is_marked_where_the_code_differed_from_it(commit, shown):
    record = {"scale": "demo", "data": {"source": "none"}, "device": ["cpu"], "commit": commit}
    assert list(origins([("key", record)])["commit"]) == [shown]


def test_every_published_number_has_its_row(finished):
    table = pd.read_csv(finished / "results/comparison.csv")
    assert list(table.columns) == COLUMNS
    assert list(dict.fromkeys(table["document"])) == [key for key in KEYS if key not in NO_NUMBERS]
    assert set(table["verdict"]) <= set(Verdict)
    assert not table.duplicated("item").any()
    studies = PROJECT / "src/betascan/studies"
    # of chen2018 the tiny run has but one joint distribution
    for path in [*studies.glob("hirn2026/published.csv"), *studies.glob("vu2026/published*.csv")]:
        for statement in pd.read_csv(path).get("statement", []):
            assert table["item"].str.contains(statement, regex=False).any(), statement
    # of the 25 cells of each data set and score, the tiny run has the four corners
    cells = table["item"].str.startswith("change in %")
    assert cells.sum() == 3 * 4 * 4
    assert (table[cells]["verdict"] == "by construction").sum() == 3 * 4
    origin = pd.read_csv(finished / "results/origin.csv", dtype={"commit": str})  # 96659e2
    assert set(origin["scale"]) == {"test"}
    assert {"vu2026, linear", "vu2026, images", "outlook", "outlook, dsprites"} < set(
        origin["study"]
    )
    told = json.loads((finished / "results/denardin2025/provenance.json").read_text())["made_by"]
    made = {str(one["commit"]) for one in told}
    own = origin.set_index("study").loc["denardin2025", "commit"]
    hashes = {commit[:7] + "-dirty" * commit.endswith("-dirty") for commit in made}
    assert own == ", ".join(sorted(hashes))


def test_the_summary_counts_all_that_is_not_so_by_construction(finished):
    statements = pd.read_csv(finished / "results/statements.csv")
    summary = pd.read_csv(finished / "results/summary.csv")
    assert (
        summary[list(COUNTED)].to_numpy().sum()
        == (statements["verdict"] != "by construction").sum()
    )
    assert set(summary["document"]) == set(KEYS) - set(NO_STATEMENTS)


def test_captions_have_the_statements_of_their_figures(finished):
    captions = list((finished / "runs/report").rglob("*.rst"))
    told = {path for path in captions if ".. csv-table" in path.read_text()}
    assert len({path.parent.name for path in told}) > 2
    statements = pd.read_csv(finished / "results/statements.csv")
    for row in statements.dropna(subset="figure").itertuples():
        caption = finished / f"runs/report/{row.document}/{row.figure}.rst"
        if row.figure.startswith(("linear_boxes", "linear_heat")):
            continue  # the papers' sizes: these are smaller
        assert caption in told
        assert (finished / f"figures/{row.document}/{row.figure}.png").exists()
