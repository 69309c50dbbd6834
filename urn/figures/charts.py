"""Charts of tables: scores, curves, costs, ablations."""

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from urn.figures.style import COLOURS, GREY, MARKERS, WIDTH, styled

BAR = 0.36  # inches a bar takes


@styled
def bars(
    labels: Sequence[str], values: Sequence[float], unit: str, groups: Sequence[str] = ()
) -> Figure:
    """Horizontal bars with their numbers, from the top downwards.

    Args:
        labels: of the bars.
        values: not negative.
        unit: what the numbers are.
        groups: of the bars, one colour each; named in a legend.
    """
    figure = Figure(figsize=(WIDTH, 1.1 + BAR * len(labels)), layout="constrained")
    axes = figure.subplots()
    groups = groups or [""] * len(labels)
    for colour, group in zip(COLOURS, dict.fromkeys(groups), strict=False):
        places = [n for n, name in enumerate(groups) if name == group]
        drawn = axes.barh(
            places, [values[n] for n in places], color=colour, height=0.72, label=group
        )
        axes.bar_label(drawn, fmt="%.1f", padding=4)
    axes.set_yticks(range(len(labels)), labels)
    axes.invert_yaxis()
    axes.set_xlabel(unit)
    axes.set_xlim(0, 1.12 * max(values, default=1) or 1)
    axes.grid(axis="y", visible=False)
    if any(groups):
        figure.legend(loc="outside upper right", ncols=len(set(groups)))
    return figure


def stage_scores(table: pd.DataFrame) -> Figure:
    """The scores of every stage's masks.

    Args:
        table: `split`, `stage` and `miou` (%).
    """
    groups = [f"on {split} images" for split in table["split"]]
    return bars(list(table["stage"]), list(table["miou"]), "mIoU (%)", groups)


@styled
def alpha_choice(table: pd.DataFrame) -> Figure:
    """What masks of every alpha cost, and how often each was chosen.

    Args:
        table: `alpha`, `cost` (mean over classes in images), `dataset` (whether it is the
            dataset's choice), `chosen` (by how many classes in images), and every class's mean cost
            by its name.
    """
    figure = Figure(figsize=(WIDTH, 5), layout="constrained")
    upper, lower = figure.subplots(2, sharex=True, height_ratios=[3, 1])
    places = np.arange(len(table))
    for name in table.columns.drop(["alpha", "cost", "dataset", "chosen"]):
        upper.plot(places, table[name], color=GREY, linewidth=1)
    upper.plot(places, table["cost"], color=COLOURS[0], linewidth=3)
    upper.set_ylabel("cost")
    lower.bar(places, table["chosen"], color=COLOURS[0])
    lower.set_ylabel("chosen")
    lower.set_xlabel("alpha")
    lower.set_xticks(places, [f"{alpha:g}" for alpha in table["alpha"]])
    for axes in (upper, lower):
        axes.axvline(int(table["dataset"].argmax()), color=GREY, linestyle="--")
    return figure


@styled
def class_scores(table: pd.DataFrame) -> Figure:
    """A line for every class, a mark on it for every stage.

    Args:
        table: `class`, and the IoU (%) by each stage; NaN leaves a mark out.
    """
    table = table.set_index("class").dropna(how="all")
    figure = Figure(figsize=(WIDTH, 1.5 + BAR * len(table)), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(table))
    for n, name in enumerate(table.columns):
        axes.plot(
            table[name],
            places,
            linestyle="none",
            color=COLOURS[n % len(COLOURS)],
            marker=MARKERS[n % len(MARKERS)],
            markersize=8,
            label=name,
        )
    axes.set_yticks(places, table.index)
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.set_xlabel("IoU (%)")
    figure.legend(loc="outside upper center", ncols=3)
    return figure


@styled
def training_curves(*curves: pd.DataFrame, trainings: Sequence[tuple[str, str]]) -> Figure:
    """Losses over iterations.

    Args:
        curves: of the trainings, with columns `iteration` and `loss`.
        trainings: the title of each curve's panel, and its name.
    """
    panels: dict[str, dict[str, pd.DataFrame]] = {}
    for (title, name), curve in zip(trainings, curves, strict=True):
        panels.setdefault(title, {})[name] = curve
    figure = Figure(figsize=(WIDTH, 4.6), layout="constrained")
    places = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (title, lines) in zip(places, panels.items(), strict=True):
        for n, (name, curve) in enumerate(lines.items()):
            dashes = ("-", "--", ":")[n // len(COLOURS) % 3]
            colour = COLOURS[n % len(COLOURS)]
            axes.plot(curve["iteration"], curve["loss"], dashes, color=colour, label=name)
        axes.set_title(title)
        axes.set_xlabel("iteration")
        axes.set_ylabel("loss")
        axes.set_ylim(bottom=0)
        if len(lines) > 1:
            axes.legend()
    return figure


@styled
def reliability(table: pd.DataFrame, t: float, bins: int = 10) -> Figure:
    """How often pixels are wrong, by their uncertainty; and how many they are.

    Args:
        table: of `urn.evaluation.UncertaintyQuality`, not empty.
        t: pixels with weights of at most `t` are marked.
        bins: of equal width over the uncertainty's range.
    """
    uncertainty = 1 - table["weight"] / 255
    edges = np.linspace(0, 1, bins + 1)
    pixels, _ = np.histogram(uncertainty, edges, weights=table["pixels"])
    wrong, _ = np.histogram(uncertainty, edges, weights=table["wrong"])
    centres, width = (edges[1:] + edges[:-1]) / 2, 0.85 / bins
    figure = Figure(figsize=(0.75 * WIDTH, 6), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    shares = 100 * np.divide(wrong, pixels, out=np.full(bins, np.nan), where=pixels > 0)
    upper.bar(centres, shares, width, color=COLOURS[1])
    average = 100 * table["wrong"].sum() / table["pixels"].sum()
    upper.axhline(average, color="black", linestyle="--", label=f"all pixels: {average:.1f} %")
    upper.set_ylabel("wrong pixels (%)")
    lower.bar(centres, 100 * pixels / pixels.sum(), width, color=COLOURS[0])
    lower.set_ylabel("pixels (%)")
    lower.set_xlabel("uncertainty U")
    lower.set_xlim(0, 1)
    for axes in (upper, lower):
        axes.axvspan(1 - t, 1, color=GREY, alpha=0.3, linewidth=0)
    upper.plot([], [], color=GREY, alpha=0.4, linewidth=8, label=f"weight at most t = {t:g}")
    upper.legend(loc="upper left")
    return figure


@styled
def ablation(table: pd.DataFrame, setting: str, joined: bool = False) -> Figure:
    """Means with their standard deviations, a panel for every measure.

    Args:
        table: with the columns `setting`, `series`, `measure`, `mean` and `std` (NaN where there
            is but one seed).
        setting: what the settings are.
        joined: draw lines between the settings, where these are numbers in order.
    """
    measures = list(dict.fromkeys(table["measure"]))
    width = WIDTH if len(measures) > 1 else 0.75 * WIDTH
    figure = Figure(figsize=(width, 4.6), layout="constrained")
    panels = figure.subplots(1, len(measures), squeeze=False)[0]
    for axes, measure in zip(panels, measures, strict=True):
        part = table[table["measure"] == measure]
        _ablation_panel(axes, part, joined, width / len(measures))
        axes.set_ylabel(measure)
        axes.set_xlabel(setting)
    return figure


def _ablation_panel(axes: Axes, table: pd.DataFrame, joined: bool, inches: float) -> None:
    settings = list(dict.fromkeys(table["setting"]))
    series = list(dict.fromkeys(table["series"]))
    for n, name in enumerate(series):
        part = table[table["series"] == name]
        beside = 0.0 if joined else 0.16 * (n - (len(series) - 1) / 2)
        places = [settings.index(s) + beside for s in part["setting"]]
        axes.errorbar(
            places,
            part["mean"],
            part["std"].fillna(0),
            linestyle="-" if joined else "none",
            color=COLOURS[n % len(COLOURS)],
            marker=MARKERS[n % len(MARKERS)],
            markersize=9,
            capsize=5,
            label=name,
        )
        for place, mean in zip(places, part["mean"], strict=True):
            axes.annotate(
                _number(mean), (place, mean), (9, 5), textcoords="offset points", fontsize=10
            )
    letters = int(10 * inches / len(settings))
    axes.set_xticks(
        range(len(settings)),
        [textwrap.fill(str(s), letters, break_long_words=False) for s in settings],
    )
    axes.set_xlim(-0.5, len(settings) - 0.3)
    axes.margins(y=0.2)
    if len(series) > 1:
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=len(series))
    else:
        axes.set_title(series[0])


def _number(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1 else f"{value:.1f}"
