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
        if path[-1] in config.EXECUTION:
            continue
        if path[-1] == "lowest":  # fewer decades
            assert value >= papers[path]
        elif path[-1] in ("lr", "discriminator_lr"):  # fewer steps, longer ones
            assert value <= 10 * papers[path]
        elif path in papers:  # null has no size
            assert value <= papers[path], path


@pytest.mark.parametrize("size", [1, 10, 57, 100, "all"])
def test_jobs_hold_every_temperature_once(size):
    raw = copy.deepcopy(PAPERS)
    raw["hirn2026"]["scan"]["points_per_job"] = size
    study = config.load(raw).hirn2026
    for scan in study.scans().values():
        jobs = study.jobs(scan)
        assert list(chain(*jobs)) == scan.temperatures
        assert all(len(part) == size for part in jobs[:-1])


def test_five_scans_of_the_papers_estimator_share_a_seed_or_a_split():
    study = config.load(PAPERS).hirn2026
    scans = [(scan.split, scan.seed) for scan in study.replicates()]
    assert scans == [(0, 0), (0, 1), (0, 2), (1, 0), (2, 0)]
    assert all(len(scan.temperatures) == 57 for scan in study.replicates())
    others = {scan.name: scan for scan in study.scans().values() if scan.name != "sampled"}
    assert set(others) == {"analytic", *study.remedies.scans}
    assert others["analytic"].protocol["estimator"] == "analytic"
    longer = others["longer"]
    assert (longer.protocol["estimator"], longer.protocol["updates"]) == ("sampled", 2_000_000)
    assert max(longer.temperatures) <= 6e-5


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
        ("hirn2026.remedies.scans.longer.update", "updates"),
        ("Scale", "scale"),
        ("hirn2025", "hirn2026"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest(path, near):
    assert (
        refusal(path, 1) == f"config.yaml: unknown key '{path}'; the nearest valid one is '{near}'"
    )


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
        ("data.climate.urls", [], "at least 1 value"),
        ("chen2018.betas", [1], "at least 2 values"),
        ("denardin2025.weights", [1, 4, 1], "1 is listed twice"),
        ("hirn2026.scan.estimators", ["sampled", "sampled"], "sampled is listed twice"),
        ("output", "~/out", "write the home folder out"),
        ("output", "", "at least 1 character"),
        ("scale", "my scale", "letters, digits, '.', '_' and '-' alone"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_right(path, value, expected):
    message = refusal(path, value)
    assert message.startswith(f"config.yaml: key '{path}': ")
    assert expected in message
    assert repr(value[0] if value == ["sample"] else value) in message


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a/b", "key 'hirn2026.remedies.scans.a/b': should be of letters"),
        ("sampled", "key 'hirn2026.remedies': sampled is the name of an estimator"),
    ],
)
def test_the_name_of_a_remedy_is_a_file_of_its_own(name, expected):
    """A scan that is called as an estimator's would be stored in place of it."""
    remedies = PAPERS["hirn2026"]["remedies"]["scans"]
    changed = {**remedies, name: remedies["longer"]}
    assert expected in refusal("hirn2026.remedies.scans", changed)


@pytest.mark.parametrize(
    "path",
    [
        "scale",
        "hirn2026.scan.temperatures.lowest",
        "data.root",
        "hirn2026.remedies.scans.longer.lr",
    ],
)
def test_a_missing_key_is_named(path):
    assert refusal(path, DELETED) == f"config.yaml: key '{path}' is missing"


def test_nested_values_of_the_command_line_are_typed():
    """As Snakemake parses --config 'own={file: my.csv, ...}': nested scalars are text."""
    text = "{file: my.csv, distortion: 0.05, nonlinear: true, drop_columns: [id, 3], T: null}"
    assert config.from_command_line(yaml.load(text, yaml.BaseLoader)) == yaml.safe_load(text)


def test_all_that_is_wrong_is_told_at_once():
    raw = copy.deepcopy(PAPERS) | {"sale": 1}
    del raw["output"]
    with pytest.raises(ConfigError, match=r"'output' is missing; unknown key 'sale'"):
        config.load(raw)


def test_temperatures_must_be_in_order():
    message = refusal("hirn2026.scan.temperatures.lowest", 10.0)
    assert message.startswith(
        "config.yaml: key 'hirn2026.scan.temperatures': lowest must not exceed highest"
    )


def test_a_number_that_yaml_reads_as_text_is_named():
    value = yaml.safe_load("1e-3")
    assert value == "1e-3"
    assert "YAML reads 1e-3 as text, write 1.0e-3" in refusal("hirn2026.scan.lr", value)


def test_a_date_is_named():
    message = refusal("scale", yaml.safe_load("2026-11-25"))
    assert message == (
        "config.yaml: key 'scale': YAML reads 2026-11-25 as a date; put it in quotes"
    )


def test_a_contradiction_between_keys_is_short():
    message = refusal("chen2018.betas", [6, 10])
    assert message == "config.yaml: key 'chen2018': changes are against beta 1: betas need it"


@pytest.mark.parametrize(
    ("written", "folder"), [("out/", "out"), ("./out", "out"), (".", "."), ("a/b//", "a/b")]
)
def test_the_output_folder_is_normalised(written, folder):
    assert config.load(PAPERS | {"output": written}).output == folder


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "data:\n  root: a\nscale: b\ndata:\n  root: c\n",
            "duplicate key 'data' in line 4",
        ),
        ("hirn2026:\n  fit_floor: .1\n  fit_floor: .2\n", "duplicate key 'fit_floor' in line 3"),
        ("scale: [", "is not valid YAML: "),
        ("scale: b\xe9ta\n", "is not valid YAML: 'utf-8' codec"),
        ("- scale\n", "has no keys"),
    ],
)
def test_a_damaged_overlay_is_one_line(tmp_path, text, message):
    (tmp_path / "mine.yaml").write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError) as caught:
        config.read(tmp_path / "mine.yaml")
    assert message in str(caught.value)
    assert "mine.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def changed(**overlay):
    settings = copy.deepcopy(PAPERS)
    update_config(settings, overlay)
    return config.load(settings)


def test_what_is_shrunk_may_not_be_called_the_papers_scale():
    with pytest.raises(ConfigError, match=r"denardin2025\.weights is not as in config.yaml"):
        config.studies(changed(denardin2025={"weights": [1, 4]}), config.load(PAPERS))


def test_keys_that_no_training_can_have_together_are_one_line():
    mine = changed(scale="mine", denardin2025={"training": {"held_out": 0}})
    told = "^section 'denardin2025' of the configuration: patience needs images held out"
    with pytest.raises(ConfigError, match=told):
        config.studies(mine, config.load(PAPERS))


def test_how_a_run_is_executed_is_no_other_scale():
    executed = changed(output="there", vu2026={"images": {"points_per_job": "all"}})
    assert config.studies(executed, config.load(PAPERS))
