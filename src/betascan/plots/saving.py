"""Figures as files: PNG and PDF with a footer, the same bytes every time."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from betascan.core.files import staged
from betascan.plots.style import GUIDE, SMALL, themed

# what matplotlib would add: its own version, and the time
_METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "pdf": {"Creator": None, "Producer": None, "CreationDate": None},
}


@themed()
def save(figure: Figure, png: Path, pdf: Path, footer: str) -> None:
    """Write a figure with its footer, and close it.

    Parameters
    ----------
    figure : Figure
        Drawn within `themed`.
    png, pdf : Path
        The files; their folder is created.
    footer : str
        Scale and data; broken into lines if wider than the figure.

    Raises
    ------
    DataError
        The disk is full.
    """
    figure.supxlabel(footer, fontsize=SMALL, color=GUIDE, x=0.995, ha="right", wrap=True)
    for form, path in (("png", png), ("pdf", pdf)):
        with staged(path) as temporary:
            figure.savefig(temporary, format=form, metadata=_METADATA[form])
        figure.set_layout_engine("none")  # that of the PNG holds for both
    plt.close(figure)
