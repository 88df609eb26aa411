"""3D Shapes: the factors of the official file, and a stand-in drawn to look like its images.

Burgess and Kim 2018, github.com/google-deepmind/3d-shapes. The stand-in is a room with a floor,
three walls and an open sky, one object in the middle and a camera that goes around it; camera,
room, light and object sizes were fitted to 50 genuine images. The genuine walls have a faint
texture, which is left out.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from betascan.data.grid import Grid, evenly

Floats = NDArray[np.float32]

HUES = tuple(k / 10 for k in range(10))
GRID = Grid(
    {
        "floor_hue": HUES,
        "wall_hue": HUES,
        "object_hue": HUES,
        "scale": evenly(0.75, 1.25, 8),
        "shape": (0.0, 1.0, 2.0, 3.0),  # cube, cylinder, sphere, capsule
        "orientation": evenly(-30, 30, 15),
    }
)
SIDE = 64
SAMPLES = 4
"""Rays a pixel in each direction."""

# lengths in the units of the factor "scale", the floor is z = 0 and the object at the origin
_FOV, _PITCH = np.radians(47.1), np.radians(0.69)
_DISTANCE, _EYE = 5.72, 1.62
_BACK, _ASIDE, _TOP = 6.72, 5.6, 4.0
_RADIUS = (0.843, 0.845, 0.98, 0.645)
_HEIGHT = (1.686, 1.67, 1.96, 2.53)
_LIGHT, _BEAM, _FOCUS = np.array([-2.7, 0.0, 14.0]), np.array([0.012, -0.113, 0.9935]), 7.5
# ambient, head light, lamp, for floor, walls and object
_REFLECTS = np.array([(0.26, 0.42, 0.87), (0.30, 0.48, 1.01), (0.37, 0.59, 1.23)], np.float32)
_GLOSS = 0.11
"""White that the lamp adds to the side of the object that it reaches."""
_SKY = np.array([153, 226, 249], np.float32) / 255
_FAR = np.float32(1e6)


def render(classes: ArrayLike) -> NDArray[np.uint8]:
    """Return stand-in images (n, 64, 64, 3) of classes (n, 6) in the order of `GRID`.

    Raises:
        DataError: classes that `GRID` does not have.
    """
    checked = GRID.checked(classes)
    colours = hues(np.arange(10) / 10)
    images = np.empty((len(checked), SIDE, SIDE, 3), dtype=np.uint8)
    views, of_view = np.unique(checked[:, 3:], axis=0, return_inverse=True)
    for view, geometry in enumerate(views):
        layers = _layers(*(int(k) for k in geometry))
        chosen = np.flatnonzero(of_view == view)
        # a pixel is linear in the three colours
        paint = colours[checked[chosen, :3]]
        lit = np.einsum("lyx,klc->kyxc", layers[:3], paint, optimize=True)
        lit += (layers[3, ..., None] + layers[4, ..., None] * _SKY) + np.float32(0.5 / 255)
        images[chosen] = (255 * np.minimum(lit, 1)).astype(np.uint8)
    return images


def hues(hues: NDArray[np.float64]) -> Floats:
    """Return pure colours (..., 3) of hues in [0, 1)."""
    away = np.abs((6 * hues[..., None] - (0, 2, 4) + 3) % 6 - 3)  # from red, green and blue
    return np.clip(2 - away, 0, 1).astype(np.float32)


@lru_cache(maxsize=480)
def _layers(scale: int, shape: int, orientation: int) -> Floats:
    """Return how much light each pixel gets from floor, walls and object, then gloss and sky.

    (5, 64, 64): the first three are to be multiplied by the three colours.
    """
    size = GRID.levels["scale"][scale]
    angle = np.radians(GRID.levels["orientation"][orientation])
    eye, ray = _rays(angle)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        floor = np.where(ray[2] < 0, -eye[2] / ray[2], _FAR)
        back = np.where(ray[1] > 0, (_BACK - eye[1]) / ray[1], _FAR)
        aside = (np.sign(ray[0]) * _ASIDE - eye[0]) / ray[0]
    wall = np.minimum(back, aside)
    wall = np.where(eye[2] + wall * ray[2] < _TOP, wall, _FAR)
    thing = _enter(shape, size, eye[:, None, None], ray)
    depth = np.stack([floor, wall, thing, np.full_like(floor, _FAR / 2)])
    seen = depth.argmin(axis=0)
    at = eye[:, None, None] + np.minimum(depth.min(axis=0), 100) * ray
    inwards = np.where(aside < back, [-np.sign(ray[0]), 0 * back], [0 * back, -np.ones_like(back)])
    normal = _normal(shape, size, at)
    normal = np.where(seen == 1, [*inwards, 0 * back], normal)
    normal = np.where(seen == 0, [0 * back, 0 * back, 1 + 0 * back], normal)

    to_light = _LIGHT.astype(np.float32)[:, None, None] - at
    to_light /= np.sqrt(np.square(to_light).sum(axis=0))
    slant = np.maximum((normal * to_light).sum(axis=0), 0)
    beam = np.maximum(np.tensordot(_BEAM.astype(np.float32), to_light, 1), 0) ** _FOCUS
    shaded = (seen < 2) & (_enter(shape, size, at + 1e-3 * normal, to_light) < _FAR)
    facing = np.maximum(-(normal * ray).sum(axis=0), 0)
    ambient, head, lamp = np.moveaxis(_REFLECTS[np.minimum(seen, 2)], -1, 0)
    light = ambient + head * facing + lamp * slant * beam * ~shaded
    layers = [light * (seen == surface) for surface in range(3)]
    layers += [_GLOSS * ((seen == 2) & (slant > 0)), seen == 3]
    fine = np.stack(layers).astype(np.float32).reshape(5, SIDE, SAMPLES, SIDE, SAMPLES)
    return fine.mean(axis=(2, 4))


@lru_cache(maxsize=15)
def _rays(angle: float) -> tuple[Floats, Floats]:
    """Return the camera's place (3,) and the directions (3, rows, columns) of its rays."""
    across = ((np.arange(SIDE * SAMPLES) + 0.5) / (SIDE * SAMPLES) * 2 - 1) * np.tan(_FOV / 2)
    right, up = np.meshgrid(across, -across)
    forward = np.cos(_PITCH) + up * np.sin(_PITCH)
    ray = np.stack([right, forward, up * np.cos(_PITCH) - np.sin(_PITCH)])
    sin, cos = np.sin(angle), np.cos(angle)
    turn = np.array([(cos, sin, 0), (-sin, cos, 0), (0, 0, 1)])
    ray = np.tensordot(turn, ray / np.linalg.norm(ray, axis=0), 1)
    return (turn @ (0, -_DISTANCE, _EYE)).astype(np.float32), ray.astype(np.float32)


def _enter(shape: int, size: float, start: Floats, ray: Floats) -> Floats:
    """Return how far rays go before they enter the object, or a large number."""
    radius, height = np.float32(size * _RADIUS[shape]), np.float32(size * _HEIGHT[shape])
    with np.errstate(divide="ignore", invalid="ignore"):
        if shape == 0:
            corner = np.array([radius, radius, height / 2], np.float32)[:, None, None]
            middle = start - np.array([0, 0, height / 2], np.float32)[:, None, None]
            sides = np.stack([(-corner - middle) / ray, (corner - middle) / ray])
            near, far = sides.min(axis=0).max(axis=0), sides.max(axis=0).min(axis=0)
        else:
            near, far = _quadratic(start[:2], ray[:2], radius)
            if shape == 1:
                ends = np.stack([-start[2] / ray[2], (height - start[2]) / ray[2]])
                near = np.maximum(near, ends.min(axis=0))
                far = np.minimum(far, ends.max(axis=0))
            else:  # a sphere is a capsule of no length
                z = start[2] + near * ray[2]
                end = np.where(z > height / 2, height - radius, radius)
                middle = np.stack(np.broadcast_arrays(start[0], start[1], start[2] - end))
                on_tube = (z >= radius) & (z <= height - radius)
                cap_near, cap_far = _quadratic(middle, ray, radius)
                near, far = np.where(on_tube, near, cap_near), np.where(on_tube, far, cap_far)
    return np.where((near < far) & (near > 0), near, _FAR).astype(np.float32)


def _quadratic(start: Floats, ray: Floats, radius: np.float32) -> tuple[Floats, Floats]:
    """Return where rays enter and leave a circle or sphere around the origin."""
    a, b = np.square(ray).sum(axis=0), (start * ray).sum(axis=0)
    inside = b * b - a * (np.square(start).sum(axis=0) - radius * radius)
    root = np.sqrt(inside)  # not a number where the ray misses, which compares as false
    return (-b - root) / a, (-b + root) / a


def _normal(shape: int, size: float, at: Floats) -> Floats:
    """Return the outward normals (3, ...) of points on the object."""
    radius, height = size * _RADIUS[shape], size * _HEIGHT[shape]
    if shape == 0:
        scaled = np.stack([at[0] / radius, at[1] / radius, 2 * at[2] / height - 1])
        return np.where(np.abs(scaled) == np.abs(scaled).max(axis=0), np.sign(scaled), 0)
    if shape == 1:
        lid = at[2] > height * 0.9999
        return np.stack([np.where(lid, 0, at[0] / radius), np.where(lid, 0, at[1] / radius), lid])
    axis = np.clip(at[2], radius, height - radius)
    return (np.stack([at[0], at[1], at[2] - axis]) / radius).astype(np.float32)
