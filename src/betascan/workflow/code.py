"""A digest of the code that a rule's result depends on, found from imports."""

import ast
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import betascan

ROOT = Path(betascan.__file__).parent
# Modules that surround a result without affecting its numbers.
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
    infrastructure around a job; data files next to a module count if the module names them.

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
    content = [_module(module).content for module in closure(function.rpartition(".")[0])]
    return hashlib.sha256("\n".join(content).encode()).hexdigest()[:12]


def closure(module: str) -> list[str]:
    """Return a module and all modules of the package that it imports, except infrastructure.

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
            waiting += _module(name).imports
    return sorted(reached - INFRASTRUCTURE)


def _file(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split(".")[1:])
    candidates = [path / "__init__.py", path.with_suffix(".py")]
    return next((file for file in candidates if file.exists()), None)


@dataclass(frozen=True)
class _Module:
    """The parts of a module's text that are kept."""

    imports: list[str]
    """Modules of the package that it imports anywhere."""
    content: str
    """Its code without documentation, and the data files that it names."""


class _Reader(ast.NodeTransformer):
    """Removes docstrings, other bare strings and descriptions of fields; collects what is named."""

    def __init__(self) -> None:
        self.imported: list[str] = []
        self.constants: set[object] = set()

    def visit_Import(self, node: ast.Import) -> ast.Import:
        self.imported += [alias.name for alias in node.names]
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom:
        if node.module:
            self.imported += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        self.constants.add(node.value)
        return node

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        bare = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return ast.Pass() if bare else self.generic_visit(node)

    def visit_keyword(self, node: ast.keyword) -> ast.AST | None:
        return None if node.arg == "description" else self.generic_visit(node)


@cache
def _module(name: str) -> _Module:
    file = _file(name)
    assert file is not None
    reader = _Reader()
    code = ast.unparse(reader.visit(ast.parse(file.read_text())))
    strings = {str(value) for value in reader.constants}
    functions = [text for text in strings if re.fullmatch(r"betascan(\.\w+)+", text)]
    named = [*reader.imported, *(text.rpartition(".")[0] for text in functions)]
    data = [
        path.read_text()
        for path in sorted(file.parent.iterdir())
        if path.name in strings and path.suffix != ".py" and path.is_file()
    ]
    return _Module(
        imports=[module for module in named if module.startswith("betascan.") and _file(module)],
        content="\n".join([name, code, *data]),
    )
