"""hirn2026 in the DAG: tables agree with each other, and say what they were made from."""

import json

import numpy as np
import pandas as pd
import pytest

from betascan.spectroscopy import fit_threshold

MODES = ["estimator", "split", "rank", "pca_ratio", "threshold", "threshold_se", "utility"]
SPLITS = {"train", "validation", "test"}


@pytest.fixture(scope="module")
def results(finished):
    return finished / "results/hirn2026"


def test_modes_are_fitted_to_the_observables_of_their_estimator_and_split(results):
    modes = pd.read_csv(results / "modes.csv")
    assert list(modes.columns[:8]) == [*MODES, "pca_utility"]
    observables = pd.read_csv(results / "observables.csv.gz")
    assert len(observables) == 2 * 3 * 8 * 32  # estimators, splits, temperatures, latents
    latents = observables.set_index(["estimator", "split", "rank"]).sort_index()
    for row in modes.itertuples():
        latent = latents.loc[(row.estimator, row.split, row.rank)]
        expected = fit_threshold(latent["T"], latent["signal_fraction"], 0.1)
        np.testing.assert_allclose((row.threshold, row.threshold_se), expected, rtol=1e-6)
    counts = modes.groupby(["estimator", "split"])["rank"].max()
    assert counts.to_dict() == {(e, s): 18 for e in ("sampled", "analytic") for s in SPLITS}


def test_an_estimator_has_its_losses_and_distortions(results):
    protocol = pd.read_csv(results / "protocol.csv").set_index(["estimator", "T"])
    distortion = pd.read_csv(results / "distortion.csv.gz")
    whole = distortion.query("split == 'validation' and rank == 32").set_index(["estimator", "T"])
    assert set(protocol.index) == set(whole.index)
    # V times it is the squared error of posterior means, at most twice D, and D <= D + beta R
    V = protocol["beta"] / protocol.index.get_level_values("T")
    assert (V * whole["distortion"] / 2 <= protocol["validation_loss"] * (1 + 1e-6)).all()


def test_sizes_are_counted_and_compared(results):
    splits = pd.read_csv(results / "splits.csv")
    assert list(splits.columns) == ["split", "cells", "blocks", "area_share", "published"]
    assert splits["area_share"].sum() == pytest.approx(1)
    numbers = pd.read_csv(results / "numbers.csv").set_index("item")
    cells = [numbers.loc[f"cells_{name}", "ours"] for name in splits["split"]]
    assert cells == splits["cells"].tolist()
    batches = [numbers.loc[f"batches_{name}", "ours"] for name in splits["split"]]
    assert batches == [np.ceil(count / 256) for count in splits["cells"]]
    assert numbers.loc["epochs", "ours"] == pytest.approx(600 / batches[0])
    assert numbers.loc["patience", "ours"] == pytest.approx(60 / batches[0])
    assert numbers.loc["cells", "verdict"] == "inconclusive"
    assert set(numbers["verdict"]) == {"inconclusive", "by construction"}


def test_every_scan_has_its_numbers(results):
    replicates = pd.read_csv(results / "replicates.csv")
    scans = replicates.drop_duplicates(["draw", "seed"])[["draw", "seed"]]
    assert scans.to_numpy().tolist() == [[0, 0], [1, 0]]
    # those of the first scan are those of the tables that show it
    modes = pd.read_csv(results / "modes.csv").query("estimator == 'sampled' and split == 'test'")
    first = replicates.query("draw == 0 and seed == 0 and split == 'test'")
    thresholds = first[first["quantity"] == "threshold"]["value"]
    np.testing.assert_allclose(thresholds, modes["threshold"], rtol=1e-8)
    scale = replicates[(replicates["quantity"] == "scale_drift_lowest")]["value"]
    assert scale.nunique() == 4  # two scans, two splits


def test_statements_have_a_verdict_each_and_a_figure_that_shows_them(results, finished):
    statements = pd.read_csv(results / "statements.csv")
    assert not statements["statement"].duplicated().any()
    data = statements[statements["data"] == "climate, stand-in"]["verdict"]
    assert set(data) == {"inconclusive", "beyond the document"}
    for figure in statements["figure"]:
        assert (finished / f"figures/hirn2026/{figure}.png").exists()


def test_the_record_names_scale_and_stand_in(results):
    record = json.loads((results / "provenance.json").read_text())
    assert record["scale"] == "test"
    assert "stand-in" in record["data"]["source"]
    assert record["config"]["scan"]["updates"] == 600
    assert record["versions"]["torch"]
