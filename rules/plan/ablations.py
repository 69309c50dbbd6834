"""The ablations: which scores stand in which cell of which table.

Imported by the Snakefile, also in every job: standard library only, beside the configuration.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rules.plan import configuration

VAL = "mIoU (%) on val"
TRAIN = "mIoU (%) on train"
AUROC = "AUROC of the uncertainty"


@dataclass(frozen=True)
class Cell:
    """A cell of an ablation's table.

    Attributes:
        setting: what is varied, as a reader would name it.
        series: what is scored under that setting.
        measure: what the number is.
        files: where it stands, one file per seed: `miou.txt`, or a table with the column `auroc`.
    """

    setting: str
    series: str
    measure: str
    files: tuple[str, ...]


def cells(config: Mapping[str, Any], dataset: str, ablation: str) -> list[Cell]:
    """The cells of one of `TABLES`; none where the dataset does not allow it."""
    _, rows = TABLES[ablation]
    scored = configuration.evaluated(config["datasets"][dataset])
    if "val" not in scored:
        return []
    found = rows(_Paths(config, dataset))
    return [cell for cell in found if cell.measure == VAL or "train" in scored]


def axis(ablation: str) -> str:
    """What an ablation varies."""
    return TABLES[ablation][0]


class _Paths:
    """A dataset's score files, for every seed of the ablations."""

    def __init__(self, config: Mapping[str, Any], dataset: str) -> None:
        self.config = config
        self.root = f"results/{dataset}"
        self.runs: list[str] = list(config["datasets"][dataset]["runs"])
        self.teacher: str = config["datasets"][dataset]["teacher"]
        self.refiner = configuration.resolve(config, dataset, "pseudo_masks")["refiner"]
        self.scales = configuration.resolve(config, dataset, "uncertainty")["scales"]

    def _by_seed(self, backbone: str, file: str) -> tuple[str, ...]:
        seeds, plain = self.config["ablation"]["seeds"], self.config["seed"]
        folders = [configuration.seeded(backbone, seed, plain) for seed in seeds]
        return tuple(f"{self.root}/{folder}/{file}" for folder in folders)

    def miou(self, setting: str, backbone: str, supervision: str, series: str = "") -> Cell:
        files = self._by_seed(backbone, f"{supervision}/miou.txt")
        return Cell(setting, series or supervision, VAL, files)

    def auroc(self, setting: str, file: str) -> Cell:
        return Cell(setting, "weights", AUROC, self._by_seed(self.teacher, file))


def _backbones(paths: _Paths) -> Iterator[Cell]:
    for backbone in paths.runs:
        for row in ("baseline", "urn"):
            yield paths.miou(backbone, backbone, row)


def _thresholds(paths: _Paths) -> Iterator[Cell]:
    t = configuration.threshold(paths.config)
    # t = 1 weighs all pixels alike, which is training on the cyclic masks alone.
    rows = {x: f"urn_t{x}" for x in paths.config["thresholds"]} | {t: "urn", 1: "cyclic"}
    for x in sorted(rows):
        yield paths.miou(f"{x:g}", paths.teacher, rows[x], "urn")


def _distillation(paths: _Paths) -> Iterator[Cell]:
    names = {"baseline": "baseline", "urn_self": "urn, its own masks", "urn": "urn, the teacher's"}
    for student in paths.runs:
        if student != paths.teacher:
            for row, name in names.items():
                yield paths.miou(student, student, row, name)


def _probability(paths: _Paths) -> Iterator[Cell]:
    names = {"cyclic": "none", "probability": "the model's probability", "urn": "uncertainty (urn)"}
    for row, name in names.items():
        yield paths.miou(name, paths.teacher, row, paths.teacher)


def _measures(paths: _Paths) -> Iterator[Cell]:
    yield paths.miou("none", paths.teacher, "cyclic", paths.teacher)
    yield paths.miou("urn", paths.teacher, "urn", paths.teacher)
    yield paths.auroc("urn", "uncertainty.tsv")
    for name, row in paths.config["measures"].items():
        if row["method"] != "urn":
            yield paths.miou(name, paths.teacher, f"urn_{name}", paths.teacher)
            yield paths.auroc(name, f"weights_{name}.tsv")


def _scale_sets(paths: _Paths) -> Iterator[Cell]:
    sets = {"": paths.scales} | {
        name: row["scales"]
        for name, row in paths.config["measures"].items()
        if row["method"] == "urn" and row["scales"] != paths.scales
    }
    for name, scales in sets.items():
        setting = " ".join(f"{scale:g}" for scale in scales)
        row, file = (f"urn_{name}", f"weights_{name}.tsv") if name else ("urn", "uncertainty.tsv")
        yield paths.miou(setting, paths.teacher, row, paths.teacher)
        yield paths.auroc(setting, file)


def _refiners(paths: _Paths) -> Iterator[Cell]:
    if paths.refiner == "own":
        return
    for name in dict.fromkeys([paths.refiner, *paths.config["ablation"]["refiners"]]):
        row = "baseline" if name == paths.refiner else f"baseline_{name}"
        masks = f"{paths.root}/pseudo_masks/{name}_miou.txt"
        yield Cell(name, "pseudo-masks", TRAIN, (masks,))
        yield paths.miou(name, paths.teacher, row, "baseline")


# What is varied, and the cells.
TABLES: dict[str, tuple[str, Callable[[_Paths], Iterator[Cell]]]] = {
    "backbones": ("backbone", _backbones),
    "thresholds": ("threshold t", _thresholds),
    "distillation": ("student", _distillation),
    "probability": ("weighting of the loss", _probability),
    "measures": ("weight masks", _measures),
    "scale_sets": ("response scales", _scale_sets),
    "refiners": ("refiner", _refiners),
}
