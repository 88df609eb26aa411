"""dSprites, rendered: 737,280 images of a square, an ellipse or a heart.

The providers' renderer is not public. The one here was fitted to their images: of 20,000 it
reproduces all but one, which differs in one pixel. Orientations 0 and 39 are the same image, since
the providers count both ends of the full turn.

References
----------
Matthey, Higgins, Hassabis and Lerchner 2017, github.com/google-deepmind/dsprites-dataset.
"""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float32, Int64, UInt8, UInt64
from numpy.typing import ArrayLike

from betascan.data.grid import Classes, Grid, evenly

GRID = Grid(
    {
        "shape": (1.0, 2.0, 3.0),  # square, ellipse, heart
        "scale": evenly(0.5, 1, 6),
        "orientation": evenly(0, 2 * np.pi, 40),
        "posX": evenly(0, 1, 32),
        "posY": evenly(0, 1, 32),
    }
)
SIDE = 64

_R = 9.6
"""Half the side of the largest square, in pixels."""
_UNIT = 256
"""Vertices are rounded to 1/256 of a pixel, which makes the test of a pixel's centre exact."""
_BATCH = 1024
"""Images at a time: their vertices, a few MB, stay in the cache."""

_FROM_COLUMN = np.array([(1 << 64) - (1 << k) for k in range(65)], dtype=np.uint64)
"""A row of pixels as bits, with those from column k on set."""


def render(classes: ArrayLike) -> UInt8[np.ndarray, "n 64 64"]:
    """Render images.

    Parameters
    ----------
    classes : array_like of int, shape (n, 5)
        Classes in the order of `GRID`: shape, scale, orientation, posX, posY.

    Returns
    -------
    ndarray of uint8, shape (n, 64, 64)
        Images of 0 and 1.

    Raises
    ------
    DataError
        Classes that `GRID` does not have.
    """
    rows = render_packed(classes)
    bits = np.unpackbits(rows.astype("<u8", copy=False).view(np.uint8), axis=1, bitorder="little")
    return bits.reshape(-1, SIDE, SIDE)


def render_packed(classes: ArrayLike) -> UInt64[np.ndarray, "n 64"]:
    """Render images with one bit per pixel.

    Parameters
    ----------
    classes : array_like of int, shape (n, 5)
        Classes of the factors, as in `render`.

    Returns
    -------
    ndarray of uint64, shape (n, 64)
        Rows of pixels, the leftmost one in the lowest bit.

    Raises
    ------
    DataError
        Classes that `GRID` does not have.
    """
    classes = GRID.validate(classes)
    rows = np.zeros((len(classes), SIDE), dtype=np.uint64)
    for shape, outline in enumerate(outlines()):
        of_shape = np.flatnonzero(classes[:, 0] == shape)
        for start in range(0, len(of_shape), _BATCH):
            images = of_shape[start : start + _BATCH]
            rows[images] = _fill(*vertices(outline, classes[images]))
    return rows


def outlines() -> Iterator[Float32[np.ndarray, "vertices 2"]]:
    """Compute the polygons of the three shapes at scale 1.

    Yields
    ------
    ndarray of float32, shape (vertices, 2)
        x to the right and y down from the centre, in pixels.
    """
    square = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    t = 2 * np.pi * np.arange(100) / 100
    ellipse = np.stack([1.33 * np.cos(t), np.sin(t) / 1.33], axis=1)
    t = 2 * np.pi * np.arange(150) / 150
    y = (13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)) / 14.5 + 0.15
    heart = np.stack([np.sin(t) ** 3, -y], axis=1)
    for outline in (square, ellipse, heart):
        yield (_R * outline).astype(np.float32)


def vertices(
    outline: Float32[np.ndarray, "vertices 2"], classes: Classes
) -> tuple[Int64[np.ndarray, "n vertices"], Int64[np.ndarray, "n vertices"]]:
    """Scale, rotate and move a polygon.

    Single precision, and scaling within the rotation matrix, are the providers' choices: with
    double precision or another order a few more images would differ.

    Parameters
    ----------
    outline : ndarray of float32, shape (vertices, 2)
        One of `outlines`.
    classes : ndarray of int64, shape (n, 5)
        Classes of the factors, as in `render`; the shape is that of the outline.

    Returns
    -------
    x, y : ndarray of int64, shape (n, vertices)
        To the right and down from the corner of the image, in units of 1/256 pixel.
    """
    _, scale, angle, x, y = GRID.values(classes).T
    cos = (scale * np.cos(angle)).astype(np.float32)[:, None]
    sin = (scale * np.sin(angle)).astype(np.float32)[:, None]
    u, v = outline.T
    right, down = (
        cos * u + sin * v + (16 + 32 * x).astype(np.float32)[:, None],
        -sin * u + cos * v + (16 + 32 * y).astype(np.float32)[:, None],
    )
    return np.rint(_UNIT * right).astype(np.int64), np.rint(_UNIT * down).astype(np.int64)


def _fill(
    x: Int64[np.ndarray, "n vertices"], y: Int64[np.ndarray, "n vertices"]
) -> UInt64[np.ndarray, "n 64"]:
    """Return the packed rows of pixels whose centres lie in the polygons.

    A row starts empty, and every edge that crosses the line of its centres flips the pixels from
    the crossing on. Centres on a left edge are in, those on a right one out; a vertex on the line
    counts for the edge below it. All of this is exact in integers.
    """
    rows = np.zeros((len(x), SIDE), dtype=np.uint64)
    half = _UNIT // 2
    first = (y + half) // _UNIT  # the first row whose centre lies below the vertex
    after = np.roll(first, -1, axis=1)
    top, crossed = np.minimum(first, after), np.abs(after - first)
    for k in range(crossed.max(initial=0)):
        image, edge = np.nonzero(crossed > k)
        row, end = top[image, edge] + k, (edge + 1) % x.shape[1]
        x0, y0 = x[image, edge], y[image, edge]
        dx, dy = x[image, end] - x0, y[image, end] - y0
        # the crossing is x0 + run / dy; columns from ceil(x - 1/2) on are right of it
        run = (_UNIT * row + half - y0) * dx + (x0 - half) * dy
        column = -(-run // (_UNIT * dy))
        np.bitwise_xor.at(rows, (image, row), _FROM_COLUMN[column])
    return rows
