"""The page of all keys of the configuration: ``python -m betascan.workflow.reference``."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from pydantic import BaseModel

from betascan.workflow.config import Config

PROJECT = Path(__file__).parents[3]
PAGE = PROJECT / "docs/configuration.md"
HEAD = """# Every key of the configuration

Generated from the classes that check it (`python -m betascan.workflow.reference`), with the values
of `config.yaml`, which are the papers'. An overlay (`--configfile`) names only what it changes;
several are merged key by key, of which later files win. In `a.*.b`, `*` is a name of your own.
"""


def section_of(annotation: Any) -> type[BaseModel] | None:
    """Return the class of a nested section, or None where a field holds a plain value."""
    candidates = [annotation, *get_args(annotation)]
    classes = [c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)]
    return classes[0] if len(classes) == 1 else None


def fields(section: type[BaseModel], path: str = "") -> Iterator[tuple[str, str, Any]]:
    """Yield path, description and nested class (or None) of every field, depth first."""
    for name, field in section.model_fields.items():
        key = f"{path}.{name}".lstrip(".")
        nested = section_of(field.annotation)
        yield key, field.description or "", nested
        if nested:
            named = get_origin(field.annotation) is dict
            yield from fields(nested, f"{key}.*" if named else key)


def _value(settings: Any, key: str) -> str:
    before, *behind = key.split(".*.")
    for name in before.split("."):
        settings = settings.get(name) if isinstance(settings, Mapping) else None
    for name in behind:
        settings = {user: section[name] for user, section in settings.items()}
    return yaml.safe_dump(settings, default_flow_style=True).split("\n...")[0].strip()


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def page() -> str:
    """Return the page in Markdown."""
    settings = yaml.safe_load((PROJECT / "config.yaml").read_text())
    parts = [HEAD]
    for name, field in Config.model_fields.items():
        nested = section_of(field.annotation)
        if nested is None:
            parts.append(f"**`{name}`** (`{_value(settings, name)}`): {field.description}.\n")
            continue
        summary = (nested.__doc__ or "").split("\n\n")[0].replace("\n", " ")
        parts.append(f"## {name}\n\n{summary}\n\n| key | papers | meaning |\n| --- | --- | --- |")
        for key, description, inner in fields(nested):
            if inner is None:
                value = _cell(_value(settings, f"{name}.{key}"))
                parts.append(f"| `{key}` | `{value}` | {_cell(description)} |")
            else:
                text = description or (inner.__doc__ or "").split("\n\n")[0].rstrip(".")
                parts.append(f"| **`{key}`** | | *{_cell(text)}* |")
        parts.append("")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page())
