"""A Snakemake that differs from what the hooks were written for is told in one sentence."""

import os

import pytest
import snakemake
from small_workflow import REPOSITORY, run

from rules.hooks.replacement import WRITTEN_FOR, expect, replace, signature_of
from urn.errors import UserError


class Scheduler:
    def __init__(self):
        self.sizes = {}

    def look(self, delay: float, again: bool = True) -> None:
        """Look at the jobs."""

    async def ask(self, jobs: list[str]) -> None:
        """Ask for sizes."""


def look(scheduler, delay, again=True):
    return delay


LOOK = "(self, delay, again=True)"


def told(call, *arguments, **options):
    with pytest.raises(UserError) as error:
        call(*arguments, **options)
    sentence = str(error.value)
    assert f"Snakemake {snakemake.__version__} " in sentence
    assert f"pip install snakemake=={WRITTEN_FOR}" in sentence and "\n" not in sentence
    return sentence


def test_a_signature_is_written_without_types():
    assert signature_of(Scheduler.look) == LOOK
    assert signature_of(Scheduler.ask) == "async (self, jobs)"
    assert signature_of(lambda *a, key=1, **b: None) == "(*a, key=1, **b)"


def test_what_is_as_expected_is_replaced_once_and_for_all():
    class Own(Scheduler):
        pass

    for _ in range(2):  # as a process may read the Snakefile again
        replace(Own, "look", look, LOOK)
    assert Own().look(3) == 3


@pytest.mark.parametrize(
    ("name", "signature", "sentence"),
    [
        ("look", "(self, delay)", f"Scheduler.look is {LOOK} and not (self, delay)"),
        ("look", f"async {LOOK}", f"Scheduler.look is {LOOK} and not async {LOOK}"),
        ("ask", "(self, jobs)", "Scheduler.ask is async (self, jobs) and not (self, jobs)"),
        ("seek", "(self)", "there is no Scheduler.seek"),
    ],
)
def test_what_differs_is_told_and_left_alone(name, signature, sentence):
    before = dict(vars(Scheduler))
    assert sentence in told(replace, Scheduler, name, look, signature)
    assert dict(vars(Scheduler)) == before


def test_attributes_that_a_function_no_longer_uses_are_told():
    expect(Scheduler, "__init__", uses=["sizes"])
    sentence = told(expect, Scheduler, "__init__", uses=["sizes", "queue"])
    assert "Scheduler.__init__ does not mention queue" in sentence


def test_of_an_object_its_class_is_named():
    assert "there is no Scheduler.jobs" in told(expect, Scheduler(), "jobs")


def test_this_is_the_version_that_is_pinned():
    assert f"snakemake=={WRITTEN_FOR}\n" in (REPOSITORY / "requirements.txt").read_text()


@pytest.mark.parametrize(
    ("difference", "sentence"),
    [
        ("del snakemake.dag.DAG.update_needrun", "'DAG' has no attribute 'update_needrun'"),
        ("del snakemake.dag.DAG.bfs", "there is no DAG.bfs"),
        (
            "snakemake.api.DAGApi.execute_workflow = lambda dag_api, executor: None",
            "DAGApi.execute_workflow is (dag_api, executor) and not (self, executor='local'",
        ),
        ("del snakemake.output_index.OutputIndex", "cannot import name 'OutputIndex'"),
        (
            "snakemake.jobs.Job.postprocess = lambda job, error: None",
            "Job.postprocess is (job, error) and not async (self, store_in_storage=True",
        ),
        ("del type(workflow).dag", "there is no Workflow.dag"),
    ],
)
def test_our_snakefile_stops_with_the_sentence(difference, sentence, tmp_path):
    """Read from a folder that has all that the repository has, and another Snakefile."""
    for path in REPOSITORY.iterdir():
        if path.name != "Snakefile":
            os.symlink(path, tmp_path / path.name)
    text = f"import snakemake.dag\n{difference}\ninclude: {str(REPOSITORY / 'Snakefile')!r}\n"
    options = ("--dry-run", "--workflow-profile", "none")
    code, output = run(tmp_path, text, *options, hooked=False, check=False)
    assert code != 0 and sentence in output
    assert f"pip install snakemake=={WRITTEN_FOR}" in output and "Traceback" not in output
