"""Which files a dataset has: masks, models, scores, figures, tables."""

from collections.abc import Iterable
from typing import NamedTuple

from rules.plan import configuration
from rules.plan.dataset import Dataset
from rules.plan.paths import Scores


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
        *figures(dataset),
        *(dataset.paths.page(table) for table in _front_page_tables(dataset).values()),
        dataset.paths.front_page,
        dataset.paths.gallery,
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


def curves(dataset: Dataset) -> dict[str, tuple[str, str]]:
    """The curves of a dataset's trainings, and the panel and name each is drawn with."""
    paths, found = dataset.paths, {}
    if not dataset.has_own_masks():
        found[paths.classifier.curve] = ("classifier", "classifier")
    for backbone, row in dataset.trained:
        found[paths.training(backbone, row).curve] = ("segmentation", f"{backbone} {row}")
    return found


def curve_files(dataset: Dataset) -> list[str]:
    """The curves of all trainings."""
    return list(curves(dataset))


def curve_names(dataset: Dataset) -> list[tuple[str, str]]:
    """The panel and name of every curve."""
    return list(curves(dataset).values())


def figures(dataset: Dataset) -> list[str]:
    """The figures that a dataset's runs and masks allow."""
    scored = dataset.layout.evaluated
    names = ["uncertainty", "response_scales", "crf_parameters", "contact_sheet"]
    names += ["training", "cost"]
    if (dataset.teacher, "urn") in dataset.trained:
        names.append("pipeline")
    if scored:
        names += ["stages", "classes"]
    if "train" in scored:
        names.append(f"reliability_{dataset.teacher}")
    names += [f"comparison_{backbone}" for backbone in _compared(dataset)]
    return [dataset.paths.figure(name) for name in names]


def _compared(dataset: Dataset) -> list[str]:
    """The backbones of which both baseline and urn have scores."""
    if "val" not in dataset.layout.evaluated:
        return []
    return [name for name, rows in dataset.runs.items() if {"baseline", "urn"} <= set(rows)]


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


# The columns of sheets of images: title, kind (of urn.figures.panels), and folder of the masks.
Columns = list[tuple[str, str, str]]


def uncertainty_columns(dataset: Dataset) -> Columns:
    """The teacher's cyclic masks and their uncertainty, and what is wrong where that is known."""
    masks = dataset.paths.cyclic_masks(dataset.teacher)
    known = "train" in dataset.layout.evaluated
    return [
        ("image", "image", ""),
        *_if(known, ("ground truth", "truth", "")),
        ("cyclic mask", "mask", masks),
        *_if(known, ("wrong", "wrong", masks)),
        ("uncertainty", "uncertainty", dataset.paths.weights(dataset.teacher)),
    ]


def comparison_columns(dataset: Dataset, backbone: str) -> Columns:
    """A backbone's baseline beside its urn, on val."""
    rows = [(row, "mask", dataset.paths.predictions(backbone, row)) for row in ("baseline", "urn")]
    return [("image", "image", ""), ("ground truth", "truth", ""), *rows]


def contact_columns(dataset: Dataset) -> Columns:
    """Every mask of train images."""
    paths, teacher = dataset.paths, dataset.teacher
    return [
        ("image", "image", ""),
        ("pseudo-mask", "mask", paths.pseudo_masks(dataset.refiner)),
        ("cyclic mask", "mask", paths.cyclic_masks(teacher)),
        ("uncertainty", "uncertainty", paths.weights(teacher)),
    ]


def pipeline_masks(dataset: Dataset) -> dict[str, str]:
    """The folders of the masks that the figure of the pipeline shows."""
    return {
        "pseudo-mask": dataset.paths.pseudo_masks(dataset.refiner),
        "cyclic mask": dataset.paths.cyclic_masks(dataset.teacher),
    }


def gallery_layers(dataset: Dataset, split: str) -> Columns:
    """The masks that the gallery shows of a split: name, kind and folder; the first is judged.

    Of val those of the first backbone with predictions, the last of its runs first.
    """
    paths, teacher = dataset.paths, dataset.teacher
    if split == "train":
        return [
            ("cyclic mask", "mask", paths.cyclic_masks(teacher)),
            ("pseudo-mask", "mask", paths.pseudo_masks(dataset.refiner)),
            ("uncertainty", "uncertainty", paths.weights(teacher)),
        ]
    backbone, rows = next(iter(dataset.runs.items()))
    shown = sorted({rows[0], rows[-1], *({"urn"} & set(rows))}, key=lambda row: row != "urn")
    return [(f"{backbone} {row}", "mask", paths.predictions(backbone, row)) for row in shown[:2]]


def gallery_shards(dataset: Dataset) -> list[str]:
    """The folders of previews, of train and val."""
    return [
        dataset.paths.gallery_shard(split, number)
        for split in configuration.SPLITS
        for number in dataset.shards(split)
    ]


def gallery_names(dataset: Dataset) -> dict[str, list[str]]:
    """The names of the masks that the gallery shows, by split."""
    return {
        split: [name for name, _, _ in gallery_layers(dataset, split)]
        for split in configuration.SPLITS
        if dataset.shards(split)
    }


def thresholds(dataset: Dataset) -> dict[str, float]:
    """The t of a dataset's supervisions, where they have one."""
    rows = {row: dataset.supervisions[row] for _, row in dataset.trained}
    return {name: row["t"] for name, row in rows.items() if "t" in row}


def _if(condition: bool, *columns: tuple[str, str, str]) -> Iterable[tuple[str, str, str]]:
    return columns if condition else ()
