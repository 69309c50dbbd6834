"""What a rule needs to know of a job: functions of the job's wildcards, for input and params."""

from collections.abc import Callable, Iterable
from typing import Any

from rules.plan import configuration, paths
from rules.plan.dataset import Settings
from rules.plan.job_fingerprints import JobFingerprints
from rules.plan.shards import Shard
from rules.plan.wildcards import OfJob, Wildcards
from urn.errors import UserError

# Settings of networks that only the uses of the trained network depend on, and those of a training
# that change nothing in its result.
CAM_VIEWS = ("scales", "cam_size", "window", "stride")
AFFINITY_USES = ("alphas", "beta", "log_t")
PROCESSES = ("gpus", "nodes")


class Jobs(JobFingerprints):
    """Functions of wildcards, made with what they look up."""

    def of(self, function: Callable[..., Any]) -> OfJob:
        """What a function says of the job's dataset, and of its other wildcards by their names."""

        def said(wildcards: Wildcards) -> Any:
            others = {name: value for name, value in wildcards.items() if name != "dataset"}
            return function(self.dataset(wildcards), **others)

        return said

    def source(self, wildcards: Wildcards) -> Settings:
        """What the dataset's data are, as its index needs to know."""
        return self.dataset(wildcards).layout.source()

    def working_size(self, wildcards: Wildcards) -> str | int:
        """At which its images are worked on."""
        return self.dataset(wildcards).working_size

    def own(self, attribute: str) -> OfJob:
        """What a dataset has under a name, such as "teacher"."""
        return lambda wildcards: getattr(self.dataset(wildcards), attribute)

    # Files.

    def file(self, pattern: str) -> OfJob:
        """A path, its wildcards and the dataset's own {teacher} and the like filled in."""
        return lambda wildcards: self._filled(wildcards, pattern)

    def pngs(self, folder: str, split: str = "train") -> OfJob:
        """The PNGs of a split's images in such a folder."""

        def found(wildcards: Wildcards) -> list[str]:
            return self.dataset(wildcards).pngs(self._filled(wildcards, folder), split)

        return found

    def _filled(self, wildcards: Wildcards, pattern: str) -> str:
        dataset = self.dataset(wildcards)
        own = {"teacher": dataset.teacher, "refiner": dataset.refiner}
        own["baseline_row"] = dataset.baseline_row
        return pattern.format(**own | dict(wildcards.items()))

    def limiting_masks(self, wildcards: Wildcards) -> list[str]:
        """The pseudo-masks whose labels alone a response keeps, if it is to keep no others."""
        if self.labels(wildcards) != "pseudo_mask":
            return []
        dataset, shard = self.dataset(wildcards), dict(wildcards.items()).get("shard")
        ids = dataset.shards("train")[shard] if shard else dataset.ids("train")
        return paths.pngs(dataset.paths.pseudo_masks(dataset.refiner), ids)

    def first_pseudo_masks(self, wildcards: Wildcards) -> list[str]:
        """The pseudo-masks of the first shard."""
        dataset = self.dataset(wildcards)
        folder = dataset.paths.pseudo_masks(dataset.refiner)
        return paths.pngs(folder, self.first_shard_ids(wildcards))

    def scored_predictions(self, wildcards: Wildcards) -> list[str]:
        """A model's masks of val, where their truth is known."""
        dataset = self.dataset(wildcards)
        known = "val" in dataset.layout.evaluated
        return (
            self.pngs(dataset.paths.predictions("{backbone}", "{supervision}"), "val")(wildcards)
            if known
            else []
        )

    def lists(self, *splits: str) -> OfJob:
        """The lists from which a dataset's splits are read."""
        return lambda wildcards: self.dataset(wildcards).layout.lists(splits)

    def index(self, wildcards: Wildcards) -> str:
        """The index with the split's images."""
        return self.dataset(wildcards).paths.index(wildcards.split)

    def pretrained(self, section: str) -> OfJob:
        """The ImageNet weights that a training starts from, if any."""

        def found(wildcards: Wildcards) -> list[str]:
            settings = self.settings(section)(wildcards)
            backbone = settings.get("backbone") or self.backbone(wildcards)
            return self.dataset(wildcards).pretrained(settings, backbone)

        return found

    def all_cams(self, wildcards: Wildcards) -> list[str]:
        """The first classifier's CAMs of all train images."""
        dataset = self.dataset(wildcards)
        shards = {} if dataset.has_own_masks() else dataset.shards("train")
        return [dataset.paths.cams(number) for number in shards]

    def first_cams(self, wildcards: Wildcards) -> str:
        """The last classifier's CAMs of the first shard."""
        return self.dataset(wildcards).last_cams("00000")

    def own_refiner(self, wildcards: Wildcards) -> str:
        """The dataset's own."""
        return self.dataset(wildcards).refiner

    def own_refiner_model(self, wildcards: Wildcards) -> str | list[str]:
        """The network that the dataset's own refiner needs, if any."""
        dataset = self.dataset(wildcards)
        return dataset.refiner_model(dataset.refiner)

    def refiner_model_of(self, shard: Shard) -> OfJob:
        """The same of the refiner that the wildcards name, for the rule of a shard."""
        dataset = self._datasets(shard.dataset)
        return lambda wildcards: dataset.refiner_model(wildcards.refiner)

    def source_of_corrections(self, wildcards: Wildcards) -> str:
        """What the user gave as corrections.

        Raises:
            UserError: there are none.
        """
        dataset = self.dataset(wildcards)
        if not dataset.layout.has("corrections"):
            raise UserError(f"datasets.{dataset.name} has no corrections: name their folder there")
        return dataset.layout.corrections

    def supervision_masks(self, wildcards: Wildcards) -> list[str]:
        """What a segmentation model is trained on."""
        dataset = self.dataset(wildcards)
        return dataset.supervision_masks(wildcards.backbone, wildcards.supervision)

    def own_baseline(self, wildcards: Wildcards) -> list[str]:
        """The model whose weights a training starts from, if any."""
        dataset = self.dataset(wildcards)
        own = dataset.own_baseline(wildcards.backbone, wildcards.supervision)
        return own if self.setting("segmentation", "from_baseline")(wildcards) else []

    def supervision_weights(self, wildcards: Wildcards) -> list[str]:
        """The weight masks beside them, if any."""
        dataset = self.dataset(wildcards)
        return dataset.supervision_weights(wildcards.backbone, wildcards.supervision)

    # Settings.

    def settings(
        self, section: str, only: Iterable[str] | None = None, without: Iterable[str] = ()
    ) -> OfJob:
        """A section as it holds for the job's dataset and backbone, or some of its keys."""

        def resolved(wildcards: Wildcards) -> Settings:
            backbone = self.backbone(wildcards) if "backbone" in dict(wildcards.items()) else None
            found = self.dataset(wildcards).settings(section, backbone)
            keys = found if only is None else only
            return {key: found[key] for key in keys if key not in without}

        return resolved

    def setting(self, section: str, key: str) -> OfJob:
        """One key of a section."""
        return lambda wildcards: self.settings(section)(wildcards)[key]

    def crops(self, wildcards: Wildcards) -> Settings:
        """Of the second classifier's training; windows as those of its CAMs, if they have any."""
        share: Settings = self.settings("multi_crop", only=["least_share"])(wildcards)
        views: Settings = self.settings("multi_crop.classification", only=CAM_VIEWS)(wildcards)
        return share | (views if views["window"] else {})

    def training_settings(self, wildcards: Wildcards) -> Settings:
        """Of segmentation, with PUF's numbers only where the supervision uses them."""
        puf = self.supervision(wildcards)["pretended_underfitting"]
        unused = [*PROCESSES, "from_baseline"]  # the latter is seen in its input
        unused += [] if puf else ["pretended_underfitting"]
        settings: Settings = self.settings("segmentation", without=unused)(wildcards)
        return settings

    def labels(self, wildcards: Wildcards) -> str:
        """Which classes a response keeps: of train, those that can be in the image."""
        if dict(wildcards.items()).get("split", "train") != "train":
            return "all"
        labels: str = self.setting("uncertainty", "labels")(wildcards)
        return labels

    def data_of_responses(self, wildcards: Wildcards) -> str:
        """Of the images and, where they decide which classes a response keeps, their tags."""
        kinds = ("images", "tags") if self.labels(wildcards) == "tags" else ("images",)
        return self.data(*kinds)(wildcards)

    def evaluation_windows(self, wildcards: Wildcards) -> Settings:
        """Of the evaluation during a training, if there is any: those of its responses."""
        if not self.setting("segmentation", "evaluate_every")(wildcards):
            return {}
        windows: Settings = self.settings("responses", only=("window", "stride"))(wildcards)
        return windows

    def prediction_settings(self, wildcards: Wildcards) -> Settings:
        """What a segmentation model's predictions and their uncertainty depend on."""
        dataset = self.dataset(wildcards)
        settings: Settings = self.settings("responses")(wildcards)
        return settings | {
            "resize": self.setting("segmentation", "resize")(wildcards),
            "working_size": dataset.working_size,
            "scales": dataset.settings("uncertainty")["scales"],
            "crf_backend": dataset.config["crf_backend"],
        }

    def supervision(self, wildcards: Wildcards) -> Settings:
        """The row of the configuration."""
        return self.dataset(wildcards).supervisions[wildcards.supervision]

    def weighting(self, wildcards: Wildcards) -> str:
        """How the supervision weighs the loss."""
        name: str = self.supervision(wildcards)["weighting"]
        return name

    def t(self, wildcards: Wildcards) -> float | None:
        """The threshold of the weight masks; None where the supervision has none."""
        return self.supervision(wildcards).get("t")

    def backbone(self, wildcards: Wildcards) -> str:
        """The backbone of a training's folder, without a seed."""
        return configuration.split_seed(wildcards.backbone, self._seed)[0]

    def seed(self, wildcards: Wildcards) -> int:
        """The seed of a training's folder."""
        return configuration.split_seed(wildcards.backbone, self._seed)[1]

    def refiner_options_of(self, shard: Shard) -> OfJob:
        """The arguments of the refiner that the wildcards name, for the rule of a shard."""
        dataset = self._datasets(shard.dataset)
        return lambda wildcards: dataset.refiner_options(wildcards.refiner)

    def chosen_alphas_of(self, shard: Shard) -> OfJob:
        """The file of the alphas of that refiner, if they are chosen, for the rule of a shard."""
        dataset = self._datasets(shard.dataset)

        def found(wildcards: Wildcards) -> list[str]:
            refiner = wildcards.refiner
            chooses = dataset.chooses_alpha(refiner)
            return [dataset.paths.chosen_alphas(refiner)] if chooses else []

        return found

    def all_cuts(self, wildcards: Wildcards) -> list[str]:
        """What the alphas are chosen by: the costs of every train shard.

        Of the dataset's own refiner where the wildcards name none.
        """
        dataset = self.dataset(wildcards)
        refiner = dict(wildcards.items()).get("refiner", dataset.refiner)
        return [dataset.paths.cuts(refiner, shard) for shard in dataset.shards("train")]

    def swept_options(self, wildcards: Wildcards) -> Settings:
        """Those of the dataset's own refiner, but for alpha."""
        dataset = self.dataset(wildcards)
        options = dataset.refiner_options(dataset.refiner)
        return {key: value for key, value in options.items() if key != "alpha"}

    def alpha(self, wildcards: Wildcards) -> float | str:
        """The alpha of the dataset's own refiner."""
        dataset = self.dataset(wildcards)
        alpha: float | str = dataset.refiner_settings(dataset.refiner)["alpha"]
        return alpha

    def shard_ids(self, wildcards: Wildcards) -> list[str]:
        """The images of the job's shard, of train where the wildcards name no split."""
        split = dict(wildcards.items()).get("split", "train")
        return self.dataset(wildcards).shards(split)[wildcards.shard]

    def shards(self, wildcards: Wildcards) -> list[list[str]]:
        """The images of every train shard."""
        return list(self.dataset(wildcards).shards("train").values())

    def shards_with_cams(self, wildcards: Wildcards) -> list[list[str]]:
        """The same, or none where there are no CAMs."""
        return self.shards(wildcards)[: len(self.all_cams(wildcards))]

    def first_shard_ids(self, wildcards: Wildcards) -> list[str]:
        """The images of the first train shard."""
        return self.dataset(wildcards).shards("train")["00000"]

    def data_of_evaluation(self, wildcards: Wildcards) -> str:
        """Of what a segmentation model is evaluated on while it is trained."""
        if not self.setting("segmentation", "evaluate_every")(wildcards):
            return ""
        found: str = self.data("images", "masks", split="val")(wildcards)
        return found
