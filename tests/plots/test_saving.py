import os
import subprocess
import sys

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
from drawn import smallest, texts

from betascan import plots
from betascan.plots.style import COLUMN

DRAW = r"""
import hashlib, sys
from pathlib import Path
from betascan import plots  # before anything else imports matplotlib
import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
from betascan.plots import boxes, heatmap, style

folder = Path(sys.argv[1])
table = pd.DataFrame({"beta": [1.0] * 6, "lam": [0.0] * 6, "mig": [0.1, 0.2, 0.4, 0.1, 0.3, 0.2]})
with plots.themed():
    figure, (left, right) = plt.subplots(1, 2)
    boxes.boxes(left, table, x="beta", y="mig", hue="lam", order=[1.0], looks=style.ordinal([0.0]))
    left.set(xlabel=r"$\beta$", title="MIG")
    heatmap.heatmap(right, table.head(2), ".2f")
    plots.save(figure, folder / "a.png", folder / "a.pdf", "scale: papers")
for name in ("a.png", "a.pdf"):
    print(hashlib.sha256((folder / name).read_bytes()).hexdigest())
"""
SETTINGS = """
text.usetex: True
font.family: serif
axes.grid: True
axes.facecolor: red
savefig.bbox: tight
savefig.dpi: 50
figure.figsize: 1, 1
lines.linewidth: 9
pdf.compression: 0
"""


def plotted():
    figure, ax = plt.subplots(figsize=(COLUMN, 2))
    ax.plot([1, 2], label="line")
    ax.legend()
    return figure


@pytest.fixture
def figure():
    return plotted()


def hashes(folder, **environment):
    inherited = {k: v for k, v in os.environ.items() if k not in ("MPLBACKEND", "MATPLOTLIBRC")}
    command = [sys.executable, "-c", DRAW, str(folder)]
    run = subprocess.run(
        command, env=inherited | environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.split()


def test_the_same_bytes_whatever_the_user_has_configured(tmp_path):
    (tmp_path / "matplotlibrc").write_text(SETTINGS)
    hostile = hashes(
        tmp_path,
        MPLBACKEND="module://matplotlib_inline.backend_inline",
        MATPLOTLIBRC=str(tmp_path / "matplotlibrc"),
        TZ="Asia/Tokyo",
    )
    assert len(hostile) == 2
    assert hostile == hashes(tmp_path)


def test_a_figure_may_be_saved_after_the_theme(tmp_path):
    plots.save(plotted(), tmp_path / "in.png", tmp_path / "in.pdf", "footer")
    figure = plotted()
    with mpl.rc_context({"savefig.dpi": 50, "savefig.bbox": "tight", "pdf.fonttype": 3}):
        plots.save(figure, tmp_path / "after.png", tmp_path / "after.pdf", "footer")
    for suffix in ("png", "pdf"):
        within = (tmp_path / f"in.{suffix}").read_bytes()
        assert (tmp_path / f"after.{suffix}").read_bytes() == within


def test_files_hold_no_time_and_no_version(figure, tmp_path):
    png, pdf = tmp_path / "new" / "a.png", tmp_path / "new" / "a.pdf"
    plots.save(figure, png=png, pdf=pdf, footer="scale: papers")
    assert png.read_bytes().startswith(b"\x89PNG")
    assert b"tEXt" not in png.read_bytes()
    content = pdf.read_bytes()
    assert content.startswith(b"%PDF")
    assert b"Date" not in content
    assert b"atplotlib" not in content
    assert list(png.parent.iterdir()) in ([png, pdf], [pdf, png])
    assert not plt.fignum_exists(figure.number)


def test_a_long_footer_is_broken_within_the_figure(figure, tmp_path):
    footer = "betascan hirn2026 · scale: papers · data: WorldClim 2.1, 10' · " + "more of it " * 9
    plots.save(figure, tmp_path / "a.png", tmp_path / "a.pdf", footer)
    (printed,) = [text for text in texts(figure) if text.get_text() == footer]
    box = printed.get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.x1
    assert box.height > 2 * printed.get_fontsize() * figure.dpi / 72  # three lines
    axes = figure.axes[0].get_tightbbox()
    assert axes.y0 >= box.y1  # which the axes make room for
    assert smallest(figure) >= 6


def test_text_in_the_pdf_can_be_searched(figure, tmp_path):
    plots.save(figure, tmp_path / "a.png", tmp_path / "a.pdf", "scale: papers")
    content = (tmp_path / "a.pdf").read_bytes()
    assert b"/Subtype /Type3" not in content
    assert b"/Subtype /CIDFontType2" in content or b"/Subtype /TrueType" in content
