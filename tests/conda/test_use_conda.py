"""`snakemake --use-conda`, with a test double of conda (double.py) in place of the real one.

Snakemake itself runs in an environment of nothing but its own packages and pandas, which the rules
need: it puts its site-packages at the end of the path of every script, where a rule would find what
its own environment lacks.
"""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from betascan.workflow.config import load, studies

PROJECT = Path(__file__).parents[2]
NAMES = ["data", "train", "figures"]
OVERLAY = {
    "scale": "test",
    "output": ".",
    "data": {
        "climate": {"source": "standin", "standin": {"rows": 60, "cols": 120}},
        "dsprites": {"images": 50},
    },
    "hirn2026": {
        "split": {"side_km": 1000, "seeds": [0]},
        "scan": {"seeds": [0], "updates": 60, "temperatures": {"lowest": 1e-3, "per_decade": 1}},
    },
}
pytestmark = pytest.mark.skipif(
    sys.version_info[:2] != (3, 11), reason="the environments are of Python 3.11"
)


def text(names):
    """An environment file of packages and their needs, as envs/generate.py writes it."""
    spec = importlib.util.spec_from_file_location("generate", PROJECT / "envs/generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    generate.ENVIRONMENTS["driver"] = names
    return generate.environment("driver")


def run(*command):
    own = ("PYTHONPATH", "BETASCAN_DATA", "VIRTUAL_ENV", "CONDA_PREFIX")
    environment = {name: value for name, value in os.environ.items() if name not in own}
    environment["DOUBLE_PYTHON"] = sys.executable
    environment["PATH"] = f"{Path(__file__).parent}/bin{os.pathsep}{environment['PATH']}"
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900)


def create(folder, file):
    """Make an environment as Snakemake does; return the Python in it."""
    made = run("conda", "env", "create", "--quiet", "--file", str(file), "--prefix", str(folder))
    assert made.returncode == 0, made.stderr
    return folder / "bin/python"


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The Python of every environment, and of Snakemake's own."""
    folder = tmp_path_factory.mktemp("environments")
    (folder / "driver.yaml").write_text(text(["snakemake", "pandas"]))
    files = {"driver": folder / "driver.yaml"} | {n: PROJECT / f"envs/{n}.yaml" for n in NAMES}
    return {name: create(folder / name, file) for name, file in files.items()}


def snakemake(python, project, folder, *arguments):
    overlay = folder / "overlay.yaml"
    overlay.write_text(yaml.safe_dump(OVERLAY))
    return run(
        *[python, "-m", "snakemake", "--snakefile", project / "Snakefile", "--use-conda"],
        *["--directory", folder, "--cores", "2", *arguments, "--configfile", overlay],
    )


def functions():
    """(environment, module) of every rule, of the studies' rows and those written out."""
    papers = load(yaml.safe_load((PROJECT / "config.yaml").read_text()))
    for key, study in studies(papers, papers).items():
        rows = [(table.environment, table.function) for table in study.tables]
        rows += [("figures", figure.function) for figure in study.figures]
        rows += [("train", measurement.function) for measurement in study.measurements]
        for environment, name in rows:
            dotted = name if name.startswith("betascan.") else f"betascan.studies.{key}.{name}"
            yield environment, dotted.rpartition(".")[0]
    for path in (PROJECT / "workflow/rules").glob("*.smk"):
        for rule in re.split(r"^rule ", path.read_text(), flags=re.MULTILINE)[1:]:
            environment = re.search(r"\{ENVS\}/(\w+)\.yaml", rule)
            called = re.search(r'"(betascan\.[\w.]+)\.\w+"', rule)
            if environment and called:
                yield environment[1], called[1]


@pytest.fixture(scope="module")
def ran(python, tmp_path_factory):
    folder = tmp_path_factory.mktemp("dag")
    figures = [f"figures/hirn2026/{name}.png" for name in ("fig3", "split_map")]
    done = snakemake(python["driver"], PROJECT, folder, *figures, "dsprites")
    assert done.returncode == 0, done.stderr
    return folder, done.stderr


def test_every_rule_runs_in_its_environment(ran):
    folder, told = ran
    made = {path.read_text(): path.stem for path in (folder / ".snakemake/conda").glob("*.yaml")}
    assert set(made) == {(PROJECT / f"envs/{name}.yaml").read_text() for name in NAMES}
    used = re.findall(r"Activating conda environment: .*/(\w+)", told)
    assert set(used) == set(made.values())
    assert (folder / "figures/hirn2026/fig3.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "figures/data/dsprites_rendered.png").exists()


@pytest.mark.parametrize("name", NAMES)
def test_an_environment_holds_its_pins_and_what_its_rules_import(python, name):
    listing = "from importlib.metadata import distributions as d; print(*{x.name for x in d()})"
    seen = run(python[name], "-c", listing).stdout.split()
    *_, pip = yaml.safe_load((PROJECT / f"envs/{name}.yaml").read_text())["dependencies"]
    pinned = {pin.split("==")[0] for pin in pip["pip"]}
    assert {re.sub(r"[-_.]+", "-", x).lower() for x in seen} == pinned | {"pip"}
    modules = {module for environment, module in functions() if environment == name}
    assert modules
    imports = f"import sys; sys.path.insert(0, '{PROJECT}/src'); import {', '.join(modules)}"
    done = run(python[name], "-c", imports)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("name", "package", "there"),
    [
        ("data", "torch", False),
        ("figures", "torch", False),
        ("driver", "torch", False),
        ("driver", "h5py", False),
        ("train", "torch, scipy, sklearn.svm, lightgbm", True),
    ],
)
def test_what_an_environment_can_import(python, name, package, there):
    done = run(python[name], "-c", f"import {package}")
    assert (done.returncode == 0) == there


def test_the_double_refuses_what_it_does_not_have(tmp_path):
    file = tmp_path / "wrong.yaml"
    file.write_text(yaml.safe_dump({"dependencies": ["python=3.11", "pip", {"pip": ["numpy==1"]}]}))
    made = run("conda", "env", "create", "--file", str(file), "--prefix", str(tmp_path / "wrong"))
    assert made.returncode != 0
    assert made.stderr.startswith("conda double: numpy==1 is wanted")
