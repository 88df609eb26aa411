"""The digest of the code behind a rule: what moves it, and what a run makes anew for it."""

import shutil

import pytest
from dag import PROJECT, planned, snakemake

from betascan.workflow import code

FUNCTION = "betascan.studies.example.tables.table"
PACKAGE = {
    "studies/example/tables.py": '"""Tables."""\n\nfrom betascan.theory import law\n\n'
    'ROW = "betascan.theory.named.function"\n\n'
    'def table():\n    """Write it."""\n    return law.law(2), "published.csv"\n',
    "studies/example/published.csv": "a,b\n1,2\n",
    "studies/example/unused.csv": "a,b\n1,2\n",
    "theory/law.py": "from betascan.core.errors import Error\n\ndef law(x):\n    return x + 1\n",
    "core/errors.py": "class Error(Exception): ...\n",
    "theory/other.py": "x = 1\n",
    "theory/named.py": "def function():\n    return 1\n",
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of a few modules in place of betascan."""
    for name, text in PACKAGE.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(code, "ROOT", tmp_path)

    def digest(**changes):
        for name, text in changes.items():
            (tmp_path / name).write_text(text)
        code._module.cache_clear()
        return code.digest(FUNCTION)

    yield digest
    monkeypatch.undo()
    code._module.cache_clear()


@pytest.mark.parametrize(
    ("file", "old", "new", "changes"),
    [
        ("studies/example/tables.py", "law(2)", "law(3)", True),
        ("theory/law.py", "x + 1", "x - 1", True),
        ("theory/named.py", "return 1", "return 2", True),
        ("studies/example/published.csv", "1,2", "1,3", True),
        ("studies/example/unused.csv", "1,2", "1,3", False),
        ("studies/example/tables.py", "Write it.", "Write the table.", False),
        ("theory/law.py", "    return", "    # as published\n\n    return", False),
        ("theory/other.py", "1", "2", False),
        ("core/errors.py", "...", "pass", False),
    ],
)
def test_what_moves_a_digest(package, file, old, new, changes):
    before = package()
    assert package(**{file: PACKAGE[file].replace(old, new)}) != before or not changes
    assert package(**{file: PACKAGE[file].replace(old, new)}) == before or changes


def test_a_score_s_formula_is_behind_its_evaluation():
    modules = code.closure("betascan.evaluation")
    assert {"betascan.metrics.information", "betascan.models.vae"} <= set(modules)
    assert not {m for m in modules if m.startswith(("betascan.plots", "betascan.core.files"))}


def test_descriptions_of_fields_are_documentation():
    dump = code._module("betascan.config.vae").content
    assert "pixels a side" not in dump
    assert "discriminator='kind'" in dump


def test_a_missing_module_is_refused():
    with pytest.raises(ValueError, match=r"no module betascan\.nowhere"):
        code.digest("betascan.nowhere.function")


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A second checkout, to be edited."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("Snakefile", "config.yaml", "workflow", "src", "envs", "profiles"):
        source = PROJECT / name
        if source.is_dir():
            shutil.copytree(source, folder / name)
        else:
            shutil.copy2(source, folder / name)
    return folder


def after_edit(finished, copy, module, old, new):
    """The rules that run again in a finished folder after an edit of the code."""
    path = copy / "src/betascan" / module
    text = path.read_text()
    assert old in text
    try:
        path.write_text(text.replace(old, new, 1))
        return planned(snakemake(finished, "--dry-run", project=copy))
    finally:
        path.write_text(text)


def test_another_checkout_with_a_reworded_docstring_makes_nothing_anew(finished, copy):
    module = "metrics/information.py"
    text = (copy / "src/betascan" / module).read_text()
    assert text.startswith('"""')
    assert after_edit(finished, copy, module, '"""', '"""Really: ') == set()


def test_a_changed_score_scores_anew_and_trains_nothing(finished, copy):
    rules = after_edit(finished, copy, "metrics/information.py", "np.log(", "1.0001 * np.log(")
    assert {rule.split("_")[1] for rule in rules if "_evaluate" in rule} == {"evaluate"}
    assert not {rule for rule in rules if "_train" in rule}


def test_a_changed_objective_is_behind_image_models_and_no_scan(copy, monkeypatch):
    functions = "betascan.training.jobs.train_models", "betascan.studies.hirn2026.train.train"
    images, scan = (code.digest(function) for function in functions)
    path = copy / "src/betascan/objectives.py"
    text = path.read_text()
    path.write_text(text.replace("def loss(", "LOSS = 1\n\n\ndef loss("))
    monkeypatch.setattr(code, "ROOT", copy / "src/betascan")
    code._module.cache_clear()
    changed = [code.digest(function) for function in functions]
    path.write_text(text)
    code._module.cache_clear()
    assert changed[0] != images
    assert changed[1] == scan
