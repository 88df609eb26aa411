"""The definitions again, the slow way: loops over pairs, one library call each."""

import math
from collections import Counter

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import mutual_info_score, roc_auc_score
from sklearn.preprocessing import MultiLabelBinarizer
from sklearn.svm import LinearSVC

SIZES = (3, 6, 5, 4)


def example(seed, n=600, sizes=SIZES, latents=6, noise=0.1, mixing=0.2, dtype=np.float32):
    """Codes that hold each factor in one latent, mixed and noisy, and the factors."""
    rng = np.random.default_rng(seed)
    factors = np.column_stack([rng.integers(size, size=n) for size in sizes])
    weights = mixing * rng.normal(size=(len(sizes), latents))
    weights[np.arange(len(sizes)), rng.permutation(latents)[: len(sizes)]] += 1
    centred = factors / (np.array(sizes) - 1) - 0.5
    codes = centred @ weights + noise * rng.normal(size=(n, latents))
    return codes.astype(dtype), factors


def bins_of(code, bins=20):
    return np.digitize(code, np.histogram(code, bins)[1][:-1])


def information_by_counting(code, factor):
    n = len(factor)
    joint, left, right = Counter(zip(code, factor, strict=True)), Counter(code), Counter(factor)
    return sum(c / n * math.log(c * n / (left[a] * right[b])) for (a, b), c in joint.items())


def mutual_information(codes, factors, bins=20):
    return np.array([[mutual_info_score(f, bins_of(c, bins)) for f in factors.T] for c in codes.T])


def mig_of(information, entropies):
    gaps = [sorted(column)[-1] - sorted(column)[-2] for column in information.T]
    return np.mean([gap / h for gap, h in zip(gaps, entropies, strict=True)])


def mig(codes, factors, bins=20):
    entropies = [mutual_info_score(f, f) for f in factors.T]
    return mig_of(mutual_information(codes, factors, bins), entropies)


def modularity(codes, factors):
    scores = []
    for squares in mutual_information(codes, factors) ** 2:
        best = max(squares)
        rest = sum(squares) - best
        scores.append(1 - rest / (best * (len(squares) - 1)) if best > 0 else 0.0)
    return np.mean(scores)


def sap(codes, factors, test_codes, test_factors, **options):
    gaps = []
    for f, test_f in zip(factors.T, test_factors.T, strict=True):
        accuracies = []
        for c, test_c in zip(codes.T, test_codes.T, strict=True):
            machine = LinearSVC(C=0.01, class_weight="balanced", **options).fit(c[:, None], f)
            accuracies.append(np.mean(machine.predict(test_c[:, None]) == test_f))
        accuracies.sort()
        gaps.append(accuracies[-1] - accuracies[-2])
    return np.mean(gaps)


def importances(codes, factors, seed=0):
    models = [GradientBoostingClassifier(random_state=seed).fit(codes, f) for f in factors.T]
    return np.abs(np.column_stack([m.feature_importances_ for m in models])), models


def explicitness(codes, factors, test_codes, test_factors):
    mean, deviation = np.mean(codes, axis=0), np.std(codes, axis=0)
    scores = []
    for f, test_f in zip(factors.T, test_factors.T, strict=True):
        model = LogisticRegression().fit((codes - mean) / deviation, f)
        truth = MultiLabelBinarizer().fit_transform(test_f[:, None])
        scores.append(roc_auc_score(truth, model.predict_proba((test_codes - mean) / deviation)))
    return np.mean(scores)
