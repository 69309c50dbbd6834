"""The report's front page: what was run, the result, where it failed, what it cost."""

import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import numpy as np
import pandas as pd

WENT_ON = ", from whose weights it went on, so that it has learned for twice as long"


@dataclass(frozen=True)
class Run:
    """What was run.

    Attributes:
        dataset: its name.
        images: split -> number of images.
        classes: number of classes without background.
        refiner: that made the pseudo-masks; None where they are another method's.
        alpha: the refiner's, or "auto".
        teacher: the backbone whose responses make cyclic masks and weight masks.
        baseline_row: the supervision that `urn` is compared with.
        runs: backbone -> its supervisions.
        scales: of the responses.
        thresholds: supervision -> its t.
        seed: of the trainings.
        bundles: backbone -> the file of its `urn`, to be handed over; none where they are not made.
        went_on: the backbones whose `urn` started from their baseline's weights.
        folder: of the report, in which links begin.
    """

    dataset: str
    images: Mapping[str, int]
    classes: int
    refiner: str | None
    alpha: float | str
    teacher: str
    baseline_row: str
    runs: Mapping[str, Sequence[str]]
    scales: Sequence[float]
    thresholds: Mapping[str, float]
    seed: int
    bundles: Mapping[str, str]
    went_on: Collection[str]
    folder: str


def front_page(
    run: Run,
    cost: pd.DataFrame,
    stages: pd.DataFrame | None = None,
    classes: pd.DataFrame | None = None,
    uncertainty: pd.DataFrame | None = None,
) -> str:
    """The page as reStructuredText.

    Args:
        run: what was run.
        cost: `stage`, `jobs`, `hours` and `peak_memory_mb`, the dearest stage first.
        stages: `split`, `stage` and `miou` (%) of masks; None where no truth is known.
        classes: `class`, and the IoU (%) of every stage on a split, as `<stage> (<split>)`.
        uncertainty: one row; None where no truth of train is known.
    """
    sections = {"What was run": [what_was_run(run)]}
    if stages is not None:
        sections["Result"] = result(run, stages, uncertainty)
    if classes is not None:
        sections["Where it failed"] = failures(run, classes)
    sections["What it cost"] = [what_it_cost(cost)]
    if run.bundles:
        sections["The models"] = models(run, stages, classes)
    text = [line for title, lines in sections.items() for line in (f"**{title}**", "", *lines, "")]
    return "\n".join(text)


def what_was_run(run: Run) -> str:
    """Dataset, stages and settings."""
    counts = " and ".join(f"{count} {split}" for split, count in run.images.items() if count)
    masks = "another method's pseudo-masks"
    if run.refiner is not None:
        alpha = run.alpha if isinstance(run.alpha, str) else f"{run.alpha:g}"
        masks = f"CAMs and the refiner {run.refiner} (alpha {alpha})"
    students = [backbone for backbone in run.runs if backbone != run.teacher]
    taught = (
        f"student{'s' * (len(students) > 1)} {', '.join(students)}" if students else "no student"
    )
    scales = ", ".join(f"{s:g}" for s in run.scales)
    settings = "; ".join([*_thresholds(run.thresholds), f"seed {run.seed}"])
    return (
        f"**{run.dataset}**: {counts} images, {run.classes} classes; {masks}; "
        f"teacher {run.teacher}, {taught}; response scales {scales}; {settings}."
    )


def _thresholds(rows: Mapping[str, float]) -> list[str]:
    """The t of the supervisions that have one: one for all, or each its own."""
    if len(set(rows.values())) == 1:
        return [f"t = {next(iter(rows.values())):g}"]
    return [f"t of {row} = {t:g}" for row, t in rows.items()]


def result(run: Run, stages: pd.DataFrame, uncertainty: pd.DataFrame | None) -> list[str]:
    """Every backbone's scores on val, in sentences, and the masks it learned from."""
    names = zip(stages["split"], stages["stage"], strict=True)
    miou = dict(zip(names, stages["miou"], strict=True))
    lines = []
    for backbone, rows in run.runs.items():
        found = {row: miou[name] for row in rows if (name := ("val", f"{backbone} {row}")) in miou}
        if not found:
            continue
        scores = ", ".join(f"{row} **{value:.2f}**" for row, value in found.items())
        line = f"- {backbone}, mIoU (%) on val: {scores}."
        if {run.baseline_row, "urn"} <= set(found):
            line += f" urn is {against(found['urn'], found[run.baseline_row])} its baseline"
            from_it = run.baseline_row == "baseline" and backbone in run.went_on
            line += f"{WENT_ON}." if from_it else "."
        lines.append(line)
    pseudo, cyclic = miou.get(("train", "pseudo-masks")), miou.get(("train", "cyclic masks"))
    if pseudo is not None and cyclic is not None and uncertainty is not None:
        quality = uncertainty.iloc[0]
        lines.append(
            f"- On train: pseudo-masks {pseudo:.2f}, cyclic masks {cyclic:.2f}."
            f" Of their pixels {100 * quality['wrong_share']:.1f} % are wrong; the uncertainty "
            f"finds them with an AUROC of {quality['auroc']:.3f}, {_marked(quality)}."
        )
    return lines


def _marked(quality: pd.Series) -> str:
    """How much the uncertainty marks, and how much of that is wrong."""
    share, wrong = 100 * quality["share_at_most_t"], 100 * quality["wrong_share_at_most_t"]
    t = f"(weight at most {quality['t']:g})"
    if share == 0:
        return f"but marks none {t}"
    return f"and of the {share:.1f} % that it marks {t}, {wrong:.1f} % are"


def against(value: float, other: float) -> str:
    """A difference in points, in words."""
    points = value - other
    return f"{abs(points):.2f} points {'above' if points >= 0 else 'below'}"


def failures(run: Run, classes: pd.DataFrame) -> list[str]:
    """The classes with the least IoU, and those that urn lost most on."""
    scores = classes.set_index("class").dropna(how="all")
    lines = []
    for backbone in run.runs:
        urn, baseline = f"{backbone} urn (val)", f"{backbone} {run.baseline_row} (val)"
        if urn not in scores:
            continue
        least = scores[urn].nsmallest(3)
        line = f"- {backbone} urn, worst classes: {_listed(least, '{:.1f} %')}"
        if baseline in scores:
            lost = (scores[urn] - scores[baseline]).nsmallest(3)
            lost = lost[lost < 0]
            if not lost.empty:
                line += f"; lost most against the baseline: {_listed(lost, '{:+.1f}')}"
        sheet = f"comparison_{backbone}.png"
        lines.append(f"{line}." + (f" See {sheet}_." if baseline in scores else ""))
    return lines


def _listed(values: pd.Series, form: str) -> str:
    """Names with their numbers."""
    named = (f"{_plain(str(name))} ({form.format(value)})" for name, value in values.items())
    return ", ".join(named).replace("(-", "(−")


def models(run: Run, stages: pd.DataFrame | None, classes: pd.DataFrame | None) -> list[str]:
    """Links to the bundles, and the scores that their model cards tell, where there are any."""
    lines = [
        f"- {backbone} urn: `{file} <{quote(os.path.relpath(file, run.folder))}>`__, with ONNX, "
        "weights and a model card."
        for backbone, file in run.bundles.items()
    ]
    scored = {name: f"{name} urn (val)" for name in run.bundles}
    if stages is None or classes is None or not set(scored.values()) <= set(classes):
        return lines
    rows = classes.set_index("class")[list(scored.values())].dropna(how="all")
    means = stages[stages["split"] == "val"].set_index("stage")["miou"]
    cells = [["class", *scored]]
    cells += [[_plain(str(name)), *map(_percent, row)] for name, *row in rows.itertuples()]
    cells.append(["mean", *(_percent(means[f"{backbone} urn"]) for backbone in scored)])
    table = [".. list-table:: IoU (%) on val, as the model cards tell it", "   :header-rows: 1", ""]
    for row in cells:
        table += [f"   {'*' if not place else ' '} - {cell}" for place, cell in enumerate(row)]
    return [*lines, "", *table]


def _percent(value: float) -> str:
    return "not met" if np.isnan(value) else f"{value:.2f}"


def _plain(text: str) -> str:
    """Text whose characters mean nothing in reStructuredText."""
    return re.sub(r"([\\*`|_])", r"\\\1", text)


def what_it_cost(table: pd.DataFrame) -> str:
    """All jobs' time, and the dearest stages."""
    total = table["hours"].sum()
    dear = [
        f"{stage} {100 * hours / total:.0f} %"
        for stage, hours in zip(table["stage"][:3], table["hours"][:3], strict=True)
    ]
    largest = table["peak_memory_mb"].max() / 1024
    return (
        f"{duration(3600 * total)} of all jobs together, {table['jobs'].sum()} jobs, at most "
        f"{largest:.1f} GiB each. Dearest: {', '.join(dear)}. See cost.png_."
    )


def duration(seconds: float) -> str:
    """Seconds in the unit a person would use."""
    return f"{seconds / 3600:.1f} hours" if seconds >= 5400 else f"{seconds / 60:.1f} minutes"
