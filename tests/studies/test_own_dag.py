"""A table of one's own in the DAG: the example, and a file that is not there."""

import json

import numpy as np
import pandas as pd
from dag import planned, snakemake


def test_the_example_says_which_beta(finished):
    choose = pd.read_csv(finished / "results/own/choose.csv")
    assert choose.loc[choose["chosen"], "T"].tolist() == [0.01]
    np.testing.assert_allclose(choose["beta_sum_half"], 30 * choose["T"])  # standardised columns
    record = json.loads((finished / "results/own/provenance.json").read_text())
    assert (record["columns"], record["train"] + record["validation"] + record["test"]) == (30, 569)
    assert (finished / "figures/own/choose.png").exists()
    assert not list((finished / "results/own").glob("checkpoint*"))


def test_a_file_of_ones_own_takes_the_place_of_the_example(finished, tmp_path):
    path = tmp_path / "my.csv"
    path.write_text("x,y\n1,2\n2,1\n3,5\n")
    run = snakemake(finished, "own", "--dry-run", "--config", f"own={path}")
    assert planned(run) == {"own", "own_analysis", "own_page", "own_choose"}


def test_a_file_that_is_not_there_is_one_line_and_nothing_is_lost(finished):
    run = snakemake(finished, "own", "--config", "own=nothing.csv")
    assert run.returncode != 0
    assert "betascan: own.file: nothing.csv does not exist: give the path" in run.stderr
    assert "Traceback" not in run.stderr
    assert (finished / "results/own/choose.csv").exists()
