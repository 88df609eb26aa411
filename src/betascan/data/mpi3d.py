"""MPI3D: the factors of the official files, and a stand-in rendered to look like their images.

An arm on a post holds an object over a round table with a coloured rim. The first joint rotates
about the post (``horizontal_axis``), the second tilts the arm from one side over the top to the
other (``vertical_axis``). Cameras, arm and colours were fitted to the frames of the official GIFs;
in three of the four, the joints of the real data sets have this order (in real2 they are swapped).
Which end of a joint has class 0, and hence left and right, is a guess.

References
----------
Gondal et al. 2019, arXiv:1906.03292, github.com/rr-learning/disentanglement_dataset.
"""

from functools import lru_cache

import numpy as np
from jaxtyping import Float32, Float64, Int64, UInt8
from numpy.typing import ArrayLike

from betascan.data.grid import Classes, Grid
from betascan.data.solids import Camera, Layer, Solid, draw, solid_of_revolution

Pictures = Float32[np.ndarray, "n rows columns 3"]
"""Images with values from 0 to 1."""

SIDE = 64


def _grid(colours: int, shapes: int) -> Grid:
    sizes = {
        "object_color": colours,
        "object_shape": shapes,
        "object_size": 2,
        "camera_height": 3,
        "background_color": 3,
        "horizontal_axis": 40,
        "vertical_axis": 40,
    }
    return Grid({name: tuple(map(float, range(size))) for name, size in sizes.items()})


REAL = _grid(6, 6)
REAL_COMPLEX = _grid(4, 4)

# lengths in units of the post's height, colours from 0 to 1
_CAMERAS = tuple(  # top, center, bottom
    Camera((0, -away, above), pitch, 158.8, (30.8, 32))
    for away, above, pitch in ((4.76, 5.92, 0.836), (5.44, 4.86, 0.640), (6.06, 3.91, 0.460))
)
_TABLE, _RIM, _GROUND = 1.936, 2.362, 2.75
"""Radii of the table, of its rim, and of the visible part beyond it."""
_RIMS = np.array([(80, 78, 124), (80, 112, 107), (84, 74, 72)]) / 255  # purple, sea green, salmon
_DIM = np.array([(24, 34, 26), (20, 29, 24), (6, 26, 9)]) / 255
_BRIGHT = np.array([(54, 60, 54), (46, 56, 51), (45, 57, 46)]) / 255
_BEYOND = np.array([(15, 24, 17), (18, 26, 22), (2, 8, 2)]) / 255
_WALL = np.array([(4, 9, 4), (10, 17, 13), (6, 22, 7)]) / 255
_SEAM, _WALL_ENDS = (40, 27, 23), (12, 60, 29)
"""Columns between the middle and the dark seams of the wall, rows where it fades into black."""
_POST, _ROD, _FLANGE = (np.array(rgb) / 255 for rgb in ((17, 25, 20), (24, 31, 27), (8, 13, 10)))
_WHITE = np.array([228, 250, 236]) / 255

_PIVOT, _ROD_LENGTH = np.array([0, 0, 0.93]), 0.74
_FIRST_PAN, _PAN_RANGE = np.radians(-3), np.radians(160)
_FIRST_TILT, _TILT_RANGE = np.radians(-97), np.radians(197)
_SMALL = 0.55
_LAMP = np.array([-0.35, -0.45, 0.82])
_AMBIENT, _DIFFUSE = 0.50, 0.56

_OBJECTS = {
    REAL.sizes: (
        solid_of_revolution(16, (0, 0.22), (0.43, 0)),  # cone
        solid_of_revolution(4, (0, 0.22), (0.44, 0.22)),  # cube
        solid_of_revolution(16, (0, 0.21), (0.46, 0.21)),  # cylinder
        solid_of_revolution(6, (0, 0.20), (0.46, 0.20)),  # hexagonal
        solid_of_revolution(4, (0, 0.19), (0.40, 0)),  # pyramid
        solid_of_revolution(
            8, (0, 0.07), (0.10, 0.19), (0.22, 0.23), (0.34, 0.19), (0.44, 0.07)
        ),  # sphere
    ),
    REAL_COMPLEX.sizes: (
        solid_of_revolution(  # coffee cup, whose rim also shows its colour from above
            12, (-0.14, 0.14), (0, 0.29), (0.30, 0.38), (0.31, 0.32), white_top=True
        ),
        solid_of_revolution(
            8, (0, 0.07), (0.10, 0.19), (0.22, 0.23), (0.34, 0.19), (0.44, 0.07)
        ),  # ball
        solid_of_revolution(8, (0, 0.10), (0.08, 0.20), (0.20, 0.24))
        .clip((0, 1, 0), 0.04)
        .clip((0, -1, 0), 0.04),  # croissant
        solid_of_revolution(10, (0, 0.18), (0.44, 0.22)),  # beer-cup
    ),
}
_COLOURS = {
    REAL.sizes: np.array(
        [
            *[(235, 248, 238), (28, 165, 52), (222, 55, 52)],  # white, green, red
            *[(72, 124, 170), (76, 70, 68), (108, 116, 84)],  # blue, brown, olive
        ]
    )
    / 255,
    REAL_COMPLEX.sizes: np.array([(250, 235, 40), (24, 190, 50), (150, 176, 84), (255, 62, 16)])
    / 255,  # yellow, green, olive, red
}
_ARM = solid_of_revolution(6, (0, 0.045), (_ROD_LENGTH, 0.018))

_SQUARE = 26
"""Side of the squares that objects are drawn in, in pixels; the largest objects take 24."""
_BATCH = 24
"""Images at a time: their samples, a few MB, stay in the cache."""


def render(classes: ArrayLike, grid: Grid = REAL) -> UInt8[np.ndarray, "n 64 64 3"]:
    """Render stand-in images.

    Parameters
    ----------
    classes : array_like of int, shape (n, 7)
        Classes in the order of `grid`.
    grid : Grid
        `REAL`, with six plain solids, or `REAL_COMPLEX`, with four household objects.

    Returns
    -------
    ndarray of uint8, shape (n, 64, 64, 3)
        Images.

    Raises
    ------
    DataError
        Classes that `grid` does not have.
    """
    classes = grid.validate(classes)
    images = np.empty((len(classes), SIDE, SIDE, 3), dtype=np.uint8)
    for shape, solid in enumerate(_OBJECTS[grid.sizes]):
        for height, camera in enumerate(_CAMERAS):
            rows = np.flatnonzero((classes[:, 1] == shape) & (classes[:, 3] == height))
            for start in range(0, len(rows), _BATCH):
                batch = rows[start : start + _BATCH]
                colours = _COLOURS[grid.sizes][classes[batch, 0]]
                scenes = _scene(solid, camera, classes[batch], colours)
                images[batch] = (255 * np.clip(scenes, 0, 1) + 0.5).astype(np.uint8)
    return images


def _scene(
    solid: Solid, camera: Camera, classes: Classes, colours: Float64[np.ndarray, "n 3"]
) -> Pictures:
    """Return images of one object and camera."""
    rotations = _rotations(classes[:, 5], classes[:, 6])
    along_arm = rotations[:, :, 2]
    scales = np.where(classes[:, 2] == 1, 1, _SMALL)
    background = np.stack([_background(*pair) for pair in classes[:, 3:5].tolist()])
    # squares may extend beyond the edge
    images = np.pad(background, ((0, 0), (_SQUARE, _SQUARE), (_SQUARE, _SQUARE), (0, 0)))
    pivots, ones = _PIVOT + 0 * along_arm, np.ones(len(classes))
    parts = (
        (_ARM, 22, pivots, ones, np.broadcast_to(_ROD, colours.shape)),
        (solid, _SQUARE, _PIVOT + _ROD_LENGTH * along_arm, scales, colours),
    )
    for part, side, places, sizes, paint in parts:
        middle = places + (sizes * part.middle)[:, None] * along_arm
        corners = np.floor(camera.project(middle) - side / 2).astype(np.int64)
        corners = np.clip(corners, -_SQUARE, SIDE)
        brightness = _brightness(np.einsum("nij,fj->nfi", rotations, part.normals))
        brightness[:, part.white] = (1 + brightness[:, part.white]) / 2  # lit from within
        layers = draw(part, places, rotations, sizes, camera, corners, side, brightness)
        _paste(images, corners + _SQUARE, layers, paint)
    return images[:, _SQUARE:-_SQUARE, _SQUARE:-_SQUARE]


def _rotations(
    horizontal: Int64[np.ndarray, " n"], vertical: Int64[np.ndarray, " n"]
) -> Float64[np.ndarray, "n 3 3"]:
    """Return the axes, as columns, of what the arm holds; the last is along the arm."""
    pan = _FIRST_PAN + _PAN_RANGE * horizontal / 39
    tilt = _FIRST_TILT + _TILT_RANGE * vertical / 39
    (sin, cos), (tilt_sin, tilt_cos) = (np.sin(pan), np.cos(pan)), (np.sin(tilt), np.cos(tilt))
    axes = (
        (tilt_cos * cos, tilt_cos * sin, -tilt_sin),
        (-sin, cos, 0 * tilt),
        (tilt_sin * cos, tilt_sin * sin, tilt_cos),
    )
    return np.array(axes).transpose(2, 1, 0)


def _brightness(normals: Float64[np.ndarray, "n faces 3"]) -> Float64[np.ndarray, "n faces"]:
    """Return the brightness of faces with the given normals."""
    return _AMBIENT + _DIFFUSE * np.clip(normals @ _LAMP, 0, None)


def _paste(
    images: Pictures,
    corners: Int64[np.ndarray, "n 2"],
    layers: tuple[Layer, Layer, Layer],
    colour: Float64[np.ndarray, "n 3"],
) -> None:
    """Lay squares over images, with their upper left pixels at the columns and rows `corners`."""
    cover, light, white = (layer[..., None] for layer in layers)
    steps = np.arange(cover.shape[1])
    image = np.arange(len(images))[:, None, None]
    row, column = (corners[:, 1, None] + steps)[:, :, None], (corners[:, 0, None] + steps)[:, None]
    drawn = light * colour[:, None, None].astype(np.float32) + white * _WHITE.astype(np.float32)
    images[image, row, column] = images[image, row, column] * (1 - cover) + drawn


@lru_cache(maxsize=9)
def _background(height: int, colour: int) -> Float32[np.ndarray, "64 64 3"]:
    """Return the table, its rim, the wall behind and the post, from 0 to 1."""
    camera, fine = _CAMERAS[height], 4
    right, down = camera.slopes(np.zeros((1, 2), np.int64), SIDE, fine)
    rays = np.stack(np.broadcast_arrays(right[0], down[0], np.float32(1)), axis=-1) @ camera.axes
    reach = np.where(rays[..., 2] < 0, -camera.place[2] / np.minimum(rays[..., 2], -1e-6), 1e3)
    x, y = reach * rays[..., 0], camera.place[1] + reach * rays[..., 1]
    radius = np.hypot(x, y)[..., None]

    lamp = np.exp(-((x - 0.2) ** 2) / 3.2 - (y + 1.3) ** 2 / 3.6)[..., None]
    table = _DIM[height] + (_BRIGHT[height] - _DIM[height]) * lamp
    shadow = 0.35 * np.exp(-(x**2) / 0.03 - (y + 0.42) ** 2 / 0.06)[..., None]
    table = table * (1 - shadow - 0.25 * np.exp(-((radius / 0.45) ** 4)))
    table = table + np.exp(-(((radius - 0.235) / 0.03) ** 2)) * np.array([0.09, 0.11, 0.11])
    rim = _RIMS[colour] * (0.88 + 0.16 * np.exp(-((x / 1.6) ** 2)))[..., None]
    column = camera.centre[0] + camera.focus * right[0]
    row = camera.centre[1] + camera.focus * down[0]
    seam = 1 - 0.8 * np.exp(-(((np.abs(column - 31) - _SEAM[height]) / 2) ** 2))
    fade = np.clip(1.1 - (row / _WALL_ENDS[height]) ** 2, 0.03, 1)
    zones = [radius < 0.2, radius < _TABLE, radius < _RIM, radius < _GROUND]
    wall = _WALL[height] * (seam * fade)[..., None]
    image = np.select(zones, [_FLANGE, table, rim, _BEYOND[height]], wall)
    image = image.reshape(SIDE, fine, SIDE, fine, 3).mean(axis=(1, 3))

    post = solid_of_revolution(12, (0, 0.115), (1.02, 0.115))
    brightness = 0.5 + np.clip(post.normals @ (-0.5, 0.6, 0.62), 0, None)
    whole = np.zeros((1, 2), np.int64)
    one = (np.zeros((1, 3)), np.eye(3)[None], np.ones(1))
    layers = draw(post, *one, camera, whole, SIDE, brightness[None])
    image = image[None].astype(np.float32)
    _paste(image, whole, layers, _POST[None])
    return image[0]
