"""The studies, in the order in which they are reported."""

from importlib import import_module
from typing import Any

from betascan.config.base import ConfigModel
from betascan.studies.base import Study
from betascan.studies.context import Context

KEYS = ("hirn2026", "vu2026", "denardin2025", "chen2018", "allen2024", "outlook", "own")


def section(key: str) -> type[ConfigModel]:
    """Return the class of a study's section of the configuration."""
    return import_module(f"betascan.studies.{key}.config").SECTION


def build(key: str, context: Context[Any]) -> Study:
    """Return the rows of a study under a configuration."""
    return import_module(f"betascan.studies.{key}.workflow").study(context)
