"""Draw docs/architecture.png: the packages and which imports which, as the files say.

    python -m docs.draw_architecture

A package stands above all that it imports. An arrow that follows from others is left out.
"""

import ast
import re
from collections.abc import Mapping
from itertools import pairwise, product
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Patch
from matplotlib.path import Path as Curve

from rules.plan.fingerprints import imported_names

REPOSITORY = Path(__file__).parents[1]
PICTURE = REPOSITORY / "docs" / "architecture.png"
RULES, SCRIPTS = "rules/*.smk", "workflow_scripts"
COLOURS = {"rules": "#d6e4f2", "workflow_scripts": "#fbe3c0", "urn": "#dcefd5"}
MEANINGS = {
    "rules": "the workflow",
    "workflow_scripts": "a script per rule",
    "urn": "the library urn",
}
WIDTH, HEIGHT, GAP, SLOT, ROW = 1.36, 0.4, 0.14, 0.24, 1.0  # inches; a SLOT is for an arrow
SWEEPS = 30
STATEMENT = re.compile(r"^(?:from [\w.]+ )?import (?:\([^)]*\)|.+)", re.MULTILINE)

Imports = Mapping[str, set[str]]
# A row of the picture: names of packages and, where an arrow passes by, the arrow's two ends.
Item = str | tuple[str, str]
Rows = list[list[Item]]


def imports(repository: Path = REPOSITORY) -> dict[str, set[str]]:
    """Every package and those that it imports; rule files also "import" the scripts they start."""
    found: dict[str, set[str]] = {}
    for file in sorted(repository.rglob("*.py")):
        if package := package_of(file.relative_to(repository).with_suffix("").parts):
            names = imported_names(ast.parse(file.read_text(encoding="utf-8")))
            found.setdefault(package, set()).update(filter(None, map(_imported_package, names)))
    for file in [repository / "Snakefile", *(repository / "rules").glob("*.smk")]:
        text = file.read_text(encoding="utf-8")
        names = imported_names(ast.parse("\n".join(STATEMENT.findall(text))))
        found.setdefault(RULES, set()).update(filter(None, map(_imported_package, names)))
        if "script:" in text:
            found[RULES].add(SCRIPTS)
    return {name: others & found.keys() - {name} for name, others in found.items()}


def package_of(parts: tuple[str, ...]) -> str | None:
    """The package that a module, by the parts of its name, belongs to; None: none that is drawn."""
    match parts:
        case ("workflow_scripts", *_):
            return SCRIPTS
        case ("rules", package, *_) if package != "__init__":
            return f"rules/{package}"
        case ("urn", package, *_) if package not in ("__init__", "__main__"):
            return f"urn/{package}"
    return None


def _imported_package(name: str) -> str | None:
    return package_of(tuple(name.split(".")))


def layers(graph: Imports) -> dict[str, int]:
    """The layer of every package, from 0: below all that import it, above all that it imports.

    Raises:
        ValueError: packages import each other in a circle.
    """
    lowest: dict[str, int] = {}
    while len(lowest) < len(graph):
        ready = [n for n in graph if n not in lowest and graph[n] <= lowest.keys()]
        if not ready:
            raise ValueError(f"circular imports among {sorted(graph.keys() - lowest.keys())}")
        lowest |= {n: max((lowest[other] + 1 for other in graph[n]), default=0) for n in ready}
    raised: dict[str, int] = {}  # next to its importers, which makes arrows short
    for name in sorted(graph, key=lowest.__getitem__, reverse=True):
        importers = [raised[n] for n in graph if name in graph[n]]
        raised[name] = min(importers) - 1 if importers else lowest[name]
    return raised


def direct(graph: Imports) -> dict[str, set[str]]:
    """Only the arrows that do not follow from others."""
    return {
        name: {b for b in others if not any(b in _reached(graph, a) for a in others if a != b)}
        for name, others in graph.items()
    }


def _reached(graph: Imports, name: str) -> set[str]:
    return graph[name].union(*(_reached(graph, other) for other in graph[name]))


def rows(arrows: Imports, heights: Mapping[str, int]) -> Rows:
    """The items of every layer from left to right, in the order with the fewest crossings found.

    Each sweep sorts the rows, downwards or upwards in turn, by the mean place of their neighbours.
    """
    found: Rows = [[] for _ in range(max(heights.values()) + 1)]
    for name in sorted(arrows):
        found[heights[name]].append(name)
        for other in sorted(arrows[name]):
            for height in range(heights[other] + 1, heights[name]):
                found[height].append((name, other))
    best, fewest = found, _crossings(found, arrows)
    for sweep in range(SWEEPS):
        found = [list(row) for row in found]
        upwards = sweep % 2
        for fixed, moved in pairwise(found if upwards else found[::-1]):
            place = {item: position for position, item in enumerate(fixed)}
            below, above = (fixed, moved) if upwards else (moved, fixed)
            linked: dict[Item, list[int]] = {item: [] for item in moved}
            for upper, lower in _links(above, below, arrows):
                item, neighbour = (upper, lower) if upwards else (lower, upper)
                linked[item].append(place[neighbour])
            own = {item: position for position, item in enumerate(moved)}
            moved.sort(key=lambda i: sum(linked[i]) / len(linked[i]) if linked[i] else own[i])
        crossings = _crossings(found, arrows)
        if crossings < fewest:
            best, fewest = found, crossings
    return best


def _links(above: list[Item], below: list[Item], arrows: Imports) -> list[tuple[Item, Item]]:
    """The parts of arrows between two rows that follow each other."""

    def linked(upper: Item, lower: Item) -> bool:
        start = upper if isinstance(upper, str) else upper[0]
        end = lower if isinstance(lower, str) else lower[1]
        return end in arrows[start] and all(
            isinstance(item, str) or item == (start, end) for item in (upper, lower)
        )

    return [(upper, lower) for upper, lower in product(above, below) if linked(upper, lower)]


def _crossings(found: Rows, arrows: Imports) -> int:
    total = 0
    for below, above in pairwise(found):
        links = [(above.index(a), below.index(b)) for a, b in _links(above, below, arrows)]
        total += sum((a - c) * (b - d) < 0 for a, b in links for c, d in links) // 2
    return total


def places(found: Rows, arrows: Imports) -> list[dict[Item, float]]:
    """The middle of every item along its row, in inches: near its neighbours, in order, apart."""
    across = [dict.fromkeys(row, 0.0) for row in found]
    for sweep in range(SWEEPS):
        order = range(len(found)) if sweep % 2 else reversed(range(len(found)))
        for height in order:
            row = found[height]
            near: dict[Item, list[float]] = {item: [] for item in row}
            if height + 1 < len(found):
                for upper, lower in _links(found[height + 1], row, arrows):
                    near[lower].append(across[height + 1][upper])
            if height:
                for upper, lower in _links(row, found[height - 1], arrows):
                    near[upper].append(across[height - 1][lower])
            wished = [sum(near[i]) / len(near[i]) if near[i] else across[height][i] for i in row]
            across[height] = dict(zip(row, _apart(row, wished), strict=True))
    return across


def _apart(row: list[Item], wished: list[float]) -> list[float]:
    """Places at least a gap apart: the mean of pushing all to the right and all to the left."""
    wide = [WIDTH if isinstance(item, str) else SLOT for item in row]
    gaps = [(a + b) / 2 + GAP for a, b in pairwise(wide)]

    def pushed(values: list[float], between: list[float]) -> list[float]:
        placed = values[:1]
        for value, gap in zip(values[1:], between, strict=True):
            placed.append(max(value, placed[-1] + gap))
        return placed

    right = pushed(wished, gaps)
    left = [-x for x in pushed([-x for x in wished[::-1]], gaps[::-1])[::-1]]
    return [(a + b) / 2 for a, b in zip(left, right, strict=True)]


def draw(graph: Imports) -> Figure:
    """The picture of all packages."""
    arrows = direct(graph)
    found = rows(arrows, layers(graph))
    across = places(found, arrows)
    middles = [x for row in across for x in row.values()]
    left, right = min(middles) - WIDTH, max(middles) + WIDTH
    figure = Figure(figsize=(right - left, ROW * len(found)))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(left, right), ylim=(0, ROW * len(found)))
    axes.set_axis_off()
    for height, row in enumerate(found):
        y = ROW * (height + 0.5)
        for item in row:
            x = across[height][item]
            if isinstance(item, str):
                corner = (x - WIDTH / 2, y - HEIGHT / 2)
                colour = COLOURS[item.partition("/")[0]]
                style = "round,pad=0,rounding_size=0.06"
                box = FancyBboxPatch(corner, WIDTH, HEIGHT, style, fc=colour, ec="#666666")
                axes.add_patch(box)
                name = item.removeprefix("urn/")
                axes.text(x, y, name, ha="center", va="center", fontsize=9)
            else:
                axes.plot([x, x], [y - HEIGHT / 2, y + HEIGHT / 2], color="#777777", lw=0.9)
        if height:
            for upper, lower in _links(row, found[height - 1], arrows):
                start = (across[height][upper], y - HEIGHT / 2)
                end = (across[height - 1][lower], y - ROW + HEIGHT / 2)
                halfway = y - ROW / 2
                curve = Curve(
                    [start, (start[0], halfway), (end[0], halfway), end],
                    [Curve.MOVETO, Curve.CURVE4, Curve.CURVE4, Curve.CURVE4],
                )
                tip = "-|>" if isinstance(lower, str) else "-"
                axes.add_patch(
                    FancyArrowPatch(
                        path=curve, arrowstyle=tip, mutation_scale=9, color="#777777", lw=0.9
                    )
                )
    legend = [Patch(fc=COLOURS[part], ec="#666666", label=MEANINGS[part]) for part in COLOURS]
    axes.legend(handles=legend, loc="lower left", fontsize=9, frameon=False)
    return figure


def described(graph: Imports) -> str:
    """The picture's arrows as text, which its file holds too, so that a test can compare them."""
    arrows = direct(graph)
    return "\n".join(f"{name}: {' '.join(sorted(arrows[name]))}" for name in sorted(arrows))


def main() -> None:
    """Draw the repository's own."""
    graph = imports()
    draw(graph).savefig(PICTURE, dpi=100, metadata={"Description": described(graph)})


if __name__ == "__main__":
    main()
