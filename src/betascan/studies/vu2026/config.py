"""vu2026: its linear study and its study of images."""

from betascan.config.base import ConfigModel
from betascan.studies.vu2026.image_config import Vu2026Images
from betascan.studies.vu2026.linear_config import Vu2026Linear


class Vu2026(ConfigModel):
    """Mutual information collapse and the lambda-beta-VAE."""

    linear: Vu2026Linear
    images: Vu2026Images


SECTION = Vu2026
