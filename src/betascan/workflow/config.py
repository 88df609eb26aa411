"""The configuration: typed, every key explained, unknown keys refused.

`config.yaml` holds the papers' own protocols; an overlay in workflow/scales shrinks them.
`python -m betascan.workflow.config` writes workflow/schemas/config.schema.json from these classes.
"""

import difflib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from betascan.config.base import ConfigModel
from betascan.config.data import Data
from betascan.core.errors import ConfigError
from betascan.studies.allen2024.config import Allen2024
from betascan.studies.chen2018.config import Chen2018
from betascan.studies.denardin2025.config import Denardin2025
from betascan.studies.hirn2026.config import Hirn2026
from betascan.studies.vu2026.config import Vu2026


class Config(ConfigModel):
    """Everything that a run depends on."""

    scale: str = Field(description="printed on every figure and in every provenance record")
    output: str = Field(description="folder that data/, runs/, results/ and figures/ are made in")
    data: Data
    hirn2026: Hirn2026
    denardin2025: Denardin2025
    chen2018: Chen2018
    vu2026: Vu2026
    allen2024: Allen2024


def _key(path: tuple[int | str, ...]) -> tuple[str, list[str]]:
    """Return the key that an error's path names, and the keys known beside it.

    Behind the key the path may name the alternatives of its type, which are not the user's.
    """
    section: Any = Config
    key, known = [], list(Config.model_fields)
    for name in path:
        if not (isinstance(section, type) and issubclass(section, BaseModel)):
            break
        known = list(section.model_fields)
        key.append(str(name))
        field = section.model_fields.get(str(name))
        section = field.annotation if field else None
    return ".".join(key), known


def _explain(errors: Sequence[Mapping[str, Any]]) -> str:
    """Say in one line what is wrong with one key, of which there may be several errors."""
    error = errors[0]
    key, known = _key(error["loc"])
    if error["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(error["loc"][-1]), known, n=1, cutoff=0.0)
        return f"unknown key '{key}'; the nearest valid one is '{near[0]}'"
    if error["type"] == "missing":
        return f"key '{key}' is missing"
    deepest = max(len(e["loc"]) for e in errors)  # a bad item also makes its list too short
    told = [e["msg"] for e in errors if len(e["loc"]) == deepest]
    wanted = " or ".join(m.removeprefix("Input ").removeprefix("Value error, ") for m in told)
    return f"key '{key}': {wanted[:1].lower()}{wanted[1:]}, not {error['input']!r}"


def load(raw: Mapping[str, Any]) -> Config:
    """Check a configuration as Snakemake hands it over.

    Raises ConfigError with one line: each key that is wrong, and what would be right.
    """
    try:  # as JSON, in which a list is a tuple but true is no number
        return Config.model_validate_json(json.dumps(raw), strict=True)
    except ValidationError as error:
        by_key: dict[str, list[Any]] = {}
        for one in error.errors():
            by_key.setdefault(_key(one["loc"])[0], []).append(one)
        told = "; ".join(_explain(errors) for errors in by_key.values())
        raise ConfigError(f"config: {told}") from None


def schema() -> str:
    """Return the JSON schema of the configuration, as text."""
    return json.dumps(Config.model_json_schema(), indent=2) + "\n"


if __name__ == "__main__":
    print(schema(), end="")
