"""The configuration: typed, every key explained, unknown keys refused.

`config.yaml` holds the papers' own protocols; an overlay in workflow/scales shrinks them.
`python -m betascan.workflow.config` writes workflow/schemas/config.schema.json.
"""

import difflib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, Field, ValidationError, create_model, field_validator

from betascan.config.base import ConfigModel
from betascan.config.data import Data
from betascan.core.errors import ConfigError
from betascan.core.paths import Paths
from betascan.studies import registry
from betascan.studies.base import Study
from betascan.studies.context import Context


class General(ConfigModel):
    """What is no study's own."""

    scale: str = Field(description="printed on every figure and in every provenance record")
    output: str = Field(
        min_length=1,
        description="folder that data/, runs/, results/ and figures/ are made in",
    )
    data: Data

    @field_validator("output")
    @classmethod
    def _folder(cls, output: str) -> str:
        if output.startswith("~"):
            raise ValueError("write the home folder out: ~ would become a folder of that name")
        return output.removeprefix("./").rstrip("/") or "."


_sections: dict[str, Any] = {key: (registry.section(key), ...) for key in registry.KEYS}
Config = create_model("Config", __base__=General, **_sections)
Config.__doc__ = "Everything that a run depends on."


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
    messages = [e["msg"] for e in errors if len(e["loc"]) == deepest]
    wanted = " or ".join(m.removeprefix("Input ").removeprefix("Value error, ") for m in messages)
    wanted = f"key '{key}': {wanted[:1].lower()}{wanted[1:]}"
    if isinstance(error["input"], Mapping):  # a whole section, in which keys contradict each other
        return wanted
    return f"{wanted}, not {error['input']!r}"


def load(raw: Mapping[str, Any]) -> Any:
    """Check a configuration as Snakemake hands it over.

    Parameters
    ----------
    raw : Mapping
        As read from YAML.

    Returns
    -------
    Config
        Frozen; one attribute a study beside those of `General`.

    Raises
    ------
    ConfigError
        With one line: each key that is wrong, and what would be right.
    """
    try:
        text = json.dumps(raw)
    except TypeError:
        raise ConfigError(f"config: {_not_json(raw)}") from None
    try:  # as JSON, in which a list is a tuple but true is no number
        return Config.model_validate_json(text, strict=True)
    except ValidationError as error:
        by_key: dict[str, list[Any]] = {}
        for one in error.errors():
            by_key.setdefault(_key(one["loc"])[0], []).append(one)
        raise ConfigError(f"config: {'; '.join(map(_explain, by_key.values()))}") from None


def _not_json(raw: Any, key: str = "") -> str:
    """Name the key whose value YAML has read as something else than text or number."""
    items = raw.items() if isinstance(raw, Mapping) else enumerate(raw)
    for name, value in items:
        path = f"{key}.{name}".lstrip(".")
        if isinstance(value, Mapping | list):
            if message := _not_json(value, path):
                return message
        elif not isinstance(value, str | int | float | bool | None):
            return f"key '{path}': YAML reads {value} as a {type(value).__name__}; put it in quotes"
    return ""


def studies(config: Any, papers: Any) -> dict[str, Study]:
    """Return the rows of every study by key.

    Parameters
    ----------
    config, papers : Config
        The configuration of this run, and that of `config.yaml` alone.
    """
    return {
        key: registry.build(
            key,
            Context(
                key=key,
                config=getattr(config, key),
                papers=getattr(papers, key),
                data=config.data,
                papers_data=papers.data,
                scale_name=config.scale,
                papers_name=papers.scale,
                paths=Paths(config.output),
            ),
        )
        for key in registry.KEYS
    }


def schema() -> str:
    """Return the JSON schema of the configuration, as text."""
    return json.dumps(Config.model_json_schema(), indent=2) + "\n"


if __name__ == "__main__":
    print(schema(), end="")
