"""How much there is to compute, by dataset: for the estimate before a run, and the cost after."""

from typing import NamedTuple

from rules.plan import targets
from rules.plan.configuration import BACKBONES, SPLITS
from rules.plan.dataset import Dataset


class Work(NamedTuple):
    """A stage, of what, its jobs and the images of them all, each as often as it is handled.

    That is once for every alpha where one is chosen; a bundle counts as one image.
    """

    stage: str
    of: str
    jobs: int
    images: int


def images_of_trainings(dataset: Dataset) -> dict[str, int]:
    """Images that a dataset's trainings see, each time counted, by how their jobs' names begin."""
    trained = {
        "train_classifier": dataset.settings("classification"),
        "train_multi_crop_classifier": dataset.settings("multi_crop.classification"),
        "train_affinity": dataset.settings("affinity"),
    } | {
        f"train_{backbone}": dataset.settings("segmentation", backbone)
        for backbone in [*BACKBONES, *dataset.runs, dataset.teacher]
    }
    return {
        name: settings["iterations"] * settings["batch_size"] for name, settings in trained.items()
    }


def images_of_shards(dataset: Dataset) -> dict[str, dict[str, int]]:
    """Images of every shard, by split."""
    return {
        split: {number: len(ids) for number, ids in dataset.shards(split).items()}
        for split in dataset.layout.splits
    }


def planned(dataset: Dataset) -> list[Work]:
    """What a plain run of a dataset computes."""
    train, val = (dataset.shards(split) for split in SPLITS)
    on_train = (len(train), sum(map(len, train.values())))
    on_val = (len(val), sum(map(len, val.values())))
    seen = images_of_trainings(dataset)
    refiners = _refiners(dataset)
    work = [Work("index", "", 1, on_train[1] + on_val[1])]

    def of_network(name: str, before: list[str], after: list[str]) -> None:
        work.extend(Work(stage, "", *on_train) for stage in before)
        work.append(Work(name, "", 1, seen[name]))
        work.extend(Work(stage, "", *on_train) for stage in after)

    if set(refiners) != {"own"}:
        of_network("train_classifier", [], ["cams"])
        if dataset.has_two_classifiers():
            of_network("train_multi_crop_classifier", ["rough_masks"], ["multi_crop_cams"])
    if "affinity" in refiners:
        of_network("train_affinity", ["affinity_labels"], [])
    alphas = len(dataset.settings("pseudo_masks")["alphas"])
    work += [
        Work("cuts", name, on_train[0], on_train[1] * alphas)
        for name in refiners
        if dataset.chooses_alpha(name)
    ]
    work += [Work("pseudo_masks", name, *on_train) for name in refiners]
    for backbone, row in _trainings(dataset):
        model = f"{backbone}/{row}"
        work.append(Work("train_segmentation", model, 1, seen[f"train_{backbone}"]))
        if row == "baseline" and backbone in _masking_backbones(dataset):
            work.append(Work("responses", f"{model} train", *on_train))
            work.append(Work("uncertainty", backbone, *on_train))
        if val and (backbone, row) in dataset.trained:
            work.append(Work("responses", f"{model} val", *on_val))
            work.append(Work("predictions", model, *on_val))
    work.append(Work("gallery", "train", *on_train))
    if val:
        work.append(Work("gallery", "val", *on_val))
    return work + [Work("bundle", backbone, 1, 1) for backbone in targets.bundles(dataset)]


def _masking_backbones(dataset: Dataset) -> list[str]:
    """The backbones whose baselines make cyclic masks and weights in a plain run."""
    own = [b for b, row in dataset.trained if dataset.supervisions[row]["masks"] == "self"]
    return list(dict.fromkeys([dataset.teacher, *own]))


def _trainings(dataset: Dataset) -> list[tuple[str, str]]:
    """Backbone and supervision of every model that is trained; last, those not asked for."""
    needed = [(backbone, "baseline") for backbone in _masking_backbones(dataset)]
    return list(dict.fromkeys([*dataset.trained, *needed]))


def _refiners(dataset: Dataset) -> list[str]:
    """The refiners whose masks a plain run makes, the dataset's own first."""
    rows = [dataset.supervisions[row] for _, row in _trainings(dataset)]
    others = [row["refiner"] for row in rows if "refiner" in row]
    return list(dict.fromkeys([dataset.refiner, *others]))
