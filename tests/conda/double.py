"""A test double of conda: the few commands that `snakemake --use-conda` calls.

An environment is a venv of the Python that runs the tests, into which exactly the packages that its
file pins are linked from there: made in a second, without a channel, and whatever the file does not
name cannot be imported. That the pins can be had from an index, only a real conda can tell.
"""

import argparse
import json
import sys
import venv
from importlib import metadata
from pathlib import Path

import yaml
from packaging.requirements import Requirement

VERSION = "24.7.1"  # the oldest that Snakemake takes
ROOT = str(Path(__file__).parent)  # bin/activate lies below it
PYTHON = f"python={sys.version_info.major}.{sys.version_info.minor}"
ANSWERS = {
    ("clean", "-y", "--tarballs"): "",
    ("--version",): f"conda {VERSION}",
    ("info", "--json"): json.dumps({"conda_prefix": ROOT, "platform": "linux-64"}),
    ("config", "--get", "channel_priority", "--json"): json.dumps(
        {"get": {"channel_priority": "strict"}}
    ),
}


def link(requirement: Requirement, site: Path) -> None:
    """Link an installed package, which must have the pinned version, into `site`."""
    package = metadata.distribution(requirement.name)
    if package.version not in requirement.specifier:
        raise SystemExit(f"conda double: {requirement} is wanted, {package.version} is here")
    tops = {file.parts[0] for file in package.files or []} - {"..", "__pycache__"}
    for top in tops:
        (site / top).symlink_to(str(package.locate_file(top)))


def create(file: Path, prefix: Path) -> None:
    """Make the environment of a file that holds python, pip and a list for pip."""
    *conda, pip = yaml.safe_load(file.read_text())["dependencies"]
    if conda != [PYTHON, "pip"]:
        raise SystemExit(f"conda double: not {conda} but {PYTHON} and pip are here")
    venv.create(prefix, symlinks=True)
    site = next(prefix.glob("lib/python*/site-packages"))
    for pin in ["pip", *pip["pip"]]:
        link(Requirement(pin), site)


def main(arguments: list[str]) -> None:
    """Answer one command."""
    if tuple(arguments) in ANSWERS:
        print(ANSWERS[tuple(arguments)])
    elif arguments[:2] == ["env", "create"]:
        parser = argparse.ArgumentParser()
        parser.add_argument("--file", type=Path, required=True)
        parser.add_argument("--prefix", type=Path, required=True)
        given, _ = parser.parse_known_args(arguments[2:])
        create(given.file, given.prefix)
    else:
        raise SystemExit(f"conda double: not understood: {' '.join(arguments)}")


if __name__ == "__main__":
    main(sys.argv[1:])
