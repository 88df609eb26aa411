"""outlook: what is measured of nonlinear scans, and its statements."""

import numpy as np
import pandas as pd
import pytest

from betascan.studies.judgement import Verdict
from betascan.studies.outlook.statements import STATEMENTS
from betascan.theory import landau

RATIOS = np.array([0.6, 0.3, 0.08, 0.02])
T = np.geomspace(1e-3, 1, 13)


def modes(utility=RATIOS, threshold=RATIOS, departure=0.01, scatter=0.01, seeds=(0, 1, 2)):
    """A spectrum of each seed, on both splits."""
    frames = []
    for seed in seeds:
        factor = np.exp(scatter * (seed - 1))
        frame = {"seed": seed, "rank": range(1, 5), "pca_ratio": RATIOS, "pca_utility": RATIOS}
        frame |= {"threshold": np.multiply(threshold, factor), "threshold_se": 0.001}
        frame |= {"departure": departure * factor, "utility": np.multiply(utility, factor)}
        frames += [pd.DataFrame(frame).assign(split=split) for split in ("train", "test")]
    return pd.concat(frames, ignore_index=True)


def points(fewer, seeds=(0, 1, 2)):
    """Active latents over T, by so many fewer than the linear law at the same distortion."""
    law = (landau.signal_fraction(T[:, None], RATIOS) > 0.1).sum(1)
    frames = []
    for seed in seeds:
        frame = {"seed": seed, "split": "test", "T": T, "at_rest": T > 2e-3}
        frame |= {"linear_active_at_distortion": law}
        frame |= {"active": np.maximum(law - fewer - (seed == 1) * (T < 0.1), 0)}
        frames.append(pd.DataFrame(frame))
    return pd.concat(frames)


CASES = {  # the tables that bear a statement out, and those that refute it
    "nonlinear_concentrates": ({"points": points(1)}, {"points": points(-1)}),
    "first_latent": (
        {"modes": modes(utility=[0.8, 0.15, 0.04, 0.01])},
        {"modes": modes(utility=[0.4, 0.3, 0.2, 0.1])},
    ),
    "nonlinear_duality": ({"modes": modes()}, {"modes": modes(threshold=RATIOS / 3)}),
    "nonlinear_law": ({"modes": modes()}, {"modes": modes(departure=0.3)}),
    "nonlinear_stable": ({"modes": modes()}, {"modes": modes(scatter=1)}),
}


def test_every_statement_has_its_cases():
    assert [statement.name for statement in STATEMENTS] == list(CASES)
    assert {statement.about for statement in STATEMENTS} == {"beyond"}


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda statement: statement.name)
def test_a_statement_can_come_out_either_way(statement):
    for_it, against_it = CASES[statement.name]
    assert statement.judge(**for_it).verdict == Verdict.REPRODUCED
    assert statement.judge(**against_it).verdict == Verdict.NOT_REPRODUCED


def test_points_whose_updates_ran_out_say_nothing_about_concentration():
    restless = points(1)
    restless.loc[~restless["at_rest"], "active"] = 100
    judge = next(s.judge for s in STATEMENTS if s.name == "nonlinear_concentrates")
    assert judge(points=restless) == judge(points=points(1))
