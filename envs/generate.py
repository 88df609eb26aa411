"""Write the conda environments of the rules from pins.txt: ``python envs/generate.py``.

Each holds python and pip from conda-forge and, pinned exactly, the packages its rules import with
all that these need. Run it in the environment of pins.txt.
"""

import re
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement

HERE = Path(__file__).parent
DATA = ["h5py", "jaxtyping", "numpy", "pandas", "pooch", "pydantic", "rasterio", "requests", "tqdm"]
ENVIRONMENTS = {
    "data": DATA,
    "train": [*DATA, "torch", "scipy", "scikit-learn", "lightgbm", "pyyaml"],  # and evaluates
    # pandas writes Markdown with tabulate and LaTeX with jinja2
    "figures": [*DATA, "jinja2", "matplotlib", "scipy", "seaborn", "tabulate"],
}


def normalised(name: str) -> str:
    """Return a package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins() -> dict[str, str]:
    """Return the pinned version of every package."""
    lines = (HERE.parent / "pins.txt").read_text().split()
    return {normalised(name): version for name, version in (x.split("==") for x in lines)}


def closure(names: list[str]) -> set[str]:
    """Return the packages and all that they need here."""
    found: set[str] = set()
    waiting = [normalised(name) for name in names]
    while waiting:
        if (name := waiting.pop()) not in found:
            found.add(name)
            needs = [Requirement(line) for line in requires(name) or []]
            wanted = [r for r in needs if not r.marker or r.marker.evaluate({"extra": ""})]
            waiting += [normalised(r.name) for r in wanted]
    return found - {"setuptools"}


def environment(name: str) -> str:
    """Return the text of one environment file."""
    versions = pins()
    packages = "".join(f"      - {p}=={versions[p]}\n" for p in sorted(closure(ENVIRONMENTS[name])))
    return (
        "# generated from pins.txt by envs/generate.py\n"
        "channels:\n  - conda-forge\n  - nodefaults\n"
        "dependencies:\n  - python=3.11\n  - pip\n  - pip:\n" + packages
    )


if __name__ == "__main__":
    for name in ENVIRONMENTS:
        (HERE / f"{name}.yaml").write_text(environment(name))
