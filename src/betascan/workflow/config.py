"""The configuration: typed, with every key explained and unknown keys rejected.

`config.yaml` holds the papers' own protocols; an overlay in workflow/scales shrinks them.
`python -m betascan.workflow.config` writes workflow/schemas/config.schema.json.
"""

import difflib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from pydantic import BaseModel, Field, ValidationError, create_model, field_validator

from betascan.config.base import ConfigModel, Name
from betascan.config.data import Data
from betascan.core.errors import ConfigError
from betascan.core.paths import Paths
from betascan.studies import registry
from betascan.studies.base import Study
from betascan.studies.context import Context


class General(ConfigModel):
    """What belongs to no single study."""

    scale: Name = Field(
        description="name of the scale, printed on every figure and in every provenance record",
    )
    output: str | None = Field(
        min_length=1,
        description="folder that data/, runs/, results/ and figures/ are made in; null: the "
        "working directory for the papers' scale, a folder named after the scale for any other",
    )
    data: Data

    @field_validator("output")
    @classmethod
    def _folder(cls, output: str | None) -> str | None:
        if output is None:
            return None
        if output.startswith("~"):
            raise ValueError("write the home folder out: ~ would become a folder of that name")
        return output.removeprefix("./").rstrip("/") or "."


_sections: dict[str, Any] = {key: (registry.section(key), ...) for key in registry.KEYS}
Config = create_model("Config", __base__=General, **_sections)
Config.__doc__ = "Everything that a run depends on."


def _key(path: tuple[int | str, ...]) -> tuple[str, list[str]]:
    """Return the key that an error's path names, and the keys known next to it.

    After the key the path may name the alternatives of its type, which are not the user's.
    """
    section: Any = Config
    key, known = [], list(Config.model_fields)
    for name in path:
        if name == "[key]":  # the name itself is wrong
            break
        if get_origin(section) is dict:  # sections named by the user
            key.append(str(name))
            section = get_args(section)[1]
            continue
        if not (isinstance(section, type) and issubclass(section, BaseModel)):
            break
        known = list(section.model_fields)
        key.append(str(name))
        field = section.model_fields.get(str(name))
        section = field.annotation if field else None
    return ".".join(key), known


def _explain(errors: Sequence[Mapping[str, Any]]) -> str:
    """Say in one line what is wrong with one key, which may have several errors."""
    error = errors[0]
    key, known = _key(error["loc"])
    if error["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(error["loc"][-1]), known, n=1, cutoff=0.0)
        return f"unknown key '{key}'; the nearest valid one is '{near[0]}'"
    if error["type"] == "missing":
        return f"key '{key}' is missing"
    deepest = max(len(e["loc"]) for e in errors)  # a bad item also makes its list too short
    messages = [_message(e) for e in errors if len(e["loc"]) == deepest]
    wanted = " or ".join(m.removeprefix("Input ").removeprefix("Value error, ") for m in messages)
    wanted = f"key '{key}': {wanted[:1].lower()}{wanted[1:]}"
    if re.fullmatch(r"[-+]?\d+e[-+]?\d+", str(error["input"])):
        number = re.sub(r"e", ".0e", str(error["input"]))
        return f"{wanted}, not text: YAML reads {error['input']} as text, write {number}"
    if isinstance(error["input"], Mapping):  # a whole section, in which keys contradict each other
        return wanted
    return f"{wanted}, not {error['input']!r}"


def _message(error: Mapping[str, Any]) -> str:
    if error["type"] == "too_short":
        return f"should have at least {error['ctx']['min_length']} values"
    if error["type"] == "string_pattern_mismatch":
        return "should be of letters, digits, '.', '_' and '-' alone"
    return str(error["msg"])


def from_command_line(value: Any) -> Any:
    """Return the values of ``--config``, of which Snakemake leaves nested ones as text."""
    if isinstance(value, Mapping):
        return {name: from_command_line(one) for name, one in value.items()}
    if isinstance(value, list):
        return [from_command_line(one) for one in value]
    return yaml.safe_load(value) if isinstance(value, str) else value


def load(raw: Mapping[str, Any], source: str = "config.yaml") -> Any:
    """Check a configuration as Snakemake passes it on.

    Parameters
    ----------
    raw : Mapping
        As read from YAML.
    source : str
        The files that it comes from, for errors.

    Returns
    -------
    Config
        Frozen; one attribute per study beside those of `General`.

    Raises
    ------
    ConfigError
        With one line: each key that is wrong, and what would be right.
    """
    try:
        text = json.dumps(raw)
    except TypeError:
        raise ConfigError(f"{source}: {_not_json(raw)}") from None
    try:  # as JSON, in which a list is a tuple but true is not a number
        return Config.model_validate_json(text, strict=True)
    except ValidationError as error:
        by_key: dict[str, list[Any]] = {}
        for one in error.errors():
            by_key.setdefault(_key(one["loc"])[0], []).append(one)
        raise ConfigError(f"{source}: {'; '.join(map(_explain, by_key.values()))}") from None


class _UniqueKeys(yaml.SafeLoader):
    """Rejects a mapping with a duplicate key, of which YAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for number, key in enumerate(keys):
            if key in keys[:number]:
                line = node.value[number][0].start_mark.line + 1
                raise ConfigError(f"duplicate key '{key}' in line {line}: merge the two")
        return super().construct_mapping(node, deep)


def read(path: Path) -> dict[str, Any]:
    """Read a configuration file.

    Raises
    ------
    ConfigError
        If it is not YAML, not a mapping, or has a key twice.
    """
    try:
        settings = yaml.load(path.read_text(), _UniqueKeys) or {}
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(settings, dict):
        raise ConfigError(f"{path} has no keys: write `key: value` lines, as in config.yaml")
    return settings


def _not_json(raw: Any, key: str = "") -> str:
    """Name the key whose value YAML has read as something other than text or a number."""
    items = raw.items() if isinstance(raw, Mapping) else enumerate(raw)
    for name, value in items:
        path = f"{key}.{name}".lstrip(".")
        if isinstance(value, Mapping | list):
            if message := _not_json(value, path):
                return message
        elif not isinstance(value, str | int | float | bool | None):
            return f"key '{path}': YAML reads {value} as a {type(value).__name__}; put it in quotes"
    return ""


# Keys that change how a run is executed and where it finds files, not what it shows.
EXECUTION = {
    "output", "root", "urls", "device", "threads", "cuda_graph", "points_per_job", "lambdas_per_job"
}  # fmt: skip


def _changed(ours: Any, papers: Any, key: str = "") -> Iterator[str]:
    """Yield the keys whose values differ, except those of `EXECUTION`."""
    for name in type(ours).model_fields:
        if name == "own":  # which belongs to no paper
            continue
        one, other = getattr(ours, name), getattr(papers, name)
        path = f"{key}.{name}".lstrip(".")
        if isinstance(one, BaseModel) and type(one) is type(other):
            yield from _changed(one, other, path)
        elif one != other and name not in EXECUTION:
            yield path


def paths(config: Any, papers: Any) -> Paths:
    """Return the folders of a run; arguments as in `studies`.

    Any scale other than the papers' has a folder of its own, so that no overlay replaces committed
    results unless ``output`` says so.
    """
    own = "." if config.scale == papers.scale else config.scale
    return Paths(config.output or own)


def resolve_data_root(start: str) -> None:
    """Make a relative BETASCAN_DATA relative to the user's folder, whatever ``--directory`` is."""
    if folder := os.environ.get("BETASCAN_DATA"):
        os.environ["BETASCAN_DATA"] = str(Path(start) / Path(folder).expanduser())


def studies(config: Any, papers: Any) -> dict[str, Study]:
    """Return the rows of every study by key.

    Parameters
    ----------
    config, papers : Config
        The configuration of this run, and that of `config.yaml` alone.

    Raises
    ------
    ConfigError
        If a protocol other than the papers' uses the papers' scale name, or keys of a
        study contradict each other.
    """
    if config.scale == papers.scale and (changed := next(_changed(config, papers), None)):
        raise ConfigError(
            f"{changed} is not as in config.yaml, so this is not the scale "
            f"'{papers.scale}': give yours a name of its own (scale: mine)"
        )
    rows = {}
    for key in registry.KEYS:
        context = Context(
            key=key,
            config=getattr(config, key),
            papers=getattr(papers, key),
            data=config.data,
            papers_data=papers.data,
            scale_name=config.scale,
            papers_name=papers.scale,
            paths=paths(config, papers),
        )
        try:
            rows[key] = registry.build(key, context)
        except ValidationError as error:  # keys that no training can have together
            messages = "; ".join(_message(e).removeprefix("Value error, ") for e in error.errors())
            raise ConfigError(f"section '{key}' of the configuration: {messages}") from None
    return rows


def schema() -> str:
    """Return the JSON schema of the configuration, as text."""
    return json.dumps(Config.model_json_schema(), indent=2) + "\n"


if __name__ == "__main__":
    print(schema(), end="")
