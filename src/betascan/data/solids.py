"""Small convex solids, drawn in batches: every solid is a set of half-spaces, seen in perspective.

Along a ray from the camera the inverse of the depth at which it crosses a plane is linear in the
pixel. So the nearest surface is the least of those of the faces towards the camera, and the ray
misses the solid if a face turned away has a greater one: no division, no branch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Layer = NDArray[np.float32]

SAMPLES = 2
"""Samples a pixel in each direction."""
_NEVER = np.float32(1e9)


@dataclass(frozen=True)
class Solid:
    """The half-spaces normal . x <= offset."""

    normals: Floats
    """(faces, 3), of unit length."""
    offsets: Floats
    """(faces,)"""
    white: NDArray[np.bool_]
    """(faces,) those that are white whatever the colour of the solid."""
    middle: float
    """Half-way up, on the axis z."""

    def cut(self, normal: Sequence[float], offset: float) -> "Solid":
        """Return the part with normal . x <= offset, for a normal of unit length."""
        return Solid(
            np.concatenate([self.normals, [normal]]),
            np.append(self.offsets, offset),
            np.append(self.white, False),
            self.middle,
        )


def turned(sides: int, *profile: tuple[float, float], white_top: bool = False) -> Solid:
    """Return the solid turned from a convex profile of heights and radii, with flat sides.

    Two points make a prism, a pyramid or a cone, more of them a bowl or a ball.
    """
    angles = 2 * np.pi * (np.arange(sides) + 0.5) / sides
    around = np.stack([np.cos(angles), np.sin(angles), np.zeros(sides)], axis=1)
    normals, offsets = [], []
    for (low, below), (high, above) in pairwise(profile):
        across, along = np.array([high - low, below - above]) / np.hypot(high - low, below - above)
        normals.append(across * around + (0, 0, along))
        offsets.append(np.full(sides, across * below + along * low))
    ends = [(0, 0, -1), (0, 0, 1)]
    faces = np.concatenate([*normals, ends])
    return Solid(
        faces,
        np.concatenate([*offsets, [-profile[0][0], profile[-1][0]]]),
        np.arange(len(faces)) == (len(faces) - 1 if white_top else -1),
        (profile[0][0] + profile[-1][0]) / 2,
    )


@dataclass(frozen=True)
class Camera:
    """A pinhole at ``place`` that looks along +y, ``pitch`` radians downwards."""

    place: tuple[float, float, float]
    pitch: float
    focus: float
    """Pixels a unit of length at a distance of one unit."""
    centre: tuple[float, float]
    """Column and row of the line of sight."""

    @property
    def axes(self) -> Floats:
        """Right, down and forward, (3, 3)."""
        sin, cos = np.sin(self.pitch), np.cos(self.pitch)
        return np.array([(1, 0, 0), (0, -sin, -cos), (0, cos, -sin)])

    def project(self, points: Floats) -> Floats:
        """Return columns and rows (n, 2) of points (n, 3)."""
        seen = (points - np.array(self.place)) @ self.axes.T
        return np.array(self.centre) + self.focus * seen[:, :2] / seen[:, 2:]

    def slopes(self, corners: NDArray[np.int64], size: int, samples: int) -> tuple[Layer, Layer]:
        """Return how far right and down rays point, per unit forwards, in squares of pixels.

        corners (n, 2) columns and rows; the result (n, 1, size samples), (n, size samples, 1).
        """
        grid = (np.arange(size * samples) + 0.5) / samples
        right, down = np.moveaxis((corners[..., None] + grid), 1, 0)
        right, down = (right - self.centre[0]) / self.focus, (down - self.centre[1]) / self.focus
        return right[:, None, :].astype(np.float32), down[:, :, None].astype(np.float32)


def draw(
    solid: Solid,
    places: Floats,
    turns: Floats,
    scales: Floats,
    camera: Camera,
    corners: NDArray[np.int64],
    size: int,
    brightness: Floats,
) -> tuple[Layer, Layer, Layer]:
    """Return coverage, light on coloured and light on white faces, each (n, size, size).

    Args:
        solid: what is drawn, n times.
        places: (n, 3) where its z = 0 lies.
        turns: (n, 3, 3) its axes, as columns.
        scales: (n,)
        camera: from where.
        corners: (n, 2) column and row of the squares of pixels that are drawn.
        size: their side.
        brightness: (n, faces) of each face.
    """
    normals = np.einsum("nij,fj->nfi", turns, solid.normals)
    away = np.einsum("nfi,ni->nf", normals, places - np.array(camera.place))
    away += scales[:, None] * solid.offsets
    away = np.where(np.abs(away) < 1e-9, 1e-9, away)  # the camera lies in the plane of the face
    planes = np.moveaxis(normals @ camera.axes.T / away[..., None], 1, 0).astype(np.float32)
    towards = np.where(away < 0, 0, _NEVER).T.astype(np.float32)
    right, down = camera.slopes(corners, size, SAMPLES)
    near = np.full((len(places), size * SAMPLES, size * SAMPLES), _NEVER)
    far, light, white = np.zeros_like(near), np.zeros_like(near), np.zeros_like(near)
    for face, plane in enumerate(planes):
        a, b, c, front, lit = (
            column[:, None, None]
            for column in (*plane.T, towards[face], brightness[:, face].astype(np.float32))
        )
        depth = a * right + (b * down + c)
        np.maximum(far, depth + (front - _NEVER), out=far)
        depth += front
        closer = depth < near
        np.minimum(near, depth, out=near)
        np.copyto(light, 0 * lit if solid.white[face] else lit, where=closer)
        if solid.white.any():
            np.copyto(white, lit if solid.white[face] else 0 * lit, where=closer)
    hit = (far < near) & (near < _NEVER / 2)
    cover = _pixels(hit.astype(np.float32))
    light *= hit
    white *= hit
    return cover, _pixels(light), _pixels(white)


def _pixels(samples: Layer) -> Layer:
    """Average the samples of each pixel."""
    steps = range(SAMPLES)  # sums of slices: numpy's mean over two axes is three times slower
    total = sum(samples[:, i::SAMPLES, j::SAMPLES] for i in steps for j in steps)
    return np.float32(SAMPLES**-2) * np.asarray(total)
