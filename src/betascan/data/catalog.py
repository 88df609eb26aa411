"""The data sets: their names, and what they are for each source.

Nothing heavy is imported: the workflow reads this before the environments of its rules exist.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class ImageSet:
    """An image data set; `betascan.data.images` knows how its images are made."""

    key: str
    """Field of the configuration's ``data``, part of file names."""
    label: str
    """Name in figures and tables."""
    channels: int
    """1 for grey, 3 for colour."""
    offline: Literal["rendered", "standin"]
    """The source that needs no download: the genuine images, or others with the same factors."""

    @property
    def sources(self) -> dict[str, str]:
        """For each ``source`` of the configuration, what the images are."""
        if self.offline == "rendered":
            return {"rendered": f"{self.label}, rendered", "official": self.label}
        return {"standin": f"stand-in, not {self.label}", "official": self.label}


IMAGE_SETS = {
    row.key: row
    for row in (
        ImageSet("dsprites", "dSprites", 1, "rendered"),
        ImageSet("shapes3d", "3D Shapes", 3, "standin"),
        ImageSet("mpi3d_real", "MPI3D-real", 3, "standin"),
        ImageSet("mpi3d_real_complex", "MPI3D-real-complex", 3, "standin"),
    )
}

CLIMATE_SOURCES = {"worldclim": "WorldClim 2.1, 10'", "standin": "stand-in climate, not WorldClim"}
"""For each ``source`` of the configuration, what the climate data are."""
