import re
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
import seaborn as sns
from matplotlib.colors import to_rgb

from betascan import plots
from betascan.plots import style

# Machado, Oliveira and Fernandes 2009, severity 1: linear RGB as people without L or M cones see it
PROTANOPIA = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
              [-0.003882, -0.048116, 1.051998]]  # fmt: skip
DEUTERANOPIA = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                [-0.011820, 0.042940, 0.968881]]  # fmt: skip


def lab(rgb):
    """CIE L*a*b* under D65 of linear RGB."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    x, y, z = np.cbrt(np.clip(rgb, 0, 1) @ np.transpose(to_xyz) / [0.9505, 1, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def linear(colour):
    rgb = np.array(to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


@pytest.mark.parametrize("cones", [np.eye(3), PROTANOPIA, DEUTERANOPIA])
def test_models_can_be_told_apart_without_all_cones(cones):
    seen = [lab(np.array(cones) @ linear(look["color"])) for look in style.MODEL_LOOKS.values()]
    distances = [np.linalg.norm(a - b) for k, a in enumerate(seen) for b in seen[:k]]
    assert min(distances) > 10  # some four just noticeable differences
    assert len({look["marker"] for look in style.MODEL_LOOKS.values()}) == len(seen)


def test_ordered_levels_go_from_dark_to_light():
    looks = style.ordinal([0.0, 2.0, 8.0, 32.0])
    assert list(looks) == [0.0, 2.0, 8.0, 32.0]
    lightness = [lab(linear(look["color"]))[0] for look in looks.values()]
    assert (np.diff(lightness) > 10).all()
    assert lightness[-1] < 90  # a line that is seen on white


def test_more_categories_than_colours_are_an_error():
    assert len(style.categorical(range(10))) == 10
    with pytest.raises(IndexError):
        style.categorical(range(11))


def test_the_users_settings_do_not_hold_within_the_theme_and_hold_again_after_it():
    users = {"text.usetex": True, "axes.grid": True, "font.family": ["serif"], "font.size": 13}
    with mpl.rc_context(users):
        with plots.themed():
            assert mpl.rcParams["font.size"] == 8
            assert mpl.rcParams["font.family"] == ["sans-serif"]
            assert not mpl.rcParams["text.usetex"]
            assert not mpl.rcParams["axes.grid"]
            mpl.rcParams["lines.linewidth"] = 7
        assert {name: mpl.rcParams[name] for name in users} == users
        assert mpl.rcParams["lines.linewidth"] != 7


def test_colours_are_named_in_one_place():
    plots = Path(style.__file__).parent
    modules = {*plots.glob("*.py"), *(plots.parent / "studies").rglob("*.py")}
    for module in modules - {plots / "style.py"}:
        text = module.read_text()
        assert not re.findall(r"""["']#[0-9a-fA-F]{3,8}["']""", text), module.name
        assert not re.findall(r"""cmap=["']""", text), module.name


def test_the_palette_is_seaborn_s():
    assert sns.color_palette("colorblind").as_hex() == style.COLOURS
