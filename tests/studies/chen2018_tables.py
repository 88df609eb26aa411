"""Tables of chen2018 whose outcome is known."""

import math

import numpy as np
import pandas as pd

from betascan.studies.chen2018 import stability
from betascan.studies.chen2018.config import MODELS
from betascan.studies.chen2018.measure import TERMS
from betascan.studies.chen2018.tables import KEYS

BETAS, SEEDS = (1.0, 2.0, 4.0, 8.0), range(6)


def made_scores(better=1.0):
    """Scores in which beta-TCVAE is better than the others for `better` = 1, worse for -1."""
    rng, rows = np.random.default_rng(0), []
    cells = [(d, "A", b) for d in ("dsprites", "shapes3d") for b in BETAS]
    for dataset, sampling, beta in [*cells, *(("dsprites", s, 4.0) for s in "BCD")]:
        for model in MODELS:
            lead = {"beta_vae": 0.0, "factor_vae": 0.1}.get(model, 1.0) * better
            for seed in SEEDS:
                mig = 0.3 + 0.05 * lead * math.log2(beta) + 0.005 * rng.normal()
                values = {
                    "mig_chen": mig, "mig": mig, "rate": 20 / beta,
                    "elbo": -90 - beta * (2 - lead) + rng.normal(),
                    "objective": -500 - 100 * beta,
                    "total_correlation": 2 - 3 * mig + 0.01 * rng.normal(),
                }  # fmt: skip
                named = dict(zip(KEYS, (dataset, model, beta, seed, sampling), strict=True))
                rows += [{**named, "metric": m, "value": v} for m, v in values.items()]
    return pd.DataFrame(rows)


def made_terms():
    rng, rows = np.random.default_rng(0), []
    bias = {"exact": 0.0, "mws": 20.0, "mss": 0.1, "mss_as_coded": 0.5}
    for dataset in ("dsprites", "shapes3d"):
        for model in MODELS:
            for beta in BETAS:
                for term in TERMS:
                    for name, off in bias.items():
                        off = off * (1 + 0.1 * rng.random())
                        keys = dict(zip(KEYS, (dataset, model, beta, 0, "A"), strict=True))
                        made = {"term": term, "estimator": name, "samples": 100}
                        rows.append({**keys, **made, "value": 2 + off, "bias": off})
    return pd.DataFrame(rows)


def made_repeats(noise_of_mig=0.001):
    rng, rows = np.random.default_rng(0), []
    for metric, (_, settings) in stability.SETTINGS.items():
        noise = noise_of_mig if metric == "mig_chen" else 0.05
        for model in MODELS:
            for beta in BETAS:
                for place, setting in enumerate(settings):
                    for n in (100, 1000) if place == 0 else (1000,):
                        for repeat in range(3):
                            value = 0.1 * math.log2(beta) + 0.2 * place
                            value += noise * rng.normal() * (100 / n)
                            rows.append([model, beta, 0, metric, str(setting), place == 0, n,
                                         repeat, value])  # fmt: skip
    names = ["model", "beta", "seed", "metric", "setting", "usual", "samples", "repeat", "value"]
    return pd.DataFrame(rows, columns=names)


def made(folder, better=1.0, noise_of_mig=0.001):
    made_scores(better).to_csv(folder / "scores.csv", index=False)
    made_terms().to_csv(folder / "terms.csv", index=False)
    made_repeats(noise_of_mig).to_csv(folder / "repeats.csv", index=False)
    return [folder / f"{name}.csv" for name in ("scores", "terms", "repeats")]
