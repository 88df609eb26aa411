import numpy as np
import pytest

from betascan.data import store
from betascan.data.images import RENDERED, write_rendered
from betascan.plots import image_grid


def mosaic(figure):
    (image,) = figure.axes[0].images
    return np.asarray(image.get_array())


@pytest.mark.parametrize(
    ("name", "title"), [("dsprites", "dSprites"), ("shapes3d", "3D Shapes stand-in")]
)
def test_a_row_for_each_factor_and_two_at_random(tmp_path, name, title):
    write_rendered(tmp_path / "images.h5", name, images=30, seed=0)
    figure = image_grid.panel(tmp_path / "images.h5", name)
    names = [factor.replace("_", " ") for factor in RENDERED[name].grid.names]
    (ax,) = figure.axes
    assert [t.get_text() for t in ax.get_yticklabels()] == [*names, "at random", ""]
    assert ax.get_title() == title
    assert mosaic(figure).shape[0] == 67 * (len(names) + 2) - 3
    assert mosaic(figure).max() == 255
    first = RENDERED[name].render(image_grid.traversals(RENDERED[name].grid.sizes)[0])
    bright = first * (255 // RENDERED[name].maximum)
    assert (mosaic(figure)[:64, :64] == bright[0].squeeze()).all()


def test_a_part_of_official_images_is_shown_at_random_only(tmp_path):
    data = RENDERED["shapes3d"]
    rows = data.grid.draw(20, seed=0)
    blocks = [data.render(data.grid.classes(rows))]
    store.write(tmp_path / "a.h5", data.grid, rows, blocks, source="3dshapes.h5", maximum=255)
    (ax,) = image_grid.panel(tmp_path / "a.h5", "shapes3d").axes
    assert [t.get_text() for t in ax.get_yticklabels()] == ["at random", ""]
    assert ax.get_title() == "3D Shapes"


def test_one_factor_varies_from_its_first_class_to_its_last():
    for factor, classes in enumerate(image_grid.traversals((3, 40, 1))):
        assert len(classes) == min((3, 40, 1)[factor], image_grid.COLUMNS)
        assert (classes[0, factor], classes[-1, factor]) == (0, (2, 39, 0)[factor])
        others = np.delete(classes, factor, axis=1)
        assert (others == others[0]).all()


def test_every_pixel_of_an_image_is_two_dots_wide():
    rows = [np.zeros((2, 8, 8, 1), np.uint8), np.zeros((3, 8, 8, 1), np.uint8)]
    figure = image_grid.grid(["a", "b"], rows, "title")
    dots = figure.axes[0].get_position().size * figure.get_size_inches() * 250
    assert dots == pytest.approx([2 * (3 * 11 - 3), 2 * (2 * 11 - 3)])
    assert (mosaic(figure)[:8, 22:] == 255).all()  # the shorter row ends in white
