"""Workflows of a few lines, run by Snakemake itself with the hooks of rules/hooks/ or without."""

import json
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
START = f"""
import atexit, json, sys
from collections import Counter

sys.path.insert(0, {str(REPOSITORY)!r})
calls = Counter()
atexit.register(lambda: print("CALLS", json.dumps(calls)))
"""
HOOKS = """
from rules import hooks

hooks.install(workflow, lambda file: print("nothing makes", file), lambda dag: None)
"""


def run(folder, text, *arguments, hooked=True, check=True):
    """Run the Snakefile `text` in `folder`: what is printed, and the exit status unless checked.

    Whatever `text` adds to `calls` can be read with `calls_of`.
    """
    snakefile = folder / "Snakefile"
    snakefile.write_text(START + hooked * HOOKS + text)
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--scheduler", "greedy"]
    done = subprocess.run(
        [*command, "--snakefile", str(snakefile), *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert not check or done.returncode == 0, done.stdout[-4000:]
    return done.stdout if check else (done.returncode, done.stdout)


def calls_of(output):
    (line,) = [line for line in output.splitlines() if line.startswith("CALLS ")]
    return json.loads(line.removeprefix("CALLS "))
