"""vu2026's linear study in the DAG: every table and figure."""

import json

import pandas as pd
import pytest

FIGURES = [
    "contraction",
    *[f"linear_boxes_{size}" for size in ("n12", "n16")],
    *[f"linear_heatmaps_{s}_{m}" for s in ("n12", "n16") for m in ("fixed_point", "adamw")],
]


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure(finished, figure):
    stem = finished / f"figures/vu2026/{figure}"
    assert stem.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert stem.with_suffix(".pdf").read_bytes().startswith(b"%PDF")


def test_every_table(finished):
    results = finished / "results/vu2026"
    cells = pd.read_csv(results / "linear.csv")
    named = ["n", "method", "metric", "lambda", "beta", "mean", "standard_error", "published"]
    assert list(cells.columns[: len(named)]) == named
    assert set(cells["metric"]) == {"recon", "SAP", "Im"}
    assert len(cells) == 2 * 2 * 3 * 2 * 2  # sizes, methods, metrics, lambdas, betas
    assert cells["mean"].notna().all()
    assert set(cells["verdict"]) == {"scale cannot tell"}
    runs = pd.read_csv(results / "linear_runs.csv.gz")
    assert len(runs) == 2 * 2 * 2 * 2 * 3  # with starts in place of metrics
    # alternating updates come near the optimum in as little as 30 sweeps
    exact = cells[(cells["method"] == "fixed_point") & cells["closed_form"].notna()]
    assert (exact["mean"] - exact["closed_form"]).abs().max() < 0.01
    claims = pd.read_csv(results / "linear_claims.csv").set_index("item")
    assert (claims["verdict"][["gain", "threshold", "kept"]] == "holds").all()  # at any scale
    assert set(claims["verdict"]["SAP"]) == {"scale cannot tell"}
    provenance = json.loads((results / "provenance.json").read_text())["linear"]
    assert provenance["scale"] == "test"
    assert provenance["training_seconds"] >= 0
