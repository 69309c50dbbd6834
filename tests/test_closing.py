"""What a whole run ends with: its report, and its scores as the last lines on the terminal."""

import pytest
from small_workflow import run
from test_workflow import snakemake

from rules.hooks.closing import last_words, last_words_of_check

CONFIG = {
    "dataset": "mine",
    "datasets": {"mine": {"teacher": "resnet18", "runs": {"resnet18": ["baseline", "urn"]}}},
}


@pytest.mark.parametrize("scored", [True, False])
def test_last_words_tell_scores_and_places(scored, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if scored:
        summary = tmp_path / "results" / "mine" / "tables" / "summary.tsv"
        summary.parent.mkdir(parents=True)
        summary.write_text("value\tscore\n71.25\tmIoU (%) of urn\n")
    words = last_words(CONFIG, report_made=True)
    assert ("   71.25  mIoU (%) of urn" in words.splitlines()) == scored
    for file in ("report.html", "resnet18/baseline/model.pth", "resnet18/urn/model.pth"):
        assert f"results/mine/{file}" in words
    predict = "python -m urn predict results/mine/resnet18/urn/model.pth photographs --output masks"
    assert words.splitlines()[-1] == f"predict   {predict}"
    assert "report.html" not in last_words(CONFIG, report_made=False)


SCORED = f"""
from rules import hooks
from rules.hooks import closing

config |= {CONFIG}
hooks.install(workflow, print, closing.closer_without_jobs(config))

rule all:
    default_target: True
    input: "results/mine/tables/summary.tsv"

rule summary:
    output: "results/mine/tables/summary.tsv"
    shell: "printf 'value\\tscore\\n71.25\\tmIoU\\n' > {{output}}"

onsuccess:
    closing.close(workflow, config)
"""


def test_snakemake_tells_what_was_asked_for(tmp_path):
    """Its workflow object has the jobs and the Snakefile, and its report can be made then."""
    part = run(tmp_path, SCORED, "summary", hooked=False)
    assert "71.25  mIoU" not in part
    whole = run(tmp_path, SCORED, "--forceall", hooked=False)
    assert "   71.25  mIoU\n" in whole
    assert "report    results/mine/report.html" in whole
    assert (tmp_path / "results" / "mine" / "report.html").exists()
    again = run(tmp_path, SCORED, hooked=False)
    assert again.index("Nothing to be done") < again.index("   71.25  mIoU\n")
    assert "report    results/mine/report.html" in again
    for arguments in (["-n"], ["--summary"], ["--report", "r.html"], ["--no-hooks"], ["summary"]):
        assert "71.25  mIoU" not in run(tmp_path, SCORED, *arguments, hooked=False), arguments


def test_a_check_ends_with_its_first_remarks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = tmp_path / "results" / "mine" / "tables" / "check.tsv"
    table.parent.mkdir(parents=True)
    table.write_text("topic\tremark\tremedy\timages\n")
    assert "There is nothing to remark." in last_words_of_check(CONFIG)
    rows = [f'rare class\t"cat ""{n}"" is rare"\tadd some\ta\n' for n in range(22)]
    table.write_text("topic\tremark\tremedy\timages\n" + "".join(rows))
    words = last_words_of_check(CONFIG)
    assert words.count("rare class: cat ") == 20 and words.count("    → add some") == 20
    assert 'cat "19" is rare' in words
    assert "and 2 more in results/mine/tables/check.tsv" in words


def test_a_whole_run_ends_with_its_scores_and_makes_the_report(copy):
    (copy / "results" / "tiny" / "tables" / "summary.tsv").unlink()
    lines = snakemake(copy, hooks=True).splitlines()
    table = (copy / "results" / "tiny" / "tables" / "summary.tsv").read_text().splitlines()[1:]
    rows = [row.split("\t") for row in table]
    scores = [f"{float(value):8.2f}  {what}" for value, what in rows]
    assert [line for line in lines[-(len(table) + 9) :] if line.startswith(" ")] == scores
    assert [line.split()[0] for line in lines[-8:]] == [
        *("check", "correct", "gallery", "report", "figures", "masks", "models", "predict")
    ]
    report = copy / "results" / "tiny" / "report.html"
    assert f"{report.relative_to(copy)} (open it in a browser)" in lines[-5]
    assert "contact_sheet" in report.read_text()


def test_a_part_of_a_run_makes_no_report(copy):
    summary = copy / "results" / "tiny" / "tables" / "summary.tsv"
    summary.unlink()
    output = snakemake(copy, str(summary.relative_to(copy)), hooks=True)
    assert summary.exists()
    assert "open it in a browser" not in output
    assert not (copy / "results" / "tiny" / "report.html").exists()
