"""Every rule's `code` names the modules of the library that make its result."""

import ast
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import yaml
from test_workflow import REPOSITORY

SCRIPTS, LIBRARY = REPOSITORY / "workflow_scripts", REPOSITORY / "urn"
# They move, keep and report what others compute, hand on what is another package's, or read the
# index, whose own rule names them.
INFRASTRUCTURE = {
    LIBRARY / name
    for name in (
        *("__init__.py", "errors.py", "progress.py", "datasets/index.py"),
        *("files/atomic.py", "files/download.py", "files/models.py", "files/tensors.py"),
        *("mmsegmentation.py", "training/checkpoints.py"),
    )
}


@cache
def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


@cache
def imported(file: Path, in_functions: bool) -> set[Path]:
    """The files of the library and of the scripts that a file imports."""
    tree = parsed(file)
    found = set()
    for node in ast.walk(tree) if in_functions else tree.body:
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        names = [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{name}" for name in names]
        for name in names:
            first, *_ = parts = name.split(".")
            found.add(SCRIPTS / f"{first}.py")
            for end in range(1, len(parts) + 1):
                path = REPOSITORY.joinpath(*parts[:end])
                found |= {path.with_suffix(".py"), path / "__init__.py"}
    return {path for path in found if path.is_file()}


@cache
def result_changing(script: Path, refines_by_network: bool) -> set[str]:
    """The library's modules that a script imports, directly or through them.

    What `refinement.py` imports within functions is of the refiner `affinity` alone.
    """
    found: set[Path] = set()
    pending = {script}
    while pending:
        file = pending.pop()
        found.add(file)
        in_functions = refines_by_network or file != LIBRARY / "refinement.py"
        modules = imported(file, in_functions and file.is_relative_to(LIBRARY))
        pending |= modules - found - INFRASTRUCTURE
    return {
        str(file.relative_to(LIBRARY))
        for file in found
        if file.is_relative_to(LIBRARY) and not is_empty(parsed(file))
    }


def is_empty(module: ast.Module) -> bool:
    return len(module.body) == (ast.get_docstring(module) is not None)


def test_code_names_every_module_that_changes_a_result(tmp_path):
    content = yaml.safe_load((REPOSITORY / "tests" / "tiny.yaml").read_text())
    content["datasets"]["tiny"] |= {
        "multi_crop": {"enabled": True},
        "pseudo_masks": {"refiner": "affinity"},
    }
    content["datasets"]["own"] = content["datasets"]["tiny"] | {
        "root": "data/own",
        "pseudo_masks": {"refiner": "own", "folder": "masks"},
    }
    (tmp_path / "masks").mkdir()
    configuration = tmp_path / "all_rules.yaml"
    configuration.write_text(yaml.safe_dump(content))
    wildcards = json.dumps({"dataset": "tiny", "refiner": "affinity"})
    listing = Path(__file__).with_name("workflow_rules.py")
    done = subprocess.run(
        [sys.executable, str(listing), str(configuration), wildcards],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=True,
    )
    rules = json.loads(done.stdout)
    missing = set()
    for script, named, by_wildcards in rules.values():
        for module in result_changing(SCRIPTS / script, by_wildcards):
            if not any(module == name or module.startswith(f"{name}/") for name in named):
                missing.add(f"{script}: {module}")
    assert {"rough_masks_tiny_00000", "own_pseudo_masks_own_00000", "prepare_coco"} <= set(rules)
    assert not missing, "\n".join(sorted(missing))
