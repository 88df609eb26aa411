"""The figure."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure


def rate(table: Path) -> Figure:
    """Draw rate against beta."""
    rows = pd.read_csv(table)
    figure, ax = plt.subplots()
    ax.plot(rows["beta"], rows["rate"], marker="o")
    ax.set(xlabel=r"$\beta$", ylabel="rate (nats)", xscale="log")
    return figure
