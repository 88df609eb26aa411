"""Which beta keeps which latents, for a table or raster of your own."""

from betascan.own.analysis import Analysis, analyse
from betascan.own.reading import Table, read

__all__ = ["Analysis", "Table", "analyse", "read"]
