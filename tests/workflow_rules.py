"""Prints, as JSON, the rules of the workflow that have a script and a `code`.

By a rule's name: its script, the modules that `code` names, and whether these depend on wildcards.

Usage: workflow_rules.py CONFIGFILE WILDCARDS (a JSON object, for rules whose `code` asks for them)
"""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, ResourceSettings

from rules.plan import configuration

SNAKEFILE = Path(__file__).parents[1] / "Snakefile"

if __name__ == "__main__":
    configuration.code_version = lambda *modules: list(modules)
    wildcards = SimpleNamespace(**json.loads(sys.argv[2]))
    found = {}
    with SnakemakeApi() as api:
        workflow = api.workflow(
            ResourceSettings(cores=1),
            ConfigSettings(configfiles=[Path(sys.argv[1])]),
            snakefile=SNAKEFILE,
        )
        for rule in workflow._workflow.rules:
            code = rule.params.get("code")
            if rule.script and code is not None:
                modules = code(wildcards) if callable(code) else code
                found[rule.name] = (rule.script.split("/")[-1], modules, callable(code))
    print(json.dumps(found))
