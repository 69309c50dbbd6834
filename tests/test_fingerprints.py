"""What a rule's fingerprint of code is made of, and that a change of it reruns the rule."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from test_workflow import REPOSITORY

from rules.plan import fingerprints

COPIED = ("urn", "rules", "workflow_scripts", "envs", "report", "slurm", "profiles")
SCRIPTS = sorted((REPOSITORY / "workflow_scripts").glob("[a-z]*.py"))


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A library of three modules and a script."""
    files = {
        "urn/__init__.py": "",
        "urn/one.py": '"""One."""\n\nfrom urn.two import f\n\n'
        'def g(x):\n    """G."""\n    return f(x)\n',
        "urn/two.py": "def f(x):\n    return x + 1\n",
        "urn/three.py": "",
        "urn/errors.py": "class UserError(Exception):\n    pass\n",
        "workflow_scripts/script.py": "from urn.one import g\nfrom urn.errors import UserError\n"
        "from _helper import h\n",
        "workflow_scripts/_helper.py": "import urn.three\n\nh = 1\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(fingerprints, "REPOSITORY", tmp_path)
    yield tmp_path
    clear()


def clear():
    for cached in (fingerprints.code, fingerprints._imports, fingerprints._read):
        cached.cache_clear()


def code_with(library, name, text):
    (library / name).write_text(text)
    clear()
    return fingerprints.code("script")


def test_modules_are_those_imported_directly_through_others_and_by_helpers(library):
    clear()
    assert fingerprints.modules("script") == {"urn.one", "urn.two", "urn.three"}


def test_comments_docstrings_and_imports_do_not_count_but_changes_do(library):
    one = (library / "urn" / "one.py").read_text()
    first = code_with(library, "urn/one.py", one)
    assert code_with(library, "urn/one.py", one.replace('"""G."""', '"""Of x."""  # why')) == first
    assert (
        code_with(library, "urn/one.py", one.replace("from urn.two", "import math\nfrom urn.two"))
        == first
    )
    assert code_with(library, "urn/two.py", "def f(x):\n    return x + 2\n") != first


def test_a_module_that_moves_changes_nothing(library):
    clear()
    first = fingerprints.code("script")
    (library / "urn" / "two.py").rename(library / "urn" / "second.py")
    one = (library / "urn" / "one.py").read_text()
    assert code_with(library, "urn/one.py", one.replace("urn.two", "urn.second")) == first


def test_infrastructure_does_not_count(library):
    first = code_with(library, "urn/errors.py", "class UserError(Exception):\n    pass\n")
    assert code_with(library, "urn/errors.py", "class UserError(ValueError):\n    pass\n") == first


def test_infrastructure_is_there():
    for module in fingerprints.INFRASTRUCTURE:
        assert fingerprints._file(module).is_file(), module


def test_a_masks_code_is_that_of_its_refiner():
    networks = {"urn.affinity.network", "urn.affinity.random_walk"}
    assert networks <= fingerprints.modules("pseudo_masks", "affinity")
    assert not networks & fingerprints.modules("pseudo_masks", "ppmg")
    assert "urn.refinement" in fingerprints.modules("pseudo_masks", "ppmg")


@pytest.mark.parametrize("script", [file.stem for file in SCRIPTS])
def test_every_rule_asks_for_the_code_of_its_own_script(script):
    """What a rule file gives as `code` is the script that the rule runs."""
    text = "\n".join(file.read_text() for file in sorted((REPOSITORY / "rules").glob("*.smk")))
    for body in re.split(r"(?m)^(?= *(?:use )?rule\b)", text):
        if f"workflow_scripts/{script}.py" in body:
            named = re.findall(r'code=jobs\.\w*code\(\s*"(\w+)"', body)
            assert named == [script] or script in ("download", "unpack", "estimate"), body


@pytest.mark.parametrize(
    ("module", "begins"),
    [
        ("urn/uncertainty.py", {"uncertainty_tiny_00000", "uncertainty_tiny_00001"}),
        ("urn/crf/parameters.py", {"cuts_tiny_00000"}),
        ("urn/figures/style.py", {"training_figure", "stages_figure"}),
        ("urn/evaluation.py", {"cam_quality", "train_segmentation"}),
    ],
)
def test_a_changed_module_reruns_the_rules_whose_scripts_import_it(
    finished, tmp_path, module, begins
):
    repository = tmp_path / "repository"
    for name in COPIED:
        shutil.copytree(REPOSITORY / name, repository / name)
    for name in ("Snakefile", "config.yaml"):
        shutil.copy2(REPOSITORY / name, repository / name)

    def by_code():
        """The rules that run again because of the fingerprint."""
        command = [sys.executable, "-m", "snakemake", "-n", "--snakefile", repository / "Snakefile"]
        command += ["--cores", "2", "--configfile", REPOSITORY / "tests" / "tiny.yaml"]
        environment = os.environ | {"PYTHONPATH": str(repository)}
        done = subprocess.run(
            list(map(str, command)), cwd=finished, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        reasons = (done.stdout + done.stderr).partition("Reasons:")[2]
        found = re.search(r"params have changed[^\n]*\n\s*([^\n]+)", reasons)
        return set(found[1].split(", ")) if found else set()

    assert by_code() == set()
    path = repository / module
    path.write_text(path.read_text() + "\nADDED = 1\n")
    found = by_code()
    assert begins <= found
    unconcerned = {"train_classifier", "shapes_tiny", "cams"}
    assert not found & unconcerned
