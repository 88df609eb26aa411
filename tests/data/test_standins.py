"""The stand-ins: every factor does what its name says, and nothing else."""

import numpy as np
import pytest

from betascan.data import mpi3d, shapes3d
from betascan.data.images import RENDERED
from betascan.data.solids import Camera, draw, solid_of_revolution

SETS = ["shapes3d", "mpi3d_real", "mpi3d_real_complex"]


def a_few(name, number, seed=0):
    data = RENDERED[name]
    # few geometries, for the sake of time
    random = np.random.default_rng(seed)
    classes = np.stack([random.integers(size, size=number) for size in data.grid.sizes], axis=1)
    if name == "shapes3d":
        classes[:, 3:] = classes[random.integers(8, size=number), 3:]
    return data, classes


@pytest.mark.parametrize("name", SETS)
def test_images_are_the_same_whenever_they_are_drawn(name):
    data, classes = a_few(name, 150)
    images = data.render(classes)
    assert images.shape == (150, 64, 64, 3)
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(images[::-1], data.render(classes[::-1]))
    np.testing.assert_array_equal(images[70:71], data.render(classes[70:71]))


@pytest.mark.parametrize("name", SETS)
def test_every_factor_shows(name):
    data, classes = a_few(name, 12, seed=1)
    images = data.render(classes).astype(int)
    for factor, size in enumerate(data.grid.sizes):
        other = classes.copy()
        other[:, factor] = (other[:, factor] + max(1, size // 3)) % size
        changed = (data.render(other) != images).any(axis=(1, 2, 3))
        assert changed.mean() > 0.8, data.grid.names[factor]


def test_hues_are_of_floor_wall_and_object():
    red, blue = 0, 7
    image = shapes3d.render([[red, blue, 3, 4, 2, 7]])[0].astype(int)
    assert image[60, 10].argmax() == 0  # floor
    assert image[30, 6].argmax() == 2  # wall
    assert image[45, 32].argmax() == 1  # object
    np.testing.assert_array_equal(image[3, 3], [153, 226, 249])  # sky


def test_scale_grows_and_orientation_mirrors_the_room():
    classes = np.array([[0, 7, 3, scale, 2, 7] for scale in range(8)])
    green = shapes3d.render(classes)[..., 1] > 150
    sizes = (green & (np.arange(64) < 64)[:, None])[:, 20:].sum(axis=(1, 2))
    assert (np.diff(sizes) > 0).all()
    # brightness of the wall falls towards the corner that comes in from the side
    left, right = shapes3d.render([[0, 7, 3, 0, 2, 0], [0, 7, 3, 0, 2, 14]])[:, 22:30, :, 2]
    assert left[:, :8].mean() < left[:, -24:-16].mean()
    assert right[:, -8:].mean() < right[:, 16:24].mean()


def test_edges_are_smooth():
    image = shapes3d.render([[0, 5, 0, 7, 2, 7]])[0]
    assert len(np.unique(image.reshape(-1, 3), axis=0)) > 100


def centre(images):
    """Mean column and row of what is clearly red, (n, 2)."""
    red = images[..., 0].astype(int) - images[..., 1:].max(axis=-1) > 40
    places = np.stack(np.meshgrid(np.arange(64), np.arange(64)), axis=-1)
    return (red[..., None] * places).sum(axis=(1, 2)) / red.sum(axis=(1, 2))[:, None]


def test_the_joints_move_the_object_over_most_of_the_image():
    rows = mpi3d.REAL.subgrid(
        object_color=[2], object_shape=[5], object_size=[1], camera_height=[1], background_color=[0]
    )
    classes = mpi3d.REAL.classes(rows[::7])
    places = centre(mpi3d.render(classes))
    assert (np.ptp(places, axis=0) > (35, 35)).all()
    # tilted to the side, the first joint leads the object from left to right
    at_one_tilt = classes[classes[:, 6] == 8]
    column = centre(mpi3d.render(at_one_tilt))[:, 0]
    assert (np.diff(column) > 0).mean() > 0.8


def test_small_objects_are_smaller():
    classes = np.array([[2, shape, size, 1, 0, 5, 20] for shape in range(6) for size in (0, 1)])
    red = mpi3d.render(classes)[..., 0] > 90
    small, large = red.sum(axis=(1, 2)).reshape(6, 2).T
    assert (small < 0.5 * large).all()


def test_a_cube_covers_the_pixels_that_it_should():
    camera = Camera((0, -100, 1), 0, 1600, (16, 16))  # far away: 16 pixels a unit
    cube = solid_of_revolution(4, (0, 0.5), (1, 0.5)).clip((0, 0, 1), 0.5)
    cover, light, white = draw(
        cube,
        np.array([(0.0, 0.0, 1.0)]),
        np.eye(3)[None],
        np.ones(1),
        camera,
        np.zeros((1, 2), np.int64),
        32,
        np.ones((1, len(cube.normals))),
    )
    assert cover.sum() == pytest.approx(np.sqrt(2) * 16 * 8, rel=0.02)  # seen from an edge
    assert cover[0, :8].max() == cover[0, 17:].max() == 0
    np.testing.assert_array_equal(cover, light)
    assert white.max() == 0
