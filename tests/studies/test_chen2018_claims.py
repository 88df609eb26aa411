import pandas as pd
from chen2018_tables import made, made_scores

from betascan.studies.chen2018 import claims as claims_of


def judged(folder, scale="papers", standins=(), **kinds):
    path = folder / "claims.csv"
    claims_of.claims(*made(folder, **kinds), path, scale, standins)
    return pd.read_csv(path)


DIRECTIONS = ["beats_beta_vae", "beats_factor_vae", "elbo", "joint_B", "joint_C", "joint_D"]


def test_claims_that_hold(tmp_path):
    table = judged(tmp_path)
    named = ["item", "dataset", "of", "where", "statement", "published", "ours", "evidence"]
    assert list(table.columns) == [*named, "verdict"]
    told = table.groupby("item")["verdict"].agg(set)
    for item in [*DIRECTIONS, "noise", "settings", "mws_low", "mss_nearer", "as_coded_off"]:
        assert told[item] == {"holds"}, item
    of_tcvae = table[table["of"].str.startswith("beta-TCVAE")].groupby("item")["verdict"].agg(set)
    assert of_tcvae["rises"] == of_tcvae["correlation"] == {"holds"}
    numbers = table.set_index("item")
    assert numbers["verdict"]["best"] == "does not hold"  # 0.45 by construction
    assert numbers["verdict"]["rerun_objective"] == "holds"
    assert numbers["verdict"]["rerun_elbo"] == "does not hold"


def test_claims_that_do_not_hold(tmp_path):
    table = judged(tmp_path, better=-1, noise_of_mig=1.0)
    told = table.groupby("item")["verdict"].agg(set)
    for item in [*DIRECTIONS, "noise"]:
        assert told[item] == {"does not hold"}, item


def test_a_smaller_scale_bears_out_but_does_not_refute(tmp_path):
    told = judged(tmp_path, scale="laptop").groupby("item")["verdict"].agg(set)
    assert told["joint_D"] == told["noise"] == {"holds"}
    assert told["best"] == told["rerun_elbo"] == told["rerun_objective"] == {"scale cannot tell"}
    told = judged(tmp_path, scale="laptop", better=-1).groupby("item")["verdict"].agg(set)
    assert told["joint_D"] == {"not at this scale"}


def test_stand_ins_and_models_without_a_code_cannot_tell(tmp_path):
    table = judged(tmp_path, standins=["shapes3d"])
    of_methods = table["item"].isin(claims_of.METHODS)
    shapes = table[(table["dataset"] == "Shapes3D") & ~of_methods]
    assert set(shapes["verdict"]) == {"stand-in cannot tell"}
    scores = made_scores()
    scores.loc[scores["metric"] == "rate", "value"] = 0.1
    scores.to_csv(tmp_path / "scores.csv", index=False)
    paths = [tmp_path / f"{name}.csv" for name in ("scores", "terms", "repeats")]
    claims_of.claims(*paths, tmp_path / "claims.csv", "laptop", [])
    assert set(pd.read_csv(tmp_path / "claims.csv")["verdict"]) == {"scale cannot tell"}
