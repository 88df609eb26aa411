"""Badges of the README, drawn from ``pyproject.toml``, so that they need no network."""

import re
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[3]
FOLDER = PROJECT / "docs/badges"
CHARACTER = 7
"""Width in pixels of a character of 11 pixels, on average."""


def badges() -> dict[Path, str]:
    """Return the SVG of each badge by its path."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    snakemake = next(d for d in project["dependencies"] if d.startswith("snakemake"))
    facts = {
        "python": project["requires-python"],
        "snakemake": re.sub(r"^\w+", "", snakemake),
        "licence": project["license"],
    }
    shown = {name: fact.replace(">=", "≥ ") for name, fact in facts.items()}
    return {FOLDER / f"{name}.svg": badge(name, fact) for name, fact in shown.items()}


def badge(name: str, fact: str) -> str:
    """Return the SVG of a name on grey and a fact on blue."""
    left, right = (CHARACTER * len(text) + 10 for text in (name, fact))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" '
        f'aria-label="{name}: {fact}">\n'
        f'<rect width="{left}" height="20" fill="#555"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="#0173b2"/>\n'
        '<g fill="#fff" font-family="Verdana,sans-serif" font-size="11" text-anchor="middle">'
        f'<text x="{left / 2}" y="14">{name}</text>'
        f'<text x="{left + right / 2}" y="14">{fact}</text></g>\n</svg>\n'
    )
