"""The ablations: which scores stand in which cell of which table.

Imported by the Snakefile, also in every job: standard library only, beside the configuration.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from rules.plan import configuration
from rules.plan.dataset import Dataset
from rules.plan.wildcards import Wildcards

VAL = "mIoU (%) on val"
TRAIN = "mIoU (%) on train"
AUROC = "AUROC of the uncertainty"
OF_AUROC = (
    "AUROC: how well the weights find wrong pixels of the cyclic masks, on train; 0.5 is chance."
)
OF_SEEDS = (
    "Mean and standard deviation over the seeds of `ablation.seeds`; one seed has no deviation. "
    "All share one classifier and its pseudo-masks."
)


# How alpha is chosen, and which labels a response may have: what the files say, and the reader.
ALPHAS = {
    "best_of_all": "one alpha, the best by truth",
    "of_all": "one alpha, by cost",
    "of_each": "each class in an image, by cost",
    "best_of_each": "each image, the best by truth",
}
LABELS = {"all": "all labels", "pseudo_mask": "the pseudo-mask's labels", "tags": "the tags"}


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


@dataclass(frozen=True)
class Table:
    """An ablation.

    Attributes:
        axis: what is varied.
        about: what is compared, for the figure's caption.
        cells: what its table has, in order.
    """

    axis: str
    about: str
    cells: Callable[["_Scores"], Iterator[Cell]]


def cells(dataset: Dataset, ablation: str) -> list[Cell]:
    """The cells of one of `TABLES`; none where the dataset does not allow it."""
    scored = dataset.layout.evaluated
    if "val" not in scored:
        return []
    found = TABLES[ablation].cells(_Scores(dataset))
    return [cell for cell in found if cell.measure == VAL or "train" in scored]


def axis(ablation: str) -> str:
    """What an ablation varies."""
    return TABLES[ablation].axis


def caption(wildcards: Wildcards, output: Sequence[str]) -> str:
    """For params, as `Figure.told`: what a figure's caption says."""
    return f"{TABLES[wildcards.ablation].about} {OF_SEEDS}"


def alpha_caption(wildcards: Wildcards, output: Sequence[str]) -> str:
    """For params, as `Figure.told`: of the images that the choice of alpha changed most."""
    return (
        "Of the first shard of train, the image whose pseudo-mask gained most by alphas chosen for "
        "each class instead of one for all, and the one that lost most (or gained least)."
    )


def targets(dataset: Dataset) -> list[str]:
    """Figures and tables of the ablations that a dataset allows."""
    allowed = [name for name in TABLES if cells(dataset, name)]
    paths = dataset.paths
    return [file for name in allowed for file in (paths.figure(name), paths.page(name))]


class _Scores:
    """A dataset's score files, for every seed of the ablations."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset, self.config = dataset, dataset.config
        self.paths, self.teacher = dataset.paths, dataset.teacher
        self.scales: list[float] = dataset.settings("uncertainty")["scales"]

    def by_seed(self, backbone: str, file: Callable[[str], str]) -> tuple[str, ...]:
        """A file of a backbone's folder, of every seed."""
        seeds, plain = self.config["ablation"]["seeds"], self.config["seed"]
        return tuple(file(configuration.seeded(backbone, seed, plain)) for seed in seeds)

    def miou(self, setting: str, backbone: str, supervision: str, series: str = "") -> Cell:
        files = self.by_seed(
            backbone, lambda folder: self.paths.prediction_scores(folder, supervision).miou
        )
        return Cell(setting, series or supervision, VAL, files)

    def baseline(self, backbone: str) -> Cell:
        """The mIoU that a backbone's `urn` is compared with."""
        row, title = self.dataset.baseline_row, self.dataset.baseline_title
        return self.miou(backbone, backbone, row, title)

    @property
    def unweighted(self) -> str:
        """The row that trains the teacher on its cyclic masks alone, the baseline's if that does.

        Then the baseline of Table 2 and t = 1 of Table 3 are one model.
        """
        row = self.dataset.supervisions[self.dataset.baseline_row]
        plain = row["weighting"] == "none" and not row["pretended_underfitting"]
        alone = plain and row["masks"] in ("teacher", "self")
        return self.dataset.baseline_row if alone else "cyclic"

    def auroc(self, setting: str, measure: str | None = None) -> Cell:
        """Of the teacher's weight masks by a measure; None: by response scaling."""
        files = self.by_seed(
            self.teacher, lambda folder: self.paths.weight_quality(folder, measure)
        )
        return Cell(setting, "weights", AUROC, files)


def _backbones(scores: _Scores) -> Iterator[Cell]:
    for backbone in scores.dataset.runs:
        yield scores.baseline(backbone)
        yield scores.miou(backbone, backbone, "urn")


def _thresholds(scores: _Scores) -> Iterator[Cell]:
    t = configuration.threshold(scores.config)
    # t = 1 weighs all pixels alike, which is training on the cyclic masks alone.
    rows = {x: f"urn_t{x}" for x in scores.config["thresholds"]} | {t: "urn", 1: scores.unweighted}
    for x in sorted(rows):
        yield scores.miou(f"{x:g}", scores.teacher, rows[x], "urn")


def _distillation(scores: _Scores) -> Iterator[Cell]:
    teacher, own = scores.teacher, "urn, its own masks"
    students = [backbone for backbone in scores.dataset.runs if backbone != teacher]
    if students:
        yield scores.baseline(teacher)
        yield scores.miou(teacher, teacher, "urn", own)
    for student in students:
        yield scores.baseline(student)
        yield scores.miou(student, student, "urn_self", own)
        yield scores.miou(student, student, "urn", "urn, the teacher's")


def _probability(scores: _Scores) -> Iterator[Cell]:
    names = {
        scores.unweighted: "none",
        "probability": "the model's probability",
        "urn": "uncertainty (urn)",
    }
    for row, name in names.items():
        yield scores.miou(name, scores.teacher, row, scores.teacher)


def _measures(scores: _Scores) -> Iterator[Cell]:
    yield scores.miou("none", scores.teacher, scores.unweighted, scores.teacher)
    yield scores.miou("urn", scores.teacher, "urn", scores.teacher)
    yield scores.auroc("urn")
    for name, row in scores.config["measures"].items():
        if row["method"] != "urn":
            yield scores.miou(name, scores.teacher, f"urn_{name}", scores.teacher)
            yield scores.auroc(name, name)


def _scale_sets(scores: _Scores) -> Iterator[Cell]:
    sets: dict[str | None, list[float]] = {None: scores.scales} | {
        name: row["scales"]
        for name, row in scores.config["measures"].items()
        if row["method"] == "urn" and row["scales"] != scores.scales
    }
    for name, scales in sets.items():
        setting = " ".join(f"{scale:g}" for scale in scales)
        yield scores.miou(setting, scores.teacher, f"urn_{name}" if name else "urn", scores.teacher)
        yield scores.auroc(setting, name)


def _refiners(scores: _Scores) -> Iterator[Cell]:
    if scores.dataset.has_own_masks():
        return
    for name in dict.fromkeys([scores.dataset.refiner, *scores.config["ablation"]["refiners"]]):
        row = "baseline" if name == scores.dataset.refiner else f"baseline_{name}"
        masks = scores.paths.pseudo_mask_scores(name)
        yield Cell(name, "pseudo-masks", TRAIN, (masks.miou,))
        yield scores.miou(name, scores.teacher, row, "baseline")


def _selection(scores: _Scores) -> Iterator[Cell]:
    dataset, paths = scores.dataset, scores.paths
    if dataset.has_own_masks():
        return
    if dataset.chooses_alpha(dataset.refiner):
        for choice, name in ALPHAS.items():
            yield Cell(name, "pseudo-masks", TRAIN, (paths.alpha_choice(choice),))
    for labels, name in LABELS.items():
        for series, measure, score in (
            ("cyclic masks", TRAIN, f"{labels}_miou.txt"),
            ("weights", AUROC, f"{labels}_auroc.tsv"),
        ):
            file = partial(paths.label_choice, score=score)
            yield Cell(name, series, measure, scores.by_seed(scores.teacher, file))


TABLES = {
    "backbones": Table(
        "backbone",
        "Baseline and URN with every backbone (Tables 1 and 2 of the paper).",
        _backbones,
    ),
    "thresholds": Table(
        "threshold t",
        "The threshold t: pixels with a weight of at most t have their loss multiplied by t "
        "(Table 3). t = 1 is training on the cyclic masks alone, t = 0 drops the uncertain pixels.",
        _thresholds,
    ),
    "distillation": Table(
        "backbone",
        "The teacher and its students trained as baselines, with URN on their own cyclic masks and "
        "weights, and the students with URN on the teacher's (Table 4).",
        _distillation,
    ),
    "probability": Table(
        "weighting of the loss",
        "The teacher trained on its cyclic masks without weights, weighted by its own probability "
        "of the target, and by the uncertainty (Table 5).",
        _probability,
    ),
    "measures": Table(
        "weight masks",
        "Weight masks by response scaling and by other measures of uncertainty, all with the same "
        f"t. {OF_AUROC}",
        _measures,
    ),
    "scale_sets": Table(
        "response scales",
        f"Response scaling with other sets of scales. {OF_AUROC}",
        _scale_sets,
    ),
    "refiners": Table(
        "refiner",
        "Refiners of the CAMs: their pseudo-masks on train, and the baseline trained on them on "
        "val.",
        _refiners,
    ),
    "selection": Table(
        "choice",
        "What is chosen without truth, on the first shard of train: the alpha of the pseudo-masks, "
        "by how well masks follow the images, beside the best that truth could choose; and the "
        f"labels that cyclic masks may have. {OF_AUROC}",
        _selection,
    ),
}
