"""Which beta keeps which latents of a table or raster of one's own."""

from betascan.own.analysis import Analysis, analyse
from betascan.own.reading import Table, read

__all__ = ["Analysis", "Table", "analyse", "read"]
