"""The image data sets: names, and what their images are by source."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ImageSet:
    """An image data set.

    Attributes
    ----------
    key : str
        Field of the configuration's ``data``.
    label : str
        For figures and tables.
    sources : dict
        For each ``source`` of the configuration, what the images are.
    channels : int
        1 for grey, 3 for colour.
    """

    key: str
    label: str
    sources: dict[str, str]
    channels: int


def _scenes(key: str, label: str) -> ImageSet:
    return ImageSet(key, label, {"standin": f"stand-in, not {label}", "official": label}, 3)


IMAGE_SETS = {
    row.key: row
    for row in (
        ImageSet(
            "dsprites", "dSprites", {"rendered": "dSprites, rendered", "official": "dSprites"}, 1
        ),
        _scenes("shapes3d", "3D Shapes"),
        _scenes("mpi3d_real", "MPI3D-real"),
        _scenes("mpi3d_real_complex", "MPI3D-real-complex"),
    )
}
