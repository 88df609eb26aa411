import subprocess
import sys
from importlib import import_module

import pytest

from betascan import metrics
from betascan.metrics.registry import METRICS, SCORES
from betascan.workflow.code import closure


def test_needs_nothing_but_the_standard_library():
    script = (
        "import sys\n"
        "for name in 'numpy', 'pandas', 'scipy', 'sklearn', 'lightgbm', 'torch', 'jaxtyping':\n"
        "    sys.modules[name] = None\n"  # an import of it fails
        "from betascan.metrics.registry import METRICS\n"
        "print(*METRICS)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout.split() == list(METRICS)


@pytest.mark.parametrize("name", [name for m in METRICS.values() for name in m.statistics])
def test_every_function_exists_and_a_change_of_it_scores_models_anew(name):
    module, _, function = name.rpartition(".")
    assert callable(getattr(import_module(module), function))
    assert module in closure("betascan.evaluation")


def test_names_labels_and_conventions_are_unambiguous():
    assert sum(len(scores) for m in METRICS.values() for scores in m.statistics.values()) == len(
        SCORES
    )
    labels = [score.label for score in SCORES.values()]
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("name", metrics.__all__)
def test_every_public_name_is_imported_on_first_use(name):
    """Also after its module, whose name must not hide it."""
    value = getattr(metrics, name)
    assert getattr(value, "__module__", "").startswith("betascan.metrics.")
    assert callable(value)


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="has no attribute 'migg'"):
        metrics.migg  # noqa: B018
