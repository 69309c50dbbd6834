"""Which files a dataset has: masks, models, scores, tables; its figures are in figures.py."""

from typing import NamedTuple

from rules.plan import check, figures
from rules.plan.dataset import Dataset
from rules.plan.written import Scores


class Stage(NamedTuple):
    """A stage whose masks are scored: on which split, its name, and where the scores are."""

    split: str
    name: str
    scores: Scores


def results(dataset: Dataset) -> list[str]:
    """A dataset's masks, its runs' models, and all that can be scored.

    Every mask is asked for by name, so that one that went missing is made again.
    """
    paths = dataset.paths
    targets = dataset.pngs(paths.pseudo_masks(dataset.refiner))
    for folder in (paths.cyclic_masks(dataset.teacher), paths.weights(dataset.teacher)):
        targets += dataset.pngs(folder)
    for backbone, row in dataset.trained:
        training = paths.training(backbone, row)
        targets += [training.model, training.settings]
        if dataset.ids("val"):
            targets += dataset.pngs(paths.predictions(backbone, row), "val")
    scored = dataset.layout.evaluated
    if "val" in scored:
        targets += [paths.final_score(b) for b, row in dataset.trained if row == "urn"]
    return targets + ([paths.table("summary")] if scored else [])


def everything(dataset: Dataset) -> list[str]:
    """What a plain run makes of a dataset."""
    return [
        *results(dataset),
        *figures.files(dataset),
        *(dataset.paths.page(table) for table in _front_page_tables(dataset).values()),
        dataset.paths.front_page,
        dataset.paths.plan,
        dataset.paths.gallery,
        *check.files(dataset),
        *bundles(dataset).values(),
    ]


def bundles(dataset: Dataset) -> dict[str, str]:
    """The bundles of the models that urn trained, by backbone, where they are wanted."""
    wanted = dataset.trained if dataset.config["bundle"] else []
    return {
        backbone: dataset.paths.bundle(backbone, row) for backbone, row in wanted if row == "urn"
    }


def went_on(dataset: Dataset) -> list[str]:
    """The backbones whose urn starts from their baseline's weights."""
    return [
        backbone
        for backbone, row in dataset.trained
        if row == "urn"
        and dataset.own_baseline(backbone, row)
        and dataset.settings("segmentation", backbone)["from_baseline"]
    ]


def stages(dataset: Dataset) -> list[Stage]:
    """Every stage whose masks are scored."""
    paths, rows = dataset.paths, []
    if "train" in dataset.layout.evaluated:
        if not dataset.has_own_masks():
            rows.append(Stage("train", "CAMs", paths.cam_scores))
        pseudo_masks = paths.pseudo_mask_scores(dataset.refiner)
        rows.append(Stage("train", "pseudo-masks", pseudo_masks))
        rows.append(Stage("train", "cyclic masks", paths.cyclic_mask_scores(dataset.teacher)))
    if "val" in dataset.layout.evaluated:
        rows += [
            Stage("val", f"{backbone} {row}", paths.prediction_scores(backbone, row))
            for backbone, row in dataset.trained
        ]
    return rows


def stage_scores(dataset: Dataset) -> list[str]:
    """The mIoU of every stage."""
    return [stage.scores.miou for stage in stages(dataset)]


def stage_classes(dataset: Dataset) -> list[str]:
    """The IoU by class of every stage."""
    return [stage.scores.classes for stage in stages(dataset)]


def stage_names(dataset: Dataset) -> list[tuple[str, str]]:
    """Split and name of every stage."""
    return [(stage.split, stage.name) for stage in stages(dataset)]


def summarised(dataset: Dataset) -> list[str]:
    """The files of every score of a dataset's runs."""
    files = stage_scores(dataset)
    if "train" in dataset.layout.evaluated:
        files.append(dataset.paths.weight_quality(dataset.teacher))
    return files


def front_page_files(dataset: Dataset) -> dict[str, str]:
    """The tables that the front page tells of, by what they tell."""
    tables = _front_page_tables(dataset).items()
    return {name: dataset.paths.table(table) for name, table in tables}


def _front_page_tables(dataset: Dataset) -> dict[str, str]:
    """The names of the tables that the front page tells of, by what they tell."""
    tables = {"cost": "cost"}
    if dataset.layout.evaluated:
        tables |= {"stages": "stages", "classes": "classes"}
    if "train" in dataset.layout.evaluated:
        tables["uncertainty"] = f"uncertainty_{dataset.teacher}"
    return tables


def pipeline_masks(dataset: Dataset) -> dict[str, str]:
    """The folders of the masks that the figure of the pipeline shows."""
    return {
        "pseudo-mask": dataset.paths.pseudo_masks(dataset.refiner),
        "cyclic mask": dataset.paths.cyclic_masks(dataset.teacher),
    }


def thresholds(dataset: Dataset) -> dict[str, float]:
    """The t of a dataset's supervisions, where they have one."""
    rows = {row: dataset.supervisions[row] for _, row in dataset.trained}
    return {name: row["t"] for name, row in rows.items() if "t" in row}
