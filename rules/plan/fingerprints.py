"""Fingerprints for params: of the code and of the data that make a rule's result.

Snakemake sees neither an edit of an imported module nor a change of the user's images, which are
too many to be inputs. As a parameter, a fingerprint makes a rule run again when they change.
"""

import ast
import hashlib
from collections.abc import Collection, Iterator
from functools import cache, lru_cache
from pathlib import Path

from urn import registry

REPOSITORY = Path(__file__).parents[2]
# Modules that move, keep and report what others compute, or that hand on another package's; and the
# index, whose own rule has the code that makes it.
INFRASTRUCTURE = frozenset(
    {
        "urn.errors",
        "urn.progress",
        "urn.datasets.index",
        "urn.files.atomic",
        "urn.files.download",
        "urn.files.models",
        "urn.files.tensors",
        "urn.mmsegmentation",
        "urn.training.checkpoints",
        "urn.training.tracking",
    }
)


@lru_cache
def code(script: str, refiner: str | None = None, draw: str | None = None) -> str:
    """What a script's result depends on in the library: changes with any of its modules.

    These are the modules that the script imports, directly and through others, but for
    INFRASTRUCTURE. Comments, docstrings and imports do not count: a module may move.

    Args:
        script: name of a file in workflow_scripts, without its suffix.
        refiner: of the refiners, only this one's modules count; None: all that are imported.
        draw: address of a function that the script is told to call.
    """
    called = _reached(registry.Place(draw).modules, None) if draw else set()
    return _digest(modules(script, refiner) | called)


def code_of(module: str) -> str:
    """The same of a module of the library and what it imports, such as "urn.datasets.voc"."""
    return _digest(_reached({module}, None))


def modules(script: str, refiner: str | None = None) -> set[str]:
    """The names of the library's modules that make a script's result."""
    return _reached(_imports(REPOSITORY / "workflow_scripts" / f"{script}.py", refiner), refiner)


def _reached(names: Collection[str], refiner: str | None) -> set[str]:
    found: set[str] = set()
    pending = set(names)
    while pending:
        name = pending.pop()
        if name not in found | INFRASTRUCTURE:
            found.add(name)
            pending |= _imports(_file(name), refiner)
    return found


@cache
def _imports(file: Path, refiner: str | None) -> frozenset[str]:
    """The library's modules that a file imports, with those of the registry's tables it uses.

    What a script's helper imports counts as imported by the script.
    """
    found: set[str] = set()
    for name in _read(file)[0]:
        table = name.removeprefix("urn.registry.")
        helper = file.parent / f"{name.split('.')[0]}.py"
        if table in registry.TABLES:
            only = refiner if table == "REFINERS" else None
            found |= set(registry.modules(table, only))
        elif name.startswith("urn."):
            found |= {module for module in _with_parents(name) if _file(module).is_file()}
        elif file.parent.name == "workflow_scripts" and helper.is_file():
            found |= _imports(helper, refiner)
    return frozenset(found - {"urn", "urn.registry"})


def imported_names(tree: ast.Module) -> Iterator[str]:
    """What a file imports, at any level: modules, and names as if they were modules."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _with_parents(name: str) -> Iterator[str]:
    """A dotted name and the packages it is in: `urn.crf.DenseCRF` may be a class of `urn.crf`."""
    while name:
        yield name
        name = name.rpartition(".")[0]


def _file(module: str) -> Path:
    path = REPOSITORY.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _digest(names: Collection[str]) -> str:
    """Of the modules' contents, whatever their names."""
    contents = sorted(_read(_file(name))[1] for name in names)
    return hashlib.sha256("".join(contents).encode()).hexdigest()[:12]


@cache
def _read(file: Path) -> tuple[tuple[str, ...], str]:
    """What a file imports, and the hash of all else in it but comments and docstrings."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    imported = tuple(imported_names(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            has_docstring = ast.get_docstring(node, clean=False) is not None
            node.body = [
                statement
                for statement in node.body[has_docstring:]
                if not isinstance(statement, ast.Import | ast.ImportFrom)
            ]
    return imported, hashlib.sha256(ast.dump(tree).encode()).hexdigest()
