"""What a run will train, and for how long: said before it starts."""

import os

from betascan.config import Config

# compiled kernel, 19 features, 32 latents, batch 256, one core (benchmarks/scan.py); a point of
# the papers' scan stops after about half its updates, but what may come is what is announced
MICROSECONDS_AN_UPDATE = 26


def describe(config: Config) -> str:
    """Return one line a study: trainings, updates and expected minutes on this machine's cores."""
    scan = config.hirn2026.scan
    points = len(scan.estimators) * len(scan.temperatures.grid())
    cores = os.cpu_count() or 1
    minutes = points * scan.updates * MICROSECONDS_AN_UPDATE / 1e6 / 60 / cores
    return (
        f"betascan, scale {config.scale}: hirn2026 trains {points} linear VAEs of at most "
        f"{scan.updates:,} updates, about {max(1, round(minutes))} minutes on {cores} cores"
    )
