"""Statements: what leaves a verdict open, and that every statement can come out either way."""

import pandas as pd
import pytest

from betascan.studies import judgement, statements
from betascan.studies.judgement import Verdict
from betascan.studies.statements import Statement


def rises(scores):
    return judgement.trend(scores["beta"], scores["error"], rises=True)


SCORES = pd.DataFrame({"beta": [1, 2, 4, 8, 16], "error": [1.0, 2, 3, 4, 5], "other": 0})
RISES = Statement("rises", "Errors rise with beta.", "Table 1", rises, dataset="dsprites")


@pytest.mark.parametrize(
    ("changes", "scale", "standins", "verdict"),
    [
        ({}, "papers", [], Verdict.REPRODUCED),
        ({}, "demo", ["shapes3d"], Verdict.REPRODUCED),  # a law shows at any scale
        ({}, "papers", ["dsprites"], Verdict.UNDECIDED),
        ({"about": "data"}, "papers", [], Verdict.REPRODUCED),
        ({"about": "data"}, "demo", [], Verdict.UNDECIDED),
        ({"about": "beyond"}, "papers", [], Verdict.BEYOND),
        ({"contradiction": "Table 2 falls"}, "papers", [], Verdict.CONTRADICTION),
        ({"construction": "errors are betas"}, "papers", [], Verdict.BY_CONSTRUCTION),
    ],
)
def test_scale_stand_in_and_document_leave_a_verdict_open(changes, scale, standins, verdict):
    statement = Statement(**{**vars(RISES), **changes})
    outcome = statements.judge(statement, {"scores": SCORES, "more": SCORES}, scale, standins)
    assert outcome.verdict == verdict
    assert outcome.estimate == pytest.approx(1)  # which stands in any case


def test_a_table_of_statements_has_a_row_each(tmp_path):
    SCORES.to_csv(tmp_path / "scores.csv", index=False)
    path = tmp_path / "statements.csv"
    statements.write([RISES], {"scores": tmp_path / "scores.csv"}, path, "demo", ["dsprites"])
    row = pd.read_csv(path).iloc[0]
    assert row["verdict"] == "inconclusive"
    assert row["reason"].startswith("stand-in; p = 0.0083")  # one of 120 orders
    assert row["data"] == "dsprites, stand-in"
    assert (row["kind"], row["estimate"]) == ("trend", 1)
