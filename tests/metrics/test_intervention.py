from inspect import unwrap

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from betascan.metrics import MetricError, beta_vae_score, factor_vae_score
from betascan.metrics.intervention import beta_vae_correct, least_variance, majority_vote

SIZES = (3, 6, 1, 8)
FEW = {"train_votes": 300, "test_votes": 200}


class Encoder:
    """A linear encoder that remembers the factors it was asked for."""

    def __init__(self, weights, noise=0.0):
        self.weights, self.noise, self.asked = np.asarray(weights, float), noise, []

    def __call__(self, factors):
        self.asked.append(factors)
        centred = factors / np.maximum(np.array(SIZES) - 1, 1) - 0.5
        rng = np.random.default_rng(len(self.asked))
        codes = centred @ self.weights
        return (codes + self.noise * rng.normal(size=codes.shape)).astype(np.float32)


def rotated(seed, latents=5):
    weights = np.random.default_rng(seed).normal(size=(4, latents))
    weights[:, 4] *= 0.01  # a collapsed latent
    return weights


def groups_of(encoder):
    """All groups of 64 that were encoded after the first call, (groups, 64, factors)."""
    return np.concatenate(encoder.asked[1:]).reshape(-1, 64, len(SIZES))


def shared_factor(group):
    constant = [k for k in range(len(SIZES)) if SIZES[k] > 1 and len(set(group[:, k])) == 1]
    assert len(constant) == 1
    return constant[0]


def test_factor_vae_equals_a_loop_over_the_same_groups():
    encoder = Encoder(rotated(18))
    score = factor_vae_score(encoder, SIZES, **FEW)
    groups = groups_of(encoder)
    everything = encoder(encoder.asked[0])
    assert everything.shape == (10_000, 5)
    variances = [np.var(code, ddof=1) for code in everything.T]
    active = [j for j in range(5) if variances[j] ** 0.5 >= 0.05]
    assert active == [0, 1, 2, 3]
    ballots = []
    for group in groups:
        codes = encoder(group)
        spread = [np.var(codes[:, j], ddof=1) / variances[j] for j in active]
        ballots.append((shared_factor(group), active[int(np.argmin(spread))]))
    counts = np.zeros((4, 5))
    for ballot in ballots[:300]:
        counts[ballot] += 1
    right = [np.argmax(counts[:, j]) == k for k, j in ballots[300:]]
    assert 0.3 < score < 1
    assert score == np.mean(right)


def test_factor_vae_of_known_encoders():
    assert factor_vae_score(Encoder(np.eye(4)), SIZES, **FEW) == 1
    assert factor_vae_score(Encoder(-3 * np.eye(4)[:, ::-1]), SIZES, **FEW) == 1
    assert factor_vae_score(Encoder(np.eye(4) * 0.05), SIZES, **FEW) == 0  # all collapsed
    assert factor_vae_score(Encoder(np.eye(4) * 0.3), SIZES, **FEW) == 1  # deviations of 0.1
    noise = factor_vae_score(Encoder(np.zeros((4, 3)), noise=1.0), SIZES, **FEW)
    assert noise < 0.6
    assert factor_vae_score(Encoder(np.ones((4, 1))), SIZES, **FEW) < 0.6  # one latent


def test_same_seed_same_score_other_seed_other_groups():
    first, second = Encoder(rotated(1)), Encoder(rotated(1))
    assert factor_vae_score(first, SIZES, **FEW) == factor_vae_score(second, SIZES, **FEW)
    other = Encoder(rotated(1))
    factor_vae_score(other, SIZES, seed=1, **FEW)
    assert (other.asked[0] != first.asked[0]).any()


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1000))
def test_factor_vae_does_not_care_for_order_sign_or_size_of_latents(seed):
    weights = rotated(seed)
    few = {"train_votes": 100, "test_votes": 100}
    score = factor_vae_score(Encoder(weights), SIZES, **few)
    rng = np.random.default_rng(seed)
    changed = weights[:, rng.permutation(5)] * rng.choice([-1, 1], 5)
    assert factor_vae_score(Encoder(changed), SIZES, **few) == pytest.approx(score, abs=0.02)
    scaled = weights[:, :4] * [4, 1, 20, 2]
    assert factor_vae_score(Encoder(scaled), SIZES, **few) == pytest.approx(score, abs=0.02)


def test_the_code_that_varies_least_for_its_size_votes():
    codes = np.random.default_rng(0).normal(size=(3, 64, 4)) * [1, 5, 1, 1]
    codes[0, :, 2], codes[1, :, 0] = 1.0, 2.0
    codes[2, :, 1] *= 0.5
    assert least_variance(codes, np.array([1.0, 25, 1, 1])).tolist() == [2, 0, 1]


def test_a_majority_by_hand():
    """Two factors; latent 0 votes for factor 1 in two of three groups of training, 2 is pruned."""
    spread = np.linspace(-1, 1, 64)
    still, moving = np.zeros(64), spread
    group = {0: np.stack([still, moving, still], 1), 1: np.stack([moving, still, still], 1)}
    fixed = np.array([1, 1, 0, 0, 1, 0, 0, 0])
    latent = [0, 0, 0, 1, 0, 0, 0, 1]
    groups = [(fixed[:2], np.stack([group[k] for k in latent[:2]]))]
    groups += [(fixed[2:], np.stack([group[k] for k in latent[2:]]))]
    variances = np.array([0.4, 0.4, 0.0])
    correct = majority_vote(groups, variances, n_train=4, n_test=4)
    assert correct.tolist() == [True, False, False, True]
    assert majority_vote(groups, 0.001 * variances, n_train=4, n_test=4).tolist() == [False] * 4


def test_beta_vae_equals_a_loop_over_the_same_pairs():
    encoder = Encoder(rotated(16))
    score = beta_vae_score(encoder, SIZES, train_points=300, test_points=200)
    points, shared = [], []
    calls = iter(encoder.asked[:])
    for first, second in zip(calls, calls, strict=True):
        pairs = zip(first.reshape(-1, 64, 4), second.reshape(-1, 64, 4), strict=True)
        for one, two in pairs:
            same = [k for k in (0, 1, 3) if (one[:, k] == two[:, k]).all()]
            assert len(same) == 1
            shared.append(same[0])
            points.append(np.abs(encoder(one) - encoder(two)).mean(axis=0))
    model = LogisticRegression(random_state=0).fit(points[:300], shared[:300])
    assert 0.3 < score < 1
    assert score == model.score(points[300:], shared[300:])


def test_beta_vae_of_known_encoders():
    few = {"train_points": 500, "test_points": 300}
    assert beta_vae_score(Encoder(np.eye(4)), SIZES, **few) == 1
    assert beta_vae_score(Encoder(np.zeros((4, 2)), noise=1.0), SIZES, **few) < 0.6


def test_one_clear_line_for_what_cannot_be_scored():
    with pytest.raises(MetricError, match="factor sizes must be whole numbers, one above 1"):
        factor_vae_score(Encoder(np.eye(4)), (1, 1))
    for sizes in [], (2.5, 3), (2, 0):
        untyped = unwrap(beta_vae_correct)  # of the type check in tests
        with pytest.raises(MetricError, match="factor sizes must be whole numbers"):
            untyped(Encoder(np.eye(4)), np.array(sizes))
    with pytest.raises(MetricError, match="train_votes must be a whole number of at least 1"):
        factor_vae_score(Encoder(np.eye(4)), SIZES, train_votes=0)
    with pytest.raises(MetricError, match="all training points share the same factor"):
        beta_vae_score(Encoder(np.eye(4)), SIZES, train_points=1)
    with pytest.raises(MetricError, match="at least two factors that vary"):
        beta_vae_score(Encoder(np.eye(4)), (1, 3))
    with pytest.raises(MetricError, match="codes have NaN in row 0, column 0"):
        factor_vae_score(Encoder(np.eye(4) * np.nan), SIZES)
    with pytest.raises(MetricError, match="encode returned 7 codes for 10000 samples"):
        factor_vae_score(lambda _: np.ones((7, 2)), SIZES)
