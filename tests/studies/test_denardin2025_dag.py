"""denardin2025 in the DAG: every table and figure of the slides, and what a model leaves."""

import json

import pandas as pd
import torch
from dag import signature

from betascan.models import load
from betascan.studies.denardin2025.statements import STATEMENTS
from betascan.studies.judgement import Verdict


def test_tables_scores_and_statements(finished):
    results = finished / "results/denardin2025"
    named = ["value", "column", "ours", "standard_error", "printed", "logged"]
    for number, columns in ("01", 2), ("02", 5), ("03", 2), ("04", 5):
        table = pd.read_csv(results / f"table{number}.csv")
        assert list(table.columns[:6]) == named
        assert len(table) == 2 * columns  # two weights here
        assert table["ours"].notna().all()
        assert (results / f"table{number}.tex").exists()
    scores = pd.read_csv(results / "scores.csv")
    assert len(scores.groupby(["dataset", "model", "weight", "seed"])) == 8
    assert {"disentanglement_lib", "denardin2025", "lightgbm"} <= set(scores["convention"])
    terms = pd.read_csv(results / "rate_terms.csv")
    assert len(terms) == 8 * 3
    parts = terms.groupby(["dataset", "model", "weight"])["value"].sum()
    rates = scores[scores["metric"] == "rate"].set_index(["dataset", "model", "weight"])["value"]
    assert (parts - rates).abs().max() < 0.5  # of other images, and from samples
    statements = pd.read_csv(results / "statements.csv")
    assert len(statements) == len(STATEMENTS)
    # a handful of steps show nothing
    assert set(statements["verdict"]) == {Verdict.UNDECIDED, Verdict.CONTRADICTION}
    provenance = json.loads((results / "provenance.json").read_text())
    assert provenance["trainings"] == 8 + 2  # two again, from the next lower beta
    assert any("stand-in" in data["source"] for data in provenance["data"])


def test_a_model_can_be_used_again(finished):
    name = signature(finished, "denardin2025", dataset="dsprites", model="factor_vae", weight=16)
    trained, scored = (finished / f"runs/{part}/{name}" for part in ("models", "denardin2025"))
    saved = load(trained / "model.pt")
    vae = saved.vae()
    assert saved.run.objective.gamma == 16
    assert vae.encode(torch.zeros(3, 1, 32, 32)).mean.shape == (3, 10)
    assert vae.decode(torch.zeros(3, 10)).shape == (3, 1, 32, 32)
    card = json.loads((trained / "card.json").read_text())
    assert card["signature"] == name
    assert card["temperature"] > 0
    assert card["run"]["objective"]["gamma"] == 16
    scores = pd.read_csv(scored / "scores.csv")
    named = ["dataset", "model", "weight", "seed", "metric", "convention", "value", "low", "high"]
    assert list(scores.columns) == [*named, "samples"]
    assert set(scores["weight"]) == {16}
    information = pd.read_csv(scored / "information.csv")
    assert len(information) == 10 * 5
    history = pd.read_csv(trained / "history.csv")
    assert {"validation_reconstruction", "d_real", "validation_d_real"} <= set(history.columns)
