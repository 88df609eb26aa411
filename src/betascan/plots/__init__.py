"""The style of all figures, and panels that several of them draw."""

from collections.abc import Iterator
from contextlib import contextmanager

from betascan.plots.style import save

__all__ = ["save", "themed"]


@contextmanager
def themed() -> Iterator[None]:
    """Draw in the style of all figures."""
    yield
