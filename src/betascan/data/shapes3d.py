"""3D Shapes: the factors of the official file, and a stand-in rendered to look like its images.

The stand-in is a room with a floor, three walls and an open sky, one object in the middle and a
camera that orbits it; camera, room, light and object sizes were fitted to 50 genuine images. The
genuine walls have a faint texture, which is left out.

References
----------
Burgess and Kim 2018, github.com/google-deepmind/3d-shapes.
"""

from functools import lru_cache

import numpy as np
from jaxtyping import Float, Float32, UInt8
from numpy.typing import ArrayLike

from betascan.data.grid import Grid, evenly

Vectors = Float32[np.ndarray, "3 ..."]
Distances = Float32[np.ndarray, "..."]

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
"""Rays per pixel in each direction."""

# lengths in units of the factor "scale"; the floor is z = 0 and the object is at the origin
_FOV, _PITCH = np.radians(47.1), np.radians(0.69)
_DISTANCE, _EYE = 5.72, 1.62
_BACK, _ASIDE, _TOP = 6.72, 5.6, 4.0
_RADIUS = (0.843, 0.845, 0.98, 0.645)
_HEIGHT = (1.686, 1.67, 1.96, 2.53)
_LIGHT, _BEAM, _FOCUS = np.array([-2.7, 0.0, 14.0]), np.array([0.012, -0.113, 0.9935]), 7.5
# ambient light, camera light and lamp, for floor, walls and object
_REFLECTANCE = np.array([(0.26, 0.42, 0.87), (0.30, 0.48, 1.01), (0.37, 0.59, 1.23)], np.float32)
_GLOSS = 0.11
"""White that the lamp adds to the side of the object that it lights."""
_SKY = np.array([153, 226, 249], np.float32) / 255
_FAR = np.float32(1e6)


def render(classes: ArrayLike) -> UInt8[np.ndarray, "n 64 64 3"]:
    """Render stand-in images.

    Parameters
    ----------
    classes : array_like of int, shape (n, 6)
        Classes in the order of `GRID`.

    Returns
    -------
    ndarray of uint8, shape (n, 64, 64, 3)
        Images.

    Raises
    ------
    DataError
        Classes that `GRID` does not have.
    """
    classes = GRID.validate(classes)
    colours = hue_to_rgb(np.arange(10) / 10)
    images = np.empty((len(classes), SIDE, SIDE, 3), dtype=np.uint8)
    geometries, inverse = np.unique(classes[:, 3:], axis=0, return_inverse=True)
    for index, geometry in enumerate(geometries):
        layers = _layers(*(int(k) for k in geometry))
        rows = np.flatnonzero(inverse == index)
        # a pixel is linear in the three colours
        paint = colours[classes[rows, :3]]
        pixels = np.einsum("lyx,klc->kyxc", layers[:3], paint, optimize=True)
        pixels += (layers[3, ..., None] + layers[4, ..., None] * _SKY) + np.float32(0.5 / 255)
        images[rows] = (255 * np.minimum(pixels, 1)).astype(np.uint8)
    return images


def hue_to_rgb(hues: Float[np.ndarray, "*hues"]) -> Float32[np.ndarray, "*hues 3"]:
    """Return colours of full saturation and value.

    Parameters
    ----------
    hues : ndarray of float, shape (...)
        Hues in [0, 1).

    Returns
    -------
    ndarray of float32, shape (..., 3)
        Red, green and blue in [0, 1].
    """
    distance = np.abs((6 * hues[..., None] - (0, 2, 4) + 3) % 6 - 3)  # from red, green and blue
    return np.clip(2 - distance, 0, 1).astype(np.float32)


@lru_cache(maxsize=480)
def _layers(scale: int, shape: int, orientation: int) -> Float32[np.ndarray, "5 64 64"]:
    """Return the light of each pixel from floor, walls and object, then gloss and sky.

    The first three are to be multiplied by the three colours.
    """
    size = GRID.levels["scale"][scale]
    angle = np.radians(GRID.levels["orientation"][orientation])
    eye, ray = _rays(angle)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        floor = np.where(ray[2] < 0, -eye[2] / ray[2], _FAR)
        back = np.where(ray[1] > 0, (_BACK - eye[1]) / ray[1], _FAR)
        side = (np.sign(ray[0]) * _ASIDE - eye[0]) / ray[0]
    wall = np.minimum(back, side)
    wall = np.where(eye[2] + wall * ray[2] < _TOP, wall, _FAR)
    solid = _hit_distance(shape, size, eye[:, None, None], ray)
    depth = np.stack([floor, wall, solid, np.full_like(floor, _FAR / 2)])
    surface = depth.argmin(axis=0)  # 0 floor, 1 wall, 2 object, 3 sky
    point = eye[:, None, None] + np.minimum(depth.min(axis=0), 100) * ray
    inwards = np.where(side < back, [-np.sign(ray[0]), 0 * back], [0 * back, -np.ones_like(back)])
    normal = _normal(shape, size, point)
    normal = np.where(surface == 1, [*inwards, 0 * back], normal)
    normal = np.where(surface == 0, [0 * back, 0 * back, 1 + 0 * back], normal)

    to_light = _LIGHT.astype(np.float32)[:, None, None] - point
    to_light /= np.sqrt(np.square(to_light).sum(axis=0))
    lambert = np.maximum((normal * to_light).sum(axis=0), 0)
    beam = np.maximum(np.tensordot(_BEAM.astype(np.float32), to_light, 1), 0) ** _FOCUS
    shadow_ray = _hit_distance(shape, size, point + 1e-3 * normal, to_light)
    shaded = (surface < 2) & (shadow_ray < _FAR)
    facing = np.maximum(-(normal * ray).sum(axis=0), 0)
    ambient, head, lamp = np.moveaxis(_REFLECTANCE[np.minimum(surface, 2)], -1, 0)
    light = ambient + head * facing + lamp * lambert * beam * ~shaded
    layers = [light * (surface == which) for which in range(3)]
    layers += [_GLOSS * ((surface == 2) & (lambert > 0)), surface == 3]
    fine = np.stack(layers).astype(np.float32).reshape(5, SIDE, SAMPLES, SIDE, SAMPLES)
    return fine.mean(axis=(2, 4))


@lru_cache(maxsize=15)
def _rays(
    angle: float,
) -> tuple[Float32[np.ndarray, "3"], Float32[np.ndarray, "3 rows columns"]]:
    """Return the camera's place and the directions of its rays."""
    across = ((np.arange(SIDE * SAMPLES) + 0.5) / (SIDE * SAMPLES) * 2 - 1) * np.tan(_FOV / 2)
    right, up = np.meshgrid(across, -across)
    forward = np.cos(_PITCH) + up * np.sin(_PITCH)
    ray = np.stack([right, forward, up * np.cos(_PITCH) - np.sin(_PITCH)])
    sin, cos = np.sin(angle), np.cos(angle)
    turn = np.array([(cos, sin, 0), (-sin, cos, 0), (0, 0, 1)])
    ray = np.tensordot(turn, ray / np.linalg.norm(ray, axis=0), 1)
    return (turn @ (0, -_DISTANCE, _EYE)).astype(np.float32), ray.astype(np.float32)


def _hit_distance(shape: int, size: float, start: Vectors, ray: Vectors) -> Distances:
    """Return the distance at which rays hit the object, or a large number."""
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
            else:  # a sphere is a capsule of zero length
                z = start[2] + near * ray[2]
                end = np.where(z > height / 2, height - radius, radius)
                middle = np.stack(np.broadcast_arrays(start[0], start[1], start[2] - end))
                on_tube = (z >= radius) & (z <= height - radius)
                cap_near, cap_far = _quadratic(middle, ray, radius)
                near, far = np.where(on_tube, near, cap_near), np.where(on_tube, far, cap_far)
    return np.where((near < far) & (near > 0), near, _FAR).astype(np.float32)


def _quadratic(
    start: Float32[np.ndarray, "_ ..."], ray: Float32[np.ndarray, "_ ..."], radius: np.float32
) -> tuple[Distances, Distances]:
    """Return where rays enter and leave a circle or sphere around the origin."""
    a, b = np.square(ray).sum(axis=0), (start * ray).sum(axis=0)
    inside = b * b - a * (np.square(start).sum(axis=0) - radius * radius)
    root = np.sqrt(inside)  # not a number where the ray misses, which compares as false
    return (-b - root) / a, (-b + root) / a


def _normal(shape: int, size: float, point: Vectors) -> Float[np.ndarray, "3 ..."]:
    """Return the outward normals of points on the object."""
    radius, height = size * _RADIUS[shape], size * _HEIGHT[shape]
    if shape == 0:
        scaled = np.stack([point[0] / radius, point[1] / radius, 2 * point[2] / height - 1])
        return np.where(np.abs(scaled) == np.abs(scaled).max(axis=0), np.sign(scaled), 0)
    if shape == 1:
        lid = point[2] > height * 0.9999
        x, y = (np.where(lid, 0, axis / radius) for axis in point[:2])
        return np.stack([x, y, lid])
    centre = np.clip(point[2], radius, height - radius)
    return (np.stack([point[0], point[1], point[2] - centre]) / radius).astype(np.float32)
