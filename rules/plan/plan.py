"""The plan of a run: what the rule files take their names, paths and parameters from."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property, partial
from itertools import takewhile
from pathlib import Path
from typing import Any

from rules.plan import (
    ablations,
    configuration,
    gpus,
    input_folders,
    overlay,
    paths,
    planning,
    yaml_files,
)
from rules.plan.dataset import Dataset
from rules.plan.jobs import Jobs
from rules.plan.resources import Training, needs
from rules.plan.shards import Shard
from rules.plan.wildcards import Wildcards
from urn import registry
from urn.errors import UserError, raise_faults

SECTIONS_OF_FILES = ("archives", "pretrained")


class Plan:
    """Of a checked configuration."""

    def __init__(self, config: Mapping[str, Any], words: Sequence[str]) -> None:
        """Plan for Snakemake's command line, whose `words` say which rules a job considers."""
        self.config = config
        self.words = words
        self.here: gpus.Gpus | None = None
        self.supervisions = configuration.supervisions(config)
        self.threshold = configuration.threshold(config)
        self.words = words
        self.allowed = _allowed_rules(words)
        self.dataset = cache(partial(Dataset, config))
        self.jobs = Jobs(self.dataset, config["seed"], decided=self.allowed is not None)

    @property
    def datasets(self) -> list[Dataset]:
        """All of the configuration."""
        return [self.dataset(name) for name in self.config["datasets"]]

    @property
    def asked(self) -> Dataset:
        """The dataset that a plain run makes."""
        return self.dataset(self.config["dataset"])

    @cached_property
    def named(self) -> list[Dataset]:
        """The datasets of which anything may be asked: the command line has their names."""
        line = " ".join(self.words)

        def is_named(dataset: Dataset) -> bool:
            return bool(re.search(rf"(?<![^\W_]){re.escape(dataset.name)}(?![^\W_])", line))

        return [d for d in self.datasets if d is self.asked or is_named(d)]

    def is_unfinished(self, rule: str, files: Iterable[str]) -> bool:
        """Whether a rule is to be there that is needed no more once its files are.

        In a job it is if it is the job's, which may have made them all but not ended well.
        """
        if self.allowed is not None:
            return rule in self.allowed
        return not all(Path(file).exists() for file in files)

    def with_layout(self, layout: str) -> list[Dataset]:
        """Those of one layout."""
        return [dataset for dataset in self.datasets if dataset.entry["layout"] == layout]

    def needs(self, stage: str, training: Training | None = None) -> dict[str, Any]:
        """For resources: what a stage's jobs take; and the tracker of trainings and scores.

        A resource, unlike a parameter, makes nothing run again when it changes.
        """
        found = needs(self.config["site"], stage, training, lambda: self.here)
        tracked = self.config["tracking"] and (training or stage == "scores")
        return found | {"tracking": self.config["tracking"]} if tracked else found

    def run_here(self, limit: int | None) -> int | None:
        """Plan for jobs on this machine, where they share its GPUs; without this, for a cluster.

        Args:
            limit: how many GPUs the running jobs may have together; None: as many as there are.

        Returns:
            That number; None where no job asks for any.

        Raises:
            UserError: trainings are to have more than there are.
        """
        ids = gpus.find() if self.config["site"]["gpus"] else []
        self.here = gpus.Gpus(ids, len(ids) if limit is None else limit)
        names = planning.asked(self.config, self.words)
        raise_faults(
            "the configuration",
            [fault for name in names for fault in self.here.faults(self.dataset(name))],
        )
        return self.here.limit if ids else None

    def shards(
        self,
        stage: str,
        split: str = "train",
        of: Callable[[Dataset], bool] = lambda dataset: True,
    ) -> Iterator[Shard]:
        """A rule for every shard of a stage, of those datasets that have it and are named.

        On a cluster every job reads the Snakefile, and has no use for the shards of others.
        """
        for dataset in filter(of, self.named):
            for number, image_ids in dataset.shards(split).items():
                shard = Shard(stage, dataset.name, split, number, image_ids)
                if self.allowed is None or shard.name in self.allowed:
                    yield shard

    def predicted_shards(self) -> Iterator[Shard]:
        """Those of images that models predict: val, and test where a dataset has one."""
        yield from self.shards("predictions", "val")
        yield from self.shards("test_predictions", "test", of=_has_test)

    @property
    def tested(self) -> list[str]:
        """The datasets with images for an evaluation server."""
        return [dataset.name for dataset in self.datasets if _has_test(dataset)]

    def wildcards(self) -> dict[str, str]:
        """The regular expressions that they match."""
        backbones = f"({names(configuration.BACKBONES)}|{configuration.TIMM_BACKBONE})"
        return {
            "dataset": names(self.config["datasets"]),
            "supervision": names(self.supervisions),
            "backbone": f"{backbones}(-seed[0-9]+)?",
            "split": "train|val|test",
            "shard": "[0-9]{5}",
            "refiner": names(configuration.REFINERS),
            "measure": names(self.config["measures"]) or "-",
            "kind": names(registry.EXPORTS),
            "tool": names(registry.TOOLS),
            "ablation": names(ablations.TABLES),
            "table": "[^/]+",
        }

    # Published files.

    @property
    def published(self) -> dict[str, Mapping[str, Any]]:
        """The entries of all published files by their file's name."""
        return {
            entry["name"]: entry
            for section in SECTIONS_OF_FILES
            for entry in self.config[section].values()
        }

    @property
    def fetched(self) -> list[str]:
        """The names of the files that are to be fetched: those not there, or asked for by name.

        A file that is there is used as it is, also if its addresses change in the configuration.
        """
        paths_of = {name: f"{paths.DOWNLOADS}/{name}" for name in self.published}
        return [n for n, path in paths_of.items() if path in self.words or not Path(path).exists()]

    def published_file(self, section: str, name: str) -> str:
        """Where a published file is: at a path of the user's, or where it is downloaded to."""
        entry = self.config[section][name]
        return entry.get("path") or f"{paths.DOWNLOADS}/{entry['name']}"

    def checksum(self, section: str, name: str) -> dict[str, str]:
        """For params: what a published file must have, wherever it lies."""
        entry = self.config[section][name]
        return {key: entry[key] for key in ("sha256", "md5") if entry.get(key)}

    def source(self, wildcards: Wildcards) -> dict[str, Any]:
        """For params: where a published file is fetched from."""
        entry = self.published[wildcards.file]
        return {key: entry[key] for key in entry if key not in ("name", "path", "format")}

    def network(self, wildcards: Wildcards) -> dict[str, str]:
        """For params: of a file of weights, the backbone that they must fit, and the format."""
        for backbone, entry in self.config["pretrained"].items():
            if entry["name"] == wildcards.file:
                return {"backbone": backbone, "kind": entry["format"]}
        return {}

    def pretrained_file(self, wildcards: Wildcards) -> str:
        """A backbone's published checkpoint."""
        return self.published_file("pretrained", wildcards.backbone)

    def pretrained_checksum(self, wildcards: Wildcards) -> dict[str, str]:
        """Of that."""
        return self.checksum("pretrained", wildcards.backbone)

    def pretrained_format(self, wildcards: Wildcards) -> str:
        """Of that: torch or mxnet."""
        kind: str = self.config["pretrained"][wildcards.backbone]["format"]
        return kind

    # Comparisons.

    def measure(self, wildcards: Wildcards) -> Mapping[str, Any]:
        """For params: the measure of uncertainty of a job's weight masks."""
        row: Mapping[str, Any] = self.config["measures"][wildcards.measure]
        return row

    def cells(self, wildcards: Wildcards) -> list[ablations.Cell]:
        """The cells of an ablation's table.

        Raises:
            UserError: the dataset has nothing to compare.
        """
        cells = ablations.cells(self.dataset(wildcards.dataset), wildcards.ablation)
        if not cells:
            raise UserError(
                f"dataset {wildcards.dataset} has no {wildcards.ablation} to compare: it needs "
                "masks to score against (`evaluate`), and backbones or a refiner to choose between"
            )
        return cells

    def cell_files(self, wildcards: Wildcards) -> list[str]:
        """The scores in an ablation's table."""
        return [file for cell in self.cells(wildcards) for file in cell.files]

    def cell_params(self, wildcards: Wildcards) -> list[dict[str, Any]]:
        """For params: its cells."""
        return [vars(cell) for cell in self.cells(wildcards)]


def _has_test(dataset: Dataset) -> bool:
    return "test" in dataset.layout.splits


def start(workflow: Any, config: dict[str, Any], words: Sequence[str]) -> Plan:
    """Finish the configuration, check it, and plan; what it names is checked once, not in jobs.

    Args:
        workflow: Snakemake's.
        config: its merged configuration, which is changed in place.
        words: of the command line.

    Raises:
        UserError: with one sentence for every fault.
    """
    given = workflow.config_settings.overwrite_config
    if workflow.is_main_process:
        yaml_files.check(workflow.configfiles)
        base = yaml_files.load(Path(workflow.basedir) / "config.yaml")
        raise_faults("the configuration", overlay.shadowed(base, given))
    overlay.settle(config, given)
    configuration.check(config)
    input_folders.check(config)
    if workflow.is_main_process:
        planning.check(config, words)
    return Plan(config, words)


def names(values: Iterable[str]) -> str:
    """A regular expression that matches these names only."""
    return "|".join(re.escape(value) for value in values)


def _allowed_rules(words: Sequence[str]) -> set[str] | None:
    """The rules a cluster job was told to consider; None: all."""
    if "--allowed-rules" not in words:
        return None
    following = words[words.index("--allowed-rules") + 1 :]
    return set(takewhile(lambda word: not word.startswith("--"), following))
