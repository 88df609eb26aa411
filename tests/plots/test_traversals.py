import numpy as np
import pytest
from drawn import smallest

from betascan.core.errors import DataError
from betascan.core.files import write_npz
from betascan.plots.traversals import traversals


def view(path, channels):
    """Latent k at step s is drawn as the grey 10 k + s; rates 0.5, 3, 1 nats."""
    grey = 10 * np.arange(3)[:, None] + np.arange(5)
    images = np.broadcast_to(grey[:, :, None, None, None], (3, 5, 4, 6, channels)).astype(np.uint8)
    arrays = {"traversals": images, "steps": np.linspace(-2, 2, 5), "rate": np.array([0.5, 3, 1])}
    write_npz(path, arrays)
    return path


@pytest.mark.parametrize("channels", [1, 3])
def test_latents_of_high_rate_stand_on_top_and_steps_run_to_the_right(tmp_path, channels):
    views = [view(tmp_path / f"{k}.npz", channels) for k in range(2)]
    figure = traversals(views, ["beta 1", "beta 4"], "3D Shapes stand-in")
    assert [ax.get_title() for ax in figure.axes] == ["beta 1", "beta 4"]
    assert figure.get_suptitle() == "3D Shapes stand-in"
    (image,) = figure.axes[0].images
    pixels = image.get_array().reshape(3 * 6 - 2, 5 * 8 - 2, -1)
    assert [list(row[:, 0]) for row in pixels[::6, ::8]] == [
        [10, 11, 12, 13, 14], [20, 21, 22, 23, 24], [0, 1, 2, 3, 4],
    ]  # fmt: skip
    assert (pixels[4:6] == 255).all()  # white between images
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == ["3.0", "1.0", "0.5"]
    assert [t.get_text() for t in figure.axes[0].get_xticklabels()] == ["−2", "0", "2"]
    assert smallest(figure) == 6


def test_one_model_is_a_panel(tmp_path):
    figure = traversals([view(tmp_path / "a.npz", 1)], ["beta 1"], "dSprites")
    assert len(figure.axes) == 1


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.npz is missing"):
        traversals([tmp_path / "none.npz"], [""], "")
