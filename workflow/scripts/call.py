"""Call the function a rule names, with the rule's files and parameters as its arguments.

``params.function`` is the dotted name; every other named input, output and parameter is passed
under its name, files as paths. ``input.code`` is there for Snakemake alone, and ``threads`` is
passed to the functions that have that argument.
"""

import inspect
from importlib import import_module
from pathlib import Path

from betascan.workflow.job import job


def paths(files):
    """Named files as paths: one each, or a list where the rule gives a list."""
    return {
        name: Path(file) if isinstance(file, str) else [Path(f) for f in file]
        for name, file in files.items()
        if name != "code"
    }


params = dict(snakemake.params.items())
module, name = params.pop("function").rsplit(".", 1)
with job(Path(snakemake.log[0])):
    function = getattr(import_module(module), name)
    if "threads" in inspect.signature(function).parameters:
        params["threads"] = snakemake.threads
    function(**paths(snakemake.input), **paths(snakemake.output), **params)
