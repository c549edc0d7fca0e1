"""Guards of the whole: order of the modules, public names, docstrings, no state, no slow imports."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import spineevidence

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "spineevidence"
MODULES = {
    ".".join(path.relative_to(SOURCE).with_suffix("").parts): path
    for path in sorted(SOURCE.rglob("*.py"))
    if path.name != "__init__.py"
}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}
UNWANTED = {"utils", "util", "helpers", "base", "types", "constants", "common", "misc"}
SLOW = ("matplotlib", "scipy", "docx", "jinja2", "bibtexparser", "pylatexenc", "citeproc", "typer")
MUTABLE = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
MAKERS = {"list", "dict", "set", "defaultdict", "Counter", "deque", "OrderedDict", "bytearray"}


def order() -> list[str]:
    """Return the modules in the order of the table in ARCHITECTURE.md."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = text.partition("| module | what it holds |")[2].partition("\n\n")[0]
    return re.findall(r"^\| `([a-z_.]+)` \|", table, flags=re.MULTILINE)


def drawing(tree: ast.Module) -> set[ast.AST]:
    """Return all that stands in methods ``plot``: results draw themselves by a local import."""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    methods = [node for one in classes for node in one.body if isinstance(node, ast.FunctionDef)]
    return {inner for node in methods if node.name == "plot" for inner in ast.walk(node)}


def imported(tree: ast.Module) -> Iterator[str]:
    """Return the modules of the package that a module imports, anywhere but in methods ``plot``."""
    allowed = drawing(tree)
    for node in (one for one in ast.walk(tree) if one not in allowed):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("spineevidence"):
            inner = node.module.removeprefix("spineevidence").lstrip(".")
            names = [f"{inner}.{alias.name}".lstrip(".") for alias in node.names]
            yield from (name if name in MODULES else inner for name in names)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("spineevidence"):
                    yield alias.name.removeprefix("spineevidence").lstrip(".")


def public(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef | ast.ClassDef]]:
    """Return every public function, class and method."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node.name, node
            for inner in node.body if isinstance(node, ast.ClassDef) else ():
                if isinstance(inner, ast.FunctionDef) and not inner.name.startswith("_"):
                    yield f"{node.name}.{inner.name}", inner


def test_every_module_has_its_place_in_the_order() -> None:
    assert sorted(order()) == sorted(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_from_those_above_it(module: str) -> None:
    above = order()
    above = above[: above.index(module)]
    below = [name for name in imported(TREES[module]) if name not in above]
    assert not below, f"{module} imports {below}"


def test_the_order_is_read_from_the_imports_at_all() -> None:
    found = {module: set(imported(tree)) for module, tree in TREES.items()}
    assert {"evidence", "summary", "lanes"} <= found["plots.durations"]
    assert sum(map(len, found.values())) > 60


def test_public_names_are_those_that_are_documented() -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    used = set(re.findall(r"\bspe\.([A-Za-z]\w*)", text))
    assert used <= set(spineevidence.__all__)
    assert sorted(spineevidence.__all__) == list(spineevidence.__all__)
    assert set(spineevidence.__all__) <= set(dir(spineevidence))
    for name in spineevidence.__all__:
        assert inspect.getdoc(getattr(spineevidence, name)), name


def public_imports(nodes: list[ast.stmt]) -> dict[str, str]:
    """Return each name that the package imports, with where it comes from."""
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in nodes
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("spineevidence.")
        for alias in node.names
    }


def test_nothing_else_is_exported() -> None:
    tree = ast.parse((SOURCE / "__init__.py").read_text(encoding="utf-8"))
    (typed,) = (node for node in tree.body if isinstance(node, ast.If))
    at_once, later = public_imports(tree.body), public_imports(typed.body)
    assert sorted({**at_once, **later}) == spineevidence.__all__
    assert not set(at_once) & set(later)
    assert set(dir(spineevidence)) == {*spineevidence.__all__, "__version__"}


def test_names_imported_later_are_those_that_type_checkers_see() -> None:
    tree = ast.parse((SOURCE / "__init__.py").read_text(encoding="utf-8"))
    (typed,) = (node for node in tree.body if isinstance(node, ast.If))
    for name, home in public_imports(typed.body).items():
        module, _, own_name = home.rpartition(".")
        assert getattr(spineevidence, name) is getattr(importlib.import_module(module), own_name)


def test_an_unknown_name_is_an_ordinary_error() -> None:
    with pytest.raises(AttributeError, match="module 'spineevidence' has no attribute 'pooled'"):
        _ = spineevidence.pooled


@pytest.mark.parametrize("module", MODULES)
def test_everything_public_says_what_it_is(module: str) -> None:
    assert ast.get_docstring(TREES[module])
    silent = [name for name, node in public(TREES[module]) if not ast.get_docstring(node)]
    protocol = {name for name in silent if _overload(module, name)}
    assert not [name for name in silent if name not in protocol]


def _overload(module: str, name: str) -> bool:
    """Whether a name stands for typing alone: one of its definitions has the docstring."""
    return any(found == name and ast.get_docstring(node) for found, node in public(TREES[module]))


def test_no_module_is_called_by_what_it_is_not() -> None:
    assert not UNWANTED & {part for name in MODULES for part in name.split(".")}


@pytest.mark.parametrize("module", MODULES)
def test_no_public_signature_swallows_words(module: str) -> None:
    taken = [
        name
        for name, node in public(TREES[module])
        if isinstance(node, ast.FunctionDef) and node.args.kwarg is not None
    ]
    assert not taken


@pytest.mark.parametrize("module", MODULES)
def test_no_module_holds_anything_mutable(module: str) -> None:
    held = []
    for node in TREES[module].body:
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        made = isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in MAKERS
        if isinstance(value, MUTABLE) or made:
            held.append(ast.unparse(node)[:60])
    assert not held


def test_no_check_of_input_is_an_assertion() -> None:
    for module, tree in TREES.items():
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.Assert)], module
        bare = [n for n in ast.walk(tree) if isinstance(n, ast.ExceptHandler) and n.type is None]
        assert not bare, module


def test_importing_is_quick_and_quiet() -> None:
    code = (
        "import json, sys, spineevidence; [getattr(spineevidence, name) for name in spineevidence.__all__]; "
        "print(json.dumps(sorted(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stderr == ""
    loaded = json.loads(ran.stdout)
    assert "spineevidence.summary" in loaded
    heavy = [name for name in loaded if name.split(".")[0] in SLOW or name == "scipy.stats"]
    assert not heavy


@pytest.mark.parametrize("module", MODULES)
def test_every_module_can_be_imported_by_itself(module: str) -> None:
    assert importlib.import_module(f"spineevidence.{module}").__doc__
