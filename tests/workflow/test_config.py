import copy
from itertools import chain
from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config

from betascan.core.errors import ConfigError
from betascan.workflow import config

ROOT = Path(__file__).parents[2]
PAPERS = yaml.safe_load((ROOT / "config.yaml").read_text())
OVERLAYS = sorted((ROOT / "workflow" / "scales").glob("*.yaml"))


def test_the_committed_schema_is_up_to_date():
    committed = (ROOT / "workflow" / "schemas" / "config.schema.json").read_text()
    assert committed == config.schema(), "python -m betascan.workflow.config > that file"


def test_the_papers_protocol():
    protocol = config.load(PAPERS).hirn2026
    temperatures = protocol.scan.temperatures.grid()
    assert len(temperatures) == 57
    assert (temperatures[0], temperatures[8], temperatures[-1]) == (1e-7, 1e-6, 1)
    scan = protocol.scan
    assert (scan.latents, scan.updates, scan.batch_size, scan.lr) == (32, 500_000, 256, 3e-4)
    assert protocol.split.side_km == 500


def numbers(section, path=()):
    """Yield (path, value) of every number in nested mappings."""
    for key, value in section.items():
        if isinstance(value, dict):
            yield from numbers(value, (*path, key))
        elif isinstance(value, int | float):
            yield (*path, key), value


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda path: path.stem)
def test_an_overlay_only_shrinks(overlay):
    changes, merged = yaml.safe_load(overlay.read_text()), copy.deepcopy(PAPERS)
    update_config(merged, changes)
    assert config.load(merged).scale == overlay.stem
    papers = dict(numbers(PAPERS))
    for path, value in numbers(changes):
        if path[-1] == "lowest":  # fewer decades
            assert value >= papers[path]
        elif path[-1] in ("lr", "discriminator_lr"):  # fewer steps, longer ones
            assert value <= 10 * papers[path]
        elif path in papers:  # null has no size
            assert value <= papers[path], path


def test_there_is_an_overlay():
    assert "demo" in [path.stem for path in OVERLAYS]


@pytest.mark.parametrize("size", [1, 10, 57, 100, "all"])
def test_jobs_hold_every_temperature_once(size):
    raw = copy.deepcopy(PAPERS)
    raw["hirn2026"]["scan"]["points_per_job"] = size
    study = config.load(raw).hirn2026
    parts = study.parts()
    assert list(chain(*parts)) == study.scan.temperatures.grid()
    assert all(len(part) == size for part in parts[:-1])


DELETED = object()


def refusal(path, value):
    raw = copy.deepcopy(PAPERS)
    *parents, key = path.split(".")
    section = raw
    for parent in parents:
        section = section[parent]
    section[key] = value
    if value is DELETED:
        del section[key]
    with pytest.raises(ConfigError) as caught:
        config.load(raw)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("hirn2026.scan.update", "updates"),
        ("hirn2026.scan.temperatures.per_decades", "per_decade"),
        ("hirn2026.fit_flor", "fit_floor"),
        ("Scale", "scale"),
        ("hirn2025", "hirn2026"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest(path, near):
    assert refusal(path, 1) == f"config: unknown key '{path}'; the nearest valid one is '{near}'"


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("hirn2026.scan.updates", "many", "valid integer"),
        ("hirn2026.scan.updates", 1.5, "valid integer"),
        ("hirn2026.scan.lr", 0, "greater than 0"),
        ("hirn2026.scan.device", "gpu", "'auto', 'cpu' or 'cuda'"),
        ("hirn2026.scan.device", True, "'auto', 'cpu' or 'cuda'"),
        ("hirn2026.scan.updates", True, "valid integer"),
        ("hirn2026.scan.lr", float("inf"), "finite number"),
        ("hirn2026.scan.points_per_job", 0, "greater than or equal to 1 or should be 'all'"),
        ("hirn2026.scan.temperatures.per_decade", -1, "greater than or equal to 1"),
        ("hirn2026.scan.estimators", ["sample"], "'sampled' or 'analytic'"),
        ("hirn2026.split", 3, "an object"),
        ("data.climate.urls", [], "at least 1 item"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_right(path, value, expected):
    message = refusal(path, value)
    assert message.startswith(f"config: key '{path}': ")
    assert expected in message
    assert repr(value[0] if value and isinstance(value, list) else value) in message


@pytest.mark.parametrize("path", ["scale", "hirn2026.scan.temperatures.lowest", "data.root"])
def test_a_missing_key_is_named(path):
    assert refusal(path, DELETED) == f"config: key '{path}' is missing"


def test_all_that_is_wrong_is_told_at_once():
    raw = copy.deepcopy(PAPERS) | {"sale": 1}
    del raw["output"]
    with pytest.raises(ConfigError, match=r"'output' is missing; unknown key 'sale'"):
        config.load(raw)


def test_temperatures_must_be_in_order():
    message = refusal("hirn2026.scan.temperatures.lowest", 10.0)
    assert message.startswith(
        "config: key 'hirn2026.scan.temperatures': lowest must not exceed highest"
    )
