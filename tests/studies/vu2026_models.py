"""Small data of vu2026's linear study, and three starts of models of them."""

from betascan.studies.vu2026.linear_data import Data
from betascan.studies.vu2026.linear_solver import Starts


def small(observed=9, latents=3, factors=2):
    return Data.draw(observed, factors, 0.05, 1, 0), Starts.draw(observed, latents, 3, 0)
