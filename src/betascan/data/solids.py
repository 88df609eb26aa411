"""Small convex solids, rendered in batches: every solid is an intersection of half-spaces.

Along a ray from the camera, the inverse of the depth at which it crosses a plane is linear in the
pixel. So the visible surface is found by comparing inverse depths of the faces turned towards the
camera, and the ray misses the solid if it first crosses a face turned away: no division, no branch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

Layer = Float32[np.ndarray, "n size size"]

SAMPLES = 2
"""Samples per pixel in each direction."""
_NEVER = np.float32(1e9)


@dataclass(frozen=True)
class Solid:
    """The intersection of the half-spaces normal . x <= offset."""

    normals: Float64[np.ndarray, "faces 3"]
    """Vectors of unit length."""
    offsets: Float64[np.ndarray, " faces"]
    """Distances of the faces from the origin."""
    white: Bool[np.ndarray, " faces"]
    """Faces that are white whatever the colour of the solid."""
    middle: float
    """Half its height, on the z axis."""

    def clip(self, normal: Sequence[float], offset: float) -> "Solid":
        """Cut the solid with a plane.

        Parameters
        ----------
        normal : sequence of float, length 3
            Normal of the plane, of unit length.
        offset : float
            Its distance from the origin.

        Returns
        -------
        Solid
            The part with normal . x <= offset.
        """
        return Solid(
            np.concatenate([self.normals, [normal]]),
            np.append(self.offsets, offset),
            np.append(self.white, False),
            self.middle,
        )


def solid_of_revolution(
    sides: int, *profile: tuple[float, float], white_top: bool = False
) -> Solid:
    """Return a solid of revolution with flat sides.

    Parameters
    ----------
    sides : int
        Number of sides around the z axis.
    *profile : tuple of float
        Heights and radii of a convex profile, from the bottom. Two points make a prism, a pyramid
        or a cone, more points a bowl or a ball.
    white_top : bool
        Whether the top face is white.

    Returns
    -------
    Solid
        The solid.
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
    """Pixels per unit of length at a distance of one unit."""
    centre: tuple[float, float]
    """Column and row of the line of sight."""

    @property
    def axes(self) -> Float64[np.ndarray, "3 3"]:
        """Right, down and forward, as rows."""
        sin, cos = np.sin(self.pitch), np.cos(self.pitch)
        return np.array([(1, 0, 0), (0, -sin, -cos), (0, cos, -sin)])

    def project(self, points: Float64[np.ndarray, "n 3"]) -> Float64[np.ndarray, "n 2"]:
        """Project points onto the image.

        Parameters
        ----------
        points : ndarray of float64, shape (n, 3)
            Points in space.

        Returns
        -------
        ndarray of float64, shape (n, 2)
            Columns and rows, in pixels.
        """
        relative = (points - np.array(self.place)) @ self.axes.T
        return np.array(self.centre) + self.focus * relative[:, :2] / relative[:, 2:]

    def slopes(
        self, corners: Int64[np.ndarray, "n 2"], size: int, samples: int
    ) -> tuple[Float32[np.ndarray, "n 1 columns"], Float32[np.ndarray, "n rows 1"]]:
        """Return the directions of rays through squares of pixels.

        Parameters
        ----------
        corners : ndarray of int64, shape (n, 2)
            Column and row of the upper left pixel of each square.
        size : int
            Side of the squares, in pixels.
        samples : int
            Rays per pixel in each direction.

        Returns
        -------
        right, down : ndarray of float32, shapes (n, 1, size * samples), (n, size * samples, 1)
            How far the rays go to the right and down per unit forwards.
        """
        grid = (np.arange(size * samples) + 0.5) / samples
        right, down = np.moveaxis((corners[..., None] + grid), 1, 0)
        right, down = (right - self.centre[0]) / self.focus, (down - self.centre[1]) / self.focus
        return right[:, None, :].astype(np.float32), down[:, :, None].astype(np.float32)


def draw(
    solid: Solid,
    places: Float64[np.ndarray, "n 3"],
    rotations: Float64[np.ndarray, "n 3 3"],
    scales: Float64[np.ndarray, " n"],
    camera: Camera,
    corners: Int64[np.ndarray, "n 2"],
    size: int,
    brightness: Float64[np.ndarray, "n faces"],
) -> tuple[Layer, Layer, Layer]:
    """Draw a solid several times, each in a square of pixels.

    Parameters
    ----------
    solid : Solid
        What is drawn.
    places : ndarray of float64, shape (n, 3)
        Where its origin lies.
    rotations : ndarray of float64, shape (n, 3, 3)
        Its axes, as columns.
    scales : ndarray of float64, shape (n,)
        Its size.
    camera : Camera
        The camera.
    corners : ndarray of int64, shape (n, 2)
        Column and row of the upper left pixel of each square.
    size : int
        Side of the squares, in pixels.
    brightness : ndarray of float64, shape (n, faces)
        Brightness of each face.

    Returns
    -------
    cover, light, white : ndarray of float32, shape (n, size, size)
        The share of each pixel that the solid covers, and the light from its coloured and from its
        white faces.
    """
    normals = np.einsum("nij,fj->nfi", rotations, solid.normals)
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


def _pixels(samples: Float32[np.ndarray, "n fine fine"]) -> Layer:
    """Average the samples of each pixel."""
    steps = range(SAMPLES)  # sums of slices: numpy's mean over two axes is three times slower
    total = sum(samples[:, i::SAMPLES, j::SAMPLES] for i in steps for j in steps)
    return np.float32(SAMPLES**-2) * np.asarray(total)
