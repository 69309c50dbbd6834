"""What Snakemake reads before the Snakefile: a mistake there is told in one sentence."""

import re
import subprocess
import sys

import pytest
from test_workflow import REPOSITORY, command, snakemake

from rules.hooks import command_line
from rules.plan import yaml_files
from urn.errors import UserError


def write(path, content):
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"seed: 1\n\tt: 2\n", "line 2, column 1: not valid YAML .*tab"),
        (b"seed: 1\ndatasets: {mine: [}\n", "line 2, column 19: not valid YAML"),
        (b"a:\n  b: 1\n c: 2\n", "line 3, column 2: not valid YAML"),
        (b"dataset: a: b\n", "line 1, column 11: not valid YAML"),
        (b"", "is empty: write at least one key"),
        (b"- seed\n", "holds no keys"),
        (b"seed: 1 # caf\xe9\n", "line 1: not UTF-8 text"),
        (b"seed: 1\x00\n", "is not YAML"),
        (b"seed: 1\nt: 1\nseed: 2\n", "line 3: the key seed stands on line 1 already"),
        (
            b"datasets:\n  mine:\n    runs: {}\n    train: a\n    runs: {}\n",
            r"line 5: the key datasets\.mine\.runs stands on line 3 already",
        ),
        (b"datasets:\n  mine: {}\n  mine: {}\n", r"line 3: the key datasets\.mine stands"),
        (b"a:\n  - {b: 1, b: 2}\n", r"line 2: the key a\[0\]\.b stands on line 2 already"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_with_its_line(tmp_path, content, sentence):
    file = write(tmp_path / "mine.yaml", content)
    with pytest.raises(UserError, match=sentence) as error:
        yaml_files.check([file])
    assert str(file) in str(error.value) and "\n" not in str(error.value)


def test_an_absent_file_or_a_folder_is_no_configuration(tmp_path):
    for path in (tmp_path / "absent.yaml", tmp_path):
        with pytest.raises(UserError, match=r"cannot be read .*: check --configfile"):
            yaml_files.check([path])


def test_merged_and_repeated_values_are_no_repeated_keys(tmp_path):
    file = write(
        tmp_path / "a.yaml", b"a: &x {b: 1}\nc: {<<: *x, b: 2}\nd: {<<: *x}\ne: [*x, *x]\n"
    )
    yaml_files.check([file, write(tmp_path / "b.json", b'{"a":\t{"b": 1}}')])
    assert yaml_files.load(file)["c"] == {"b": 2}
    yaml_files.check([REPOSITORY / "config.yaml", REPOSITORY / "slurm" / "site.yaml"])


def test_a_target_among_the_configuration_files_is_told():
    (sentence,) = command_line.misplaced_targets(["a.yaml", "b.yml", "results/mine/index.csv"])
    assert "--configfile a.yaml b.yml -- results/mine/index.csv" in sentence
    assert list(command_line.misplaced_targets(["a.yaml", "b.yml"])) == []
    assert list(command_line.misplaced_targets(["a"])) == []


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ("t=0.1", "--config threshold=0.1"),
        ("results/mine/index.csv", "-- before what is to be made"),
        ("x=1", "there is no key 'x'"),
    ],
)
def test_what_config_cannot_take_is_told(entry, sentence):
    (found,) = command_line.unusable_keys(["seed=1", entry])
    assert sentence in found


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["--configfile", "{mine}", "results/mine/index.csv"],
            "write -- before what is to be made",
        ),
        (["--config", "t=0.1"], "write --config threshold=0.1"),
        (["--configfile", "{mine}"], "line 2: the key seed stands on line 1 already"),
    ],
)
def test_snakemake_says_so_without_a_traceback(tmp_path, arguments, sentence):
    mine = write(tmp_path / "mine.yaml", b"seed: 1\nseed: 2\n")
    plain = command(tmp_path, "--dry-run")
    given = [word.format(mine=mine) for word in arguments]
    del plain[plain.index("--configfile") : plain.index("--configfile") + 2]
    done = subprocess.run([*plain, *given], capture_output=True, text=True)
    told = [line for line in done.stderr.splitlines() if not line.startswith("Using")]
    assert done.returncode == 1 and done.stdout == ""
    assert len(told) == 1 and sentence in told[0]


def test_a_snakemake_without_what_the_profile_needs_is_told(tmp_path):
    code = """
import sys, types
from snakemake import cli

sys.modules["snakemake.cli"] = types.ModuleType("snakemake.cli")  # of which nothing can be had
cli.main()
"""
    arguments = command(tmp_path, "--dry-run")[3:]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    (told,) = [line for line in done.stderr.splitlines() if not line.startswith("Using")]
    assert done.returncode == 1
    assert "cannot import name 'get_argument_parser'" in told
    assert "install the version of requirements.txt" in told


def test_a_repeated_key_is_told_without_the_profile_too(tmp_path):
    mine = write(tmp_path / "mine.yaml", b"seed: 1\nseed: 2\n")
    code, output = snakemake(
        tmp_path, "--dry-run", "--workflow-profile", "none", check=False, configuration=mine
    )
    assert code != 0
    assert re.search(r"mine\.yaml, line 2: the key seed stands on line 1 already", output)


def test_threshold_is_another_name_of_t(tmp_path):
    code, output = snakemake(tmp_path, "--dry-run", "--config", "threshold=1.5", check=False)
    assert code != 0 and "config: t is 1.5: it must be at most 1" in output
