"""The page of public functions and classes, from their docstrings: ``docs/api.md``."""

import inspect
from collections.abc import Iterator
from enum import Enum
from importlib import import_module
from typing import Any

MODULES = (
    "own", "linear_vae", "nonlinear_vae", "spectroscopy",
    "theory.temperature", "theory.landau", "theory.lambda_beta",
    "metrics", "metrics.total_correlation", "metrics.jacobian",
    "models", "objectives", "training.loop", "training.jobs", "evaluation",
    "data.store", "data.blocks", "data.worldclim", "data.dsprites", "data.images",
    "studies.base", "studies.judgement", "studies.statements",
)  # fmt: skip
HEAD = """# API reference

Generated from the docstrings (`make readme`). Examples are in [library.md](library.md).
"""


def page() -> str:
    """Return the page in Markdown."""
    parts = [HEAD]
    for name in MODULES:
        module = import_module(f"betascan.{name}")
        parts += [f"## betascan.{name}\n", f"{inspect.getdoc(module)}\n"]
        for public, thing in _public(module):
            parts += _entry("###", public, thing)
            if inspect.isclass(thing):
                for method, function in vars(thing).items():
                    if inspect.isfunction(function) and not method.startswith("_"):
                        parts += _entry("####", f"{public}.{method}", function)
    return "\n".join(parts)


def _public(module: Any) -> Iterator[tuple[str, Any]]:
    names = getattr(module, "__all__", None)
    for name in names or vars(module):
        thing = getattr(module, name)
        callable_ = inspect.isclass(thing) or inspect.isfunction(thing)
        own = names or getattr(thing, "__module__", "") == module.__name__
        if callable_ and own and not name.startswith("_"):
            yield name, thing


def _entry(level: str, name: str, thing: Any) -> list[str]:
    summary, _, rest = (inspect.getdoc(thing) or "").partition("\n\n")
    entry = [f"{level} `{name}{_arguments(thing)}`\n", f"{summary}\n"]
    return [*entry, f"```text\n{rest}\n```\n"] if rest else entry


def _arguments(thing: Any) -> str:
    if inspect.isclass(thing) and issubclass(thing, Exception | Enum):
        return ""
    signature = inspect.signature(thing)
    named = [p for p in signature.parameters.values() if p.name != "self"]
    bare = [p.replace(annotation=p.empty) for p in named]
    return str(signature.replace(parameters=bare, return_annotation=signature.empty))
