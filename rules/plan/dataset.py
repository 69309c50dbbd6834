"""One dataset of the configuration: its images, shards, settings, masks and runs."""

from collections.abc import Mapping
from functools import cache, cached_property
from typing import Any

from rules.plan import (
    configuration,
    data_files,
    fingerprints,
    iterations,
    layouts,
    paths,
    people,
    shards,
    sizes,
)
from rules.plan.layouts.base import Files
from rules.plan.paths import Paths
from urn import registry
from urn.errors import UserError

Settings = dict[str, Any]


class Dataset:
    """What is planned for a dataset. Paths of files, never their contents."""

    def __init__(self, config: Mapping[str, Any], name: str) -> None:
        """Of a checked configuration."""
        self.config = config
        self.name = name
        self.entry: Mapping[str, Any] = config["datasets"][name]
        self.layout = layouts.of(self.entry)
        self.paths = Paths(name)
        self.root: str = self.entry.get("root", "")  # of the user's files, where the layout has one
        self.teacher: str = self.entry["teacher"]
        self.runs: Mapping[str, list[str]] = self.entry["runs"]
        self.baseline_row: str = self.layout.baseline_row
        self.supervisions = configuration.supervisions(config)
        self.ids = cache(self._read_ids)
        self.shards = cache(self._cut)
        self.data_fingerprint = cache(self._data_fingerprint)

    # Images.

    def _read_ids(self, split: str) -> list[str]:
        """The image ids of a split.

        Raises:
            UserError: its list is not there or cannot be read.
        """
        if self.layout.made_by_rules and not self.layout.available(split):
            raise UserError(
                f"dataset {self.name} has no {split} list yet: "
                f"first run snakemake --cores all -- prepare_{self.name}"
            )
        try:
            return self.layout.ids(split)
        except UserError as error:
            raise UserError(f"dataset {self.name}: {error}") from None

    def _cut(self, split: str) -> dict[str, list[str]]:
        """Image ids by shard; none where the dataset's lists are not there (yet)."""
        if not self.layout.available(split):
            return {}
        size = self.entry.get("shard_size", self.config["shard_size"])
        return shards.cut(self.ids(split), size)

    def pngs(self, folder: str, split: str = "train") -> list[str]:
        """The PNGs of a split's images in a folder."""
        return paths.pngs(folder, self.ids(split))

    @cached_property
    def files(self) -> dict[str, dict[str, Files]]:
        """The files of every image, by split and id; none where lists are not there (yet).

        Raises:
            UserError: a list cannot be read.
        """
        found: dict[str, dict[str, Files]] = {}
        for splits in (configuration.SPLITS, ("test",)):
            if splits[0] in self.layout.splits and self.layout.available(splits[0]):
                try:
                    found |= self.layout.files(splits)
                except UserError as error:
                    raise UserError(f"dataset {self.name}: {error}") from None
        return found

    def _data_fingerprint(
        self, split: str, kinds: tuple[str, ...], image_ids: tuple[str, ...] | None = None
    ) -> str:
        """Changes with the files of these kinds (see `data_files.KINDS`), or how they are read."""
        files = self.files.get(split, {})
        source = {} if files else self.layout.source()  # files that a rule makes
        known = self.entry.get("classes"), source, fingerprints.code_of(self.layout.reader)
        return f"{data_files.fingerprint(files, kinds, image_ids)} {known}"

    @property
    def working_size(self) -> str | int:
        """The size at which the dataset's images are worked on."""
        size: str | int = self.entry.get("working_size", self.config["working_size"])
        return size

    @cached_property
    def typical_sides(self) -> tuple[int, int] | None:
        """Longer and shorter side of the median train image as it is worked on, if known.

        Images that a rule makes are not looked at, there or not: a plan does not change with them.
        """
        if self.layout.drawn_sides:
            return self.layout.drawn_sides
        paths_of = (file.images for file in self.files.get("train", {}).values())
        return sizes.typical([p for p in paths_of if isinstance(p, str)], self.working_size)

    @property
    def network_size(self) -> int:
        """The longer side at which networks look at the images, where their sizes are `auto`."""
        return sizes.network_size(self.typical_sides)

    # Settings.

    def settings(self, section: str, backbone: str | None = None) -> Settings:
        """A section as it holds for the dataset, and for a backbone where the section says so.

        "multi_crop.classification" is the second classifier's.
        """
        if section == "multi_crop.classification":
            resolved = configuration.resolve_multi_crop(self.config, self.name)
        else:
            resolved = configuration.resolve(self.config, self.name, section, backbone)
        kind = section.rpartition(".")[2]
        if kind not in iterations.EPOCHS:
            return resolved
        sized = sizes.decided(resolved, kind, lambda: self.network_size)
        images = len(self.ids("train")) if self.layout.available("train") else 0
        return iterations.decided(sized, kind, images, self.config["budget"])

    @property
    def planned(self) -> Settings:
        """All settings as they hold, by section; those of segmentation by backbone."""
        sections = [name for name in configuration.SECTIONS if name != "segmentation"]
        found: Settings = {"seed": self.config["seed"], "budget": self.config["budget"]}
        found |= {"images": {split: len(self.ids(split)) for split in self.layout.splits}}
        found |= {"working_size": self.working_size, "network_size": self.network_size}
        found |= {name: self.settings(name) for name in sections}
        if self.has_two_classifiers():
            found["multi_crop"]["classification"] = self.settings("multi_crop.classification")
        backbones = dict.fromkeys([self.teacher, *self.runs])
        return found | {
            "segmentation": {name: self.settings("segmentation", name) for name in backbones}
        }

    @property
    def summary(self) -> str:
        """The main numbers of what is planned, in a line."""
        images = f"{len(self.ids('train'))} train images"
        if self.typical_sides:
            images += ", worked on at about {} × {} pixels".format(*self.typical_sides)
        stages = [f"segmentation {_length(self.settings('segmentation', self.teacher))}"]
        if not self.has_own_masks():
            stages.insert(0, f"classifier {_length(self.settings('classification'))}")
        budget = self.config["budget"]
        return f"{self.name}: {images}; {'; '.join(stages)} (budget {budget}): {self.paths.plan}"

    def pretrained(self, settings: Mapping[str, Any], backbone: str) -> list[str]:
        """The file of a backbone's ImageNet weights, where a training's settings ask for them."""
        wanted = settings["pretrained"] == "imagenet" and backbone in self.config["pretrained"]
        return [paths.pretrained(backbone)] if wanted else []

    # CAMs and pseudo-masks.

    def has_two_classifiers(self) -> bool:
        """Whether pseudo-masks are made of a second classifier's CAMs."""
        return bool(self.settings("multi_crop")["enabled"])

    @property
    def rough_mask_options(self) -> Settings:
        """Arguments of the rough masks between two classifiers."""
        settings = self.settings("multi_crop")
        options = {key: settings[key] for key in ("alpha", "confidence")}
        return options | {"backend": self.config["crf_backend"]}

    def last_cams(self, shard: str) -> str:
        """The CAMs that pseudo-masks are made of: those of the last classifier."""
        return (
            self.paths.second_cams(shard) if self.has_two_classifiers() else self.paths.cams(shard)
        )

    @property
    def refiner(self) -> str:
        """The name of the refiner that makes the pseudo-masks; or `own`."""
        name: str = self.settings("pseudo_masks")["refiner"]
        return name

    def has_own_masks(self) -> bool:
        """Whether pseudo-masks are the user's, and not made of CAMs."""
        return self.refiner == "own"

    def refiner_settings(self, name: str) -> Settings:
        """The settings of pseudo-masks as they hold for a refiner."""
        resolved = self.settings("pseudo_masks")
        own: Settings = resolved["by_refiner"].get(name, {})
        return resolved | own

    def chooses_alpha(self, refiner: str) -> bool:
        """Whether a refiner's alpha is to be chosen by what its masks cost."""
        return refiner != "own" and self.refiner_settings(refiner)["alpha"] == "auto"

    def refiner_options(self, name: str) -> Settings:
        """The arguments of a refiner, as the dataset's settings give them.

        Without alpha where that is to be chosen.

        Raises:
            UserError: the dataset has its own pseudo-masks.
        """
        if name == "own":
            raise UserError(f"dataset {self.name} has its own pseudo-masks: no CAM is refined")
        refiner = registry.REFINERS[name]
        settings = self.refiner_settings(name)
        given = [key for key in refiner.settings if settings[key] != "auto"]
        options = {key: settings[key] for key in given}
        if refiner.section:
            walk = self.settings(refiner.section)
            return options | {key: walk[key] for key in refiner.section_settings}
        return options | {"backend": self.config["crf_backend"]}

    def refiner_model(self, name: str) -> str | list[str]:
        """The trained network that a refiner needs; none if it needs none."""
        needs_one = name != "own" and registry.REFINERS[name].network
        return self.paths.affinity.model if needs_one else []

    @property
    def own_folder(self) -> str:
        """Where the user's own pseudo-masks are."""
        folder: str = self.settings("pseudo_masks")["folder"]
        return folder

    # What people say.

    @property
    def corrections(self) -> list[str]:
        """The folder of the masks that people drew, where there are any."""
        return [self.paths.corrections] if self.layout.has("corrections") else []

    @cached_property
    def rejected(self) -> list[str]:
        """The train images from which segmentation is not to learn.

        Raises:
            UserError: the review that says so cannot be used.
        """
        return people.rejected(self.layout)

    # Segmentation models.

    def teacher_of(self, backbone: str, supervision: str) -> str:
        """The backbone whose cyclic masks and weights a training learns from; both with seeds."""
        if self.supervisions[supervision]["masks"] == "self":
            return backbone
        plain = self.config["seed"]
        _, seed = configuration.split_seed(backbone, plain)
        return configuration.seeded(self.teacher, seed, plain)

    def own_baseline(self, backbone: str, supervision: str) -> list[str]:
        """The model that made a training's masks, if it has the same backbone."""
        made = self.supervisions[supervision]["masks"] != "pseudo_masks"
        own = made and self.teacher_of(backbone, supervision) == backbone
        return [self.paths.training(backbone, "baseline").model] if own else []

    def supervision_masks(self, backbone: str, supervision: str) -> list[str]:
        """The masks that a segmentation model is trained on."""
        row = self.supervisions[supervision]
        if row["masks"] == "pseudo_masks":
            return self.pngs(self.paths.pseudo_masks(row.get("refiner", self.refiner)))
        return self.pngs(self.paths.cyclic_masks(self.teacher_of(backbone, supervision)))

    def supervision_weights(self, backbone: str, supervision: str) -> list[str]:
        """The weight masks beside them, where the supervision has any."""
        row = self.supervisions[supervision]
        if row["weighting"] != "uncertainty":
            return []
        teacher = self.teacher_of(backbone, supervision)
        return self.pngs(self.paths.weights(teacher, row.get("measure")))

    @property
    def baseline_title(self) -> str:
        """What tables and figures call the row that `urn` is compared with."""
        return "baseline" + f" ({self.baseline_row})" * (self.baseline_row != "baseline")

    @property
    def trained(self) -> list[tuple[str, str]]:
        """Backbone and supervision of every model that a plain run trains."""
        return [(backbone, row) for backbone, rows in self.runs.items() for row in rows]


def _length(settings: Mapping[str, Any]) -> str:
    return f"{settings['iterations']} iterations on crops of {settings['crop']}"
