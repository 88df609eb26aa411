import math

import numpy as np
import pandas as pd
import pytest

from betascan.data import dsprites
from betascan.metrics import beta_vae_score, factor_vae_score
from betascan.studies.chen2018 import repeats, stability


@pytest.fixture(scope="module")
def codes():
    """Codes that are the factors of dSprites themselves, and noise."""
    rng = np.random.default_rng(0)
    factors = dsprites.GRID.classes(dsprites.GRID.draw(20_000, 0))
    scaled = factors / (np.array(dsprites.GRID.sizes) - 1)
    mean = np.concatenate([scaled, 0.5 * rng.normal(size=(len(scaled), 3))], axis=1)
    return stability.Posteriors(mean, np.full_like(mean, -8.0), factors, (1, 2, 3, 4))


@pytest.mark.parametrize(
    ("ours", "other"),
    [(stability._factor_vae, factor_vae_score), (stability._beta_vae, beta_vae_score)],
)
def test_scores_of_stored_images_are_those_of_the_metrics(codes, ours, other):
    rng = np.random.default_rng(1)
    mixed = codes.mean[:, :5] @ rng.normal(size=(5, 6))  # hard enough for a score below 1
    held = stability.Posteriors(mixed, codes.log_variance, codes.factors, (1, 2))
    lookup = {tuple(v): z for v, z in zip(codes.factors, mixed, strict=True)}
    assert len(lookup) == len(mixed)
    sizes = np.array(dsprites.GRID.sizes)
    mixing = np.random.default_rng(1).normal(size=(5, 6))

    def encode(factors):
        return factors / (sizes - 1) @ mixing

    found = [ours(held, 1000, np.random.default_rng(k)) for k in range(3)]
    counts = {"train_votes": 1000, "test_votes": 500}
    if other is beta_vae_score:
        counts = {"train_points": 1000, "test_points": 500}
    expected = other(encode, dsprites.GRID.sizes, **counts)
    assert 0.3 < expected < 1
    assert np.mean(found) == pytest.approx(expected, abs=0.08)


def test_perfect_codes_score_well_by_every_metric_and_noise_by_none(codes):
    noise = np.random.default_rng(2).normal(size=codes.mean.shape)
    blind = stability.Posteriors(noise, codes.log_variance, codes.factors, codes.chosen)
    for metric, (score, _) in stability.SETTINGS.items():
        good, bad = (score(of, 400, np.random.default_rng(0)) for of in (codes, blind))
        assert good > bad, metric
        assert bad < 0.4, metric
    assert stability._factor_vae(codes, 400, np.random.default_rng(0)) == 1


def test_groups_share_their_factor(codes):
    fixed, rows = stability.shared(codes.factors, 200, 16, np.random.default_rng(0))
    classes = codes.factors[rows]
    same = (classes == classes[:, :1]).all(axis=1)
    assert same[np.arange(200), fixed].all()
    assert set(fixed) == set(range(5))


def test_repeated_scores_do_not_depend_on_what_else_is_scored(codes, monkeypatch):
    """Each has random numbers of its own, by metric, setting, samples and repeat."""
    drawn = {
        metric: (lambda prepared, n, random, **setting: random.random(), settings)
        for metric, (_, settings) in stability.SETTINGS.items()
    }
    monkeypatch.setattr(stability, "SETTINGS", drawn)
    one = stability.repeated(codes, [20, 40], 2, seed=0)
    assert one["value"].is_unique
    other = stability.repeated(codes, [40], 2, seed=0)
    keys = ["metric", "setting", "samples", "repeat"]
    joined = one.merge(other, on=keys)
    assert len(joined) == len(other)
    assert (joined["value_x"] == joined["value_y"]).all()


def test_errors_by_hand():
    rows = [
        ("m", "usual", True, n, model, 1.0, 0, repeat, value)
        for model, base in (("a", 0.0), ("b", 2.0))
        for n, values in ((10, (base + 1, base + 2)), (100, (base - 0.5, base + 0.5)))
        for repeat, value in enumerate(values)
    ]
    names = ["metric", "setting", "usual", "samples", "model", "beta", "seed", "repeat", "value"]
    table = pd.DataFrame(rows, columns=names)
    unit = math.sqrt(2)  # deviation of 0 and 2
    assert repeats.between_model_std(table)["m"] == pytest.approx(unit)
    error = repeats.errors(table).set_index(["model", "samples"])["error"]
    assert error["a", 10] == pytest.approx(math.sqrt((1 + 4) / 2) / unit)
    assert error["b", 100] == pytest.approx(0.5 / unit)


def test_the_deviation_over_repeats_has_none_of_that_between_seeds():
    """Two seeds whose scores are 5 apart; each moves by 1 from repeat to repeat."""
    rows = [
        ("m", usual, usual == "yes", 10, "a", 1.0, seed, repeat, 5.0 * seed + repeat)
        for usual in ("yes", "no")
        for seed in (1, 2)
        for repeat in (0, 1, 2)
    ]
    names = ["metric", "setting", "usual", "samples", "model", "beta", "seed", "repeat", "value"]
    table = repeats.deviations(pd.DataFrame(rows, columns=names))
    assert list(table["seed"]) == [1, 2]
    assert list(table["deviation"]) == pytest.approx([1.0, 1.0])
