"""Whatever configuration the schema accepts has a DAG: drawn at random around the tiny one."""

import copy
import os
import tempfile
from pathlib import Path

import yaml
from dag import PROJECT, TINY
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from snakemake.api import SnakemakeApi
from snakemake.settings.enums import Quietness
from snakemake.settings.types import ConfigSettings, OutputSettings, ResourceSettings
from snakemake.utils import update_config

from betascan.core.errors import ConfigError
from betascan.workflow.config import Config, load, studies

SCHEMA = Config.model_json_schema()
BASE = yaml.safe_load((PROJECT / "config.yaml").read_text())
PAPERS = load(BASE)
update_config(BASE, copy.deepcopy(TINY))
KEPT = {"urls", "root", "scale", "device"}


def resolved(node):
    return SCHEMA["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node


def leaves(node, value, path=()):
    """Yield path, schema and value of every key that holds no section."""
    for name, child in resolved(node)["properties"].items():
        inner = resolved(child)
        if "properties" in inner and isinstance(value[name], dict):
            yield from leaves(inner, value[name], (*path, name))
        elif name not in KEPT and name in value:
            yield (*path, name), inner, value[name]


def values(node, value):
    """Values of a key near the one that it has, most of which the schema accepts."""
    node = resolved(node)
    if "anyOf" in node:
        return st.one_of(*(values(option, value) for option in node["anyOf"]))
    if "enum" in node or "const" in node:
        return st.sampled_from(node.get("enum", [node.get("const")]))
    kind = node.get("type")
    if kind == "array" and "items" in node:
        items = st.one_of(st.sampled_from(value or [1]), values(node["items"], (value or [1])[0]))
        low = node.get("minItems", 0)
        return st.lists(items, min_size=low, max_size=max(low, 3), unique=True)
    if kind == "integer" and isinstance(value, int):
        low = node.get("minimum", node.get("exclusiveMinimum", -1) + 1)
        return st.sampled_from([low, low + 1, value])
    if kind == "number" and isinstance(value, int | float):
        return st.sampled_from([value, value / 2, value * 2, node.get("minimum", value)])
    return st.just({"null": None, "boolean": True}.get(kind, value))


LEAVES = list(leaves(SCHEMA, BASE))


@st.composite
def configurations(draw):
    drawn = copy.deepcopy(BASE)
    for path, node, value in draw(st.lists(st.sampled_from(LEAVES), min_size=1, max_size=6)):
        *sections, key = path
        place = drawn
        for section in sections:
            place = place[section]
        place[key] = draw(values(node, value))
    return drawn


def dry_run(config, folder):
    """Let Snakemake work out every job, input and parameter; in this process, as it is quick."""
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        workflow = api.workflow(
            ResourceSettings(cores=2),
            ConfigSettings(config=config),
            snakefile=PROJECT / "Snakefile",
            workdir=folder,
        )
        workflow.dag().execute_workflow(pseudo_executor="dryrun")


@settings(max_examples=int(os.environ.get("EXAMPLES", "5")))
@given(configurations())
def test_an_accepted_configuration_has_a_dag(config):
    try:
        studies(load(config), PAPERS)
    except ConfigError:
        assume(False)
    with tempfile.TemporaryDirectory() as folder:
        dry_run(config, Path(folder))
