import csv
import os
import zlib
from pathlib import Path

import numpy as np
import pytest

from betascan.core.errors import DataError
from betascan.data.dsprites import GRID, render, render_packed

TABLE = Path(__file__).with_name("dsprites_crc32.csv")


def test_the_recorded_images_bit_for_bit():
    """CRC32 of 200 genuine images (numpy.packbits, 512 bytes), which are not shipped."""
    rows = list(csv.DictReader(TABLE.open()))
    assert len(rows) == 200
    images = render(GRID.classes([int(row["index"]) for row in rows]))
    checksums = [f"{zlib.crc32(np.packbits(image).tobytes()):08x}" for image in images]
    assert checksums == [row["crc32"] for row in rows]


def test_all_but_one_of_the_genuine_images_bit_for_bit():
    path = Path(os.environ.get("BETASCAN_DATA", "")) / "dsprites/dsprites_subset.npz"
    if not path.is_file():
        pytest.skip("needs genuine images in $BETASCAN_DATA/dsprites/dsprites_subset.npz")
    with np.load(path) as file:
        genuine, classes = file["imgs"], file["latents_classes"]
        np.testing.assert_array_equal(GRID.indices(classes), file["original_dataset_indices"])
        np.testing.assert_allclose(GRID.values(classes), file["latents_values"], atol=1e-12)
    away = (render(classes) != genuine).sum(axis=(1, 2))
    assert (away > 0).sum() == 1  # the issue allows 5 of 20,000
    assert away.max() == 1


def test_a_square_upright_is_a_square():
    image = render([[0, 5, 0, 0, 0]])[0]
    assert image.shape == (64, 64)
    assert image.dtype == np.uint8
    # centre 16, half a side 9.6: pixel centres from 6.5 to 25.5
    expected = np.zeros((64, 64), np.uint8)
    expected[6:26, 6:26] = 1
    np.testing.assert_array_equal(image, expected)


def test_the_full_turn_ends_where_it_began():
    classes = GRID.classes(GRID.subgrid(orientation=[0], posX=[3, 17], posY=[5]))
    turned = classes.copy()
    turned[:, 2] = 39
    np.testing.assert_array_equal(render(classes), render(turned))


def test_rows_hold_the_leftmost_pixel_in_the_lowest_bit():
    classes = GRID.classes(np.arange(0, len(GRID), 36863))
    bits = (render_packed(classes)[:, :, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)
    np.testing.assert_array_equal(bits, render(classes))


def test_an_image_does_not_depend_on_the_others_of_the_call():
    classes = GRID.classes(np.arange(0, len(GRID), 271))
    together = render_packed(classes)
    np.testing.assert_array_equal(together[::-1], render_packed(classes[::-1]))
    np.testing.assert_array_equal(together[1000:1001], render_packed(classes[1000:1001]))


def test_no_images_are_no_mistake():
    assert render(np.zeros((0, 5), int)).shape == (0, 64, 64)


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ([[0, 0, 40, 0, 0]], "orientation has the classes 0 to 39"),
        ([[0, -1, 0, 0, 0]], "scale has the classes 0 to 5"),
        ([[0, 0, 0, 0]], r"the 5 columns shape, .*, posY, not int64 \(1, 4\)"),
        ([[0.0, 0, 0, 0, 0]], "must be integers"),
    ],
)
def test_classes_that_do_not_exist_are_one_line(classes, message):
    with pytest.raises(DataError, match=message) as caught:
        render(classes)
    assert "\n" not in str(caught.value)
