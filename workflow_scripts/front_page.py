"""The report's front page: what was run, the result, where it failed, what it cost."""

import pandas as pd

from urn.datasets.index import read_index
from urn.files.atomic import atomic_path

from _job import logged
from _tables import read_table


def read(name: str) -> pd.DataFrame:
    """One of the tables that the front page tells of."""
    return read_table(snakemake.input[name], [])


def against(value: float, other: float) -> str:
    """A difference in points, in words."""
    points = value - other
    return f"{abs(points):.2f} points {'above' if points >= 0 else 'below'}"


def what_was_run() -> list[str]:
    """Dataset, stages and settings."""
    index, params = read_index(snakemake.input.index), snakemake.params
    counts = " and ".join(f"{len(index.split(s))} {s}" for s in ("train", "val") if index.split(s))
    masks = "another method's pseudo-masks"
    if params.refiner != "own":
        masks = f"CAMs and the refiner {params.refiner} (alpha {params.alpha:g})"
    students = [backbone for backbone in params.runs if backbone != params.teacher]
    taught = (
        f"student{'s' * (len(students) > 1)} {', '.join(students)}" if students else "no student"
    )
    settings = "; ".join([*thresholds(params.thresholds), f"seed {params.seed}"])
    return [
        f"**{snakemake.wildcards.dataset}**: {counts} images, {len(index.classes)} classes; "
        f"{masks}; teacher {params.teacher}, "
        f"{taught}; response scales "
        f"{', '.join(f'{s:g}' for s in params.scales)}; {settings}."
    ]


def thresholds(rows: dict[str, float]) -> list[str]:
    """The t of the supervisions that have one: one for all, or each its own."""
    if len(set(rows.values())) == 1:
        return [f"t = {next(iter(rows.values())):g}"]
    return [f"t of {row} = {t:g}" for row, t in rows.items()]


def result(stages: pd.DataFrame) -> list[str]:
    """Every backbone's scores on val, in sentences, and the masks it learned from."""
    names = zip(stages["split"], stages["stage"], strict=True)
    miou = dict(zip(names, stages["miou"], strict=True))
    lines = []
    for backbone, rows in snakemake.params.runs.items():
        found = {row: miou[name] for row in rows if (name := ("val", f"{backbone} {row}")) in miou}
        if not found:
            continue
        scores = ", ".join(f"{row} **{value:.2f}**" for row, value in found.items())
        line = f"- {backbone}, mIoU (%) on val: {scores}."
        if {"baseline", "urn"} <= set(found):
            line += f" urn is {against(found['urn'], found['baseline'])} its baseline."
        lines.append(line)
    pseudo, cyclic = miou.get(("train", "pseudo-masks")), miou.get(("train", "cyclic masks"))
    if pseudo is not None and cyclic is not None:
        line = f"- On train: pseudo-masks {pseudo:.2f}, cyclic masks {cyclic:.2f}."
        uncertainty = read("uncertainty").iloc[0]
        line += (
            f" Of their pixels {100 * uncertainty['wrong_share']:.1f} % are wrong; the uncertainty "
            f"finds them with an AUROC of {uncertainty['auroc']:.3f}, and of the "
            f"{100 * uncertainty['share_at_most_t']:.1f} % that it marks (weight at most "
            f"{uncertainty['t']:g}), "
            f"{100 * uncertainty['wrong_share_at_most_t']:.1f} % are."
        )
        lines.append(line)
    return lines


def failures(classes: pd.DataFrame) -> list[str]:
    """The classes with the least IoU, and those that urn lost most on."""
    scores = classes.set_index("class").dropna(how="all")
    lines = []
    for backbone in snakemake.params.runs:
        urn, baseline = f"{backbone} urn (val)", f"{backbone} baseline (val)"
        if urn not in scores:
            continue
        least = scores[urn].nsmallest(3)
        line = f"- {backbone} urn, worst classes: {listed(least, '{:.1f} %')}"
        if baseline in scores:
            lost = (scores[urn] - scores[baseline]).nsmallest(3)
            lost = lost[lost < 0]
            if not lost.empty:
                line += f"; lost most against the baseline: {listed(lost, '{:+.1f}')}"
        sheet = f"comparison_{backbone}.png"
        lines.append(f"{line}." + (f" See {sheet}_." if baseline in scores else ""))
    return lines


def listed(values: pd.Series, form: str) -> str:
    """Names with their numbers."""
    named = (f"{name} ({form.format(value)})" for name, value in values.items())
    return ", ".join(named).replace("(-", "(−")


def cost(table: pd.DataFrame) -> list[str]:
    """All jobs' time, and the dearest stages."""
    total = table["hours"].sum()
    dear = [
        f"{stage} {100 * hours / total:.0f} %"
        for stage, hours in zip(table["stage"][:3], table["hours"][:3], strict=True)
    ]
    largest = table["peak_memory_mb"].max() / 1024
    return [
        f"{duration(3600 * total)} of all jobs together, {table['jobs'].sum()} jobs, at most "
        f"{largest:.1f} GiB each. Dearest: {', '.join(dear)}. See cost.png_."
    ]


def duration(seconds: float) -> str:
    """Seconds in the unit a person would use."""
    return f"{seconds / 3600:.1f} hours" if seconds >= 5400 else f"{seconds / 60:.1f} minutes"


with logged(snakemake.log[0]):
    sections = {"What was run": what_was_run()}
    if snakemake.input.get("stages"):
        sections["Result"] = result(read("stages"))
        sections["Where it failed"] = failures(read("classes"))
    sections["What it cost"] = cost(read("cost"))
    text = [line for title, lines in sections.items() for line in (f"**{title}**", "", *lines, "")]
    with atomic_path(snakemake.output[0]) as temporary:
        temporary.write_text("\n".join(text))
