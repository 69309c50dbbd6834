# Shared by all rules: the checked configuration, and the plan made of it.

import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

sys.path.insert(0, str(Path(workflow.basedir)))

from rules import hooks
from rules.hooks import closing, gpus, missing_files, opening, unknown_targets
from rules.plan import ablations, check, figures, gallery, preparation, targets, work
from rules.plan.dataset import Dataset
from rules.plan.figure_kinds import CAPTION
from rules.plan.jobs import AFFINITY_USES, CAM_VIEWS, PROCESSES
from rules.plan.paths import Paths
from rules.plan.plan import names, start
from rules.plan.planning import unwritable_results
from urn.errors import UserError
from urn.registry import REFINERS

try:
    on_missing = unknown_targets.explainer(workflow, config)
    on_plan = (missing_files.checker(config), closing.closer_without_jobs(config))
    hooks.install(workflow, on_missing, *on_plan)
    plan = start(workflow, config, sys.argv[1:])
    gpus.share_by(plan.run_here)
except UserError as error:
    raise WorkflowError(str(error)) from None

jobs = plan.jobs
paths = Paths()


wildcard_constraints:
    **plan.wildcards(),
