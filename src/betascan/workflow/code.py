"""A digest of the code that a rule's result depends on, taken from imports."""

import ast
import hashlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import betascan

ROOT = Path(betascan.__file__).parent
# What surrounds a result without deciding its numbers.
INFRASTRUCTURE = {
    "betascan.config.base",
    "betascan.core.checkpoint",
    "betascan.core.errors",
    "betascan.core.files",
    "betascan.core.machine",
    "betascan.core.paths",
    "betascan.core.provenance",
    "betascan.workflow.job",
}


def digest(function: str) -> str:
    """Return a digest of the modules that a function's module imports, directly or not.

    Comments, docstrings, descriptions of fields and layout do not count, nor does the
    infrastructure around a job; data files beside a module count where the module names them.

    Parameters
    ----------
    function : str
        Dotted name below `betascan`.

    Returns
    -------
    str
        Twelve hexadecimal digits.

    Raises
    ------
    ValueError
        If there is no such module.
    """
    content = [_content(module) for module in closure(function.rpartition(".")[0])]
    return hashlib.sha256("\n".join(content).encode()).hexdigest()[:12]


def closure(module: str) -> list[str]:
    """Return a module and all modules of the package that it imports, infrastructure left out.

    Parameters
    ----------
    module : str
        Dotted name.

    Returns
    -------
    list of str
        Dotted names, sorted.

    Raises
    ------
    ValueError
        If there is no such module.
    """
    if _file(module) is None:
        raise ValueError(f"there is no module {module}")
    reached: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += _imports(name)
    return sorted(reached - INFRASTRUCTURE)


def _file(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split(".")[1:])
    candidates = [path / "__init__.py", path.with_suffix(".py")]
    return next((file for file in candidates if file.exists()), None)


@cache
def _tree(module: str) -> ast.Module:
    file = _file(module)
    assert file is not None
    return ast.parse(file.read_text())


@cache
def _imports(module: str) -> list[str]:
    """List the modules of the package that a module imports anywhere in its text."""
    names = []
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Constant):  # a registry names functions
            name = str(node.value)
            names += [name.rpartition(".")[0]] if re.fullmatch(r"betascan(\.\w+)+", name) else []
    return [name for name in names if name.startswith("betascan.") and _file(name)]


class _Undocumented(ast.NodeTransformer):
    """Removes docstrings, other bare strings, and the descriptions of configuration fields."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | ast.Pass:
        bare = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return ast.Pass() if bare else node

    def visit_keyword(self, node: ast.keyword) -> ast.keyword | None:
        self.generic_visit(node)
        return None if node.arg == "description" else node


@cache
def _content(module: str) -> str:
    """Return a module's code without its documentation, and the data files that it names."""
    tree = _tree(module)
    files = [file.read_text() for file in _data_files(module, tree)]
    return "\n".join([module, ast.unparse(_Undocumented().visit(tree)), *files])


def _data_files(module: str, tree: ast.Module) -> Iterator[Path]:
    file = _file(module)
    assert file is not None
    names = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    for path in sorted(file.parent.iterdir()):
        if path.name in names and path.suffix != ".py" and path.is_file():
            yield path
