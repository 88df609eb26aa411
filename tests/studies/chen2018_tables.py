"""Tables of chen2018 whose outcome is known."""

import math

import numpy as np
import pandas as pd

from betascan.studies.chen2018 import rotation, stability
from betascan.studies.chen2018.config import MODELS, REPEATED, VARIANTS
from betascan.studies.chen2018.measure import TERMS
from betascan.studies.chen2018.tables import KEYS

BETAS, SEEDS = (1.0, 2.0, 4.0, 8.0), range(6)
LEAD = {"tcvae_mws": 1.0, "tcvae_mss": 0.9, "tcvae_gamma": 0.5, "beta_vae_laplace": 0.3}
LEAD |= {"tcvae_alpha": 0.2, "factor_vae": 0.1, "beta_vae": 0.0}
"""How much of 0.05 in MIG a model gains whenever beta doubles."""


def made_scores(better=1.0):
    """Scores in which beta-TCVAE is better than the others for `better` = 1, worse for -1."""
    cells = [(d, "A", b, m) for d in ("dsprites", "shapes3d") for b in BETAS for m in MODELS]
    return _scores([*cells, *(("dsprites", "A", 4.0, model) for model in VARIANTS)], better)


def made_joint_scores(better=1.0):
    """The same under dependent joint distributions, at one beta."""
    return _scores([("dsprites", s, 4.0, model) for s in "BCD" for model in MODELS], better)


def _scores(cells, better):
    rng, rows = np.random.default_rng(0), []
    for dataset, sampling, beta, model in cells:
        lead = LEAD[model] * better
        for seed in SEEDS:
            mig = 0.3 + 0.05 * lead * math.log2(beta) + 0.005 * rng.normal()
            values = {
                "mig_chen": mig, "mig": mig, "rate": 20 / beta,
                "elbo": -80 - 3 * beta * (2 - lead) + rng.normal(),
                "objective": -500 - 100 * beta,
                "total_correlation": 2 - 3 * better * mig + 0.01 * rng.normal(),
            }  # fmt: skip
            named = dict(zip(KEYS, (dataset, model, beta, seed, sampling), strict=True))
            rows += [{**named, "metric": m, "value": v} for m, v in values.items()]
    return pd.DataFrame(rows)


def made_terms(mws=20.0, mss=0.1):
    """Terms of the ELBO with these biases of two estimators, in nats."""
    rng, rows = np.random.default_rng(0), []
    bias = {"exact": 0.0, "mws": mws, "mss": mss, "mss_as_coded": 0.5}
    for dataset in ("dsprites", "shapes3d"):
        for model in MODELS:
            for beta in BETAS:
                for seed in (0, 1, 2):
                    for term in TERMS:
                        for name, off in bias.items():
                            off = off * (1 + 0.1 * rng.random())
                            keys = dict(zip(KEYS, (dataset, model, beta, seed, "A"), strict=True))
                            made = {"term": term, "estimator": name, "samples": 100}
                            rows.append({**keys, **made, "value": 2 + off, "bias": off})
    return pd.DataFrame(rows)


def made_repeats(noise_of_mig=0.001, settings_of_mig=0.0):
    """Scores again; other metrics have a noise of 0.05, and move by 0.2 with each setting."""
    rng, rows = np.random.default_rng(0), []
    for metric, (_, settings) in stability.SETTINGS.items():
        is_mig = metric.startswith("mig")
        noise, step = (noise_of_mig, settings_of_mig) if is_mig else (0.05, 0.2)
        for model in REPEATED:
            for beta in BETAS:
                for seed in (0, 1, 2):
                    for place, setting in enumerate(settings):
                        for n in (100, 1000) if place == 0 else (1000,):
                            for repeat in range(3):
                                value = 0.1 * math.log2(beta) + step * place
                                value += noise * rng.normal() * (100 / n)
                                rows.append([model, beta, seed, metric, str(setting), place == 0,
                                             n, repeat, value])  # fmt: skip
    names = ["model", "beta", "seed", "metric", "setting", "usual", "samples", "repeat", "value"]
    return pd.DataFrame(rows, columns=names)


def made_rotations(loss=0.5):
    """Scores that lose this share at 45 degrees, with Laplace latents 0.1 less."""
    rows = []
    for model in (*MODELS, "beta_vae_laplace"):
        for seed in SEEDS:
            for metric in rotation.METRICS:
                for degrees in rotation.DEGREES:
                    lost = loss - 0.1 * (model == "beta_vae_laplace")
                    lost *= math.sin(math.radians(2 * degrees)) ** 2
                    value = (0.3 + 0.01 * seed) * (1 - lost)
                    keys = dict(zip(KEYS, ("dsprites", model, 4.0, seed, "A"), strict=True))
                    rows.append({**keys, "metric": metric, "degrees": degrees, "value": value})
    return pd.DataFrame(rows)


def made(folder):
    made_scores().to_csv(folder / "scores.csv", index=False)
    made_joint_scores().to_csv(folder / "joint_scores.csv", index=False)
    made_terms().to_csv(folder / "terms.csv", index=False)
    made_repeats().to_csv(folder / "repeats.csv", index=False)
    made_rotations().to_csv(folder / "rotations.csv", index=False)
    names = ("scores", "terms", "repeats", "rotations", "joint_scores")
    return [folder / f"{name}.csv" for name in names]
