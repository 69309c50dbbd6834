# Shared by all rules: the checked configuration, names and paths.

import os
import re
import sys
from functools import cache
from itertools import takewhile
from pathlib import Path

from snakemake.exceptions import WorkflowError

sys.path.insert(0, str(Path(workflow.basedir)))

from urn.errors import UserError, raise_faults
from rules import hooks
from rules.hooks import closing, unknown_targets
from rules.plan import (
    ablations,
    configuration,
    data_files,
    input_folders,
    overlay,
    planning,
    yaml_files,
)


def check_configuration():
    """Finish the configuration and check it; what it names, once and not in every job."""
    given = workflow.config_settings.overwrite_config
    if workflow.is_main_process:
        yaml_files.check(workflow.configfiles)
        base = yaml_files.load(Path(workflow.basedir) / "config.yaml")
        raise_faults("the configuration", overlay.shadowed(base, given))
    overlay.settle(config, given)
    configuration.check(config)
    input_folders.check(config)
    if workflow.is_main_process:
        planning.check(config, sys.argv[1:])


def explain_missing(file):
    """Of a target that no rule makes, say what can be asked for."""
    if file in map(os.path.relpath, workflow.dag_settings.targets):
        rule_names = [rule.name for rule in workflow.rules]
        raise WorkflowError(
            unknown_targets.sentence(file, list(DATASETS), SUPERVISIONS, rule_names)
        )


try:
    hooks.install(workflow, explain_missing)
    check_configuration()
except UserError as error:
    raise WorkflowError(str(error)) from None


DATASETS = config["datasets"]
SUPERVISIONS = configuration.supervisions(config)


PUBLISHED = {
    entry["name"]: entry
    for section in ("archives", "pretrained")
    for entry in config[section].values()
}


def names(values):
    """A regular expression that matches these names only."""
    return "|".join(re.escape(value) for value in values)


wildcard_constraints:
    dataset=names(DATASETS),
    supervision=names(SUPERVISIONS),
    backbone=f"({names(configuration.BACKBONES)}|{configuration.TIMM_BACKBONE})(-seed[0-9]+)?",
    split="train|val|test",
    shard="[0-9]{5}",
    refiner=names(configuration.REFINERS),
    measure=names(config["measures"]) or "-",
    ablation=names(ablations.TABLES),
    table="[^/]+",


def settings(section):
    """For params: the section as it holds for the job's dataset and backbone."""

    def resolved(wildcards):
        backbone = split_seed(wildcards)[0] if "backbone" in wildcards.keys() else None
        return configuration.resolve(config, wildcards.dataset, section, backbone)

    return resolved


def split_seed(wildcards):
    """The backbone and the seed of a training's folder."""
    return configuration.split_seed(wildcards.backbone, config["seed"])


def working_size(dataset):
    """The size at which the dataset's images are worked on."""
    return DATASETS[dataset].get("working_size", config["working_size"])


def without(mapping, *keys):
    return {key: value for key, value in mapping.items() if key not in keys}


def only(mapping, *keys):
    return {key: mapping[key] for key in keys}


def code(*modules):
    """For params: a fingerprint of the library's modules that make a rule's result."""
    return configuration.code_version("files/images.py", "working_size.py", *modules)


def data(*kinds, split="train", dataset=None, ids=None):
    """For params: a fingerprint of the images, tags or masks that a job reads.

    They are those of `ids`; of the job's shard, if it has one; or of a whole split. A job that
    runs on a cluster needs none: whether it must run is known.
    """

    def of(wildcards):
        if allowed_rules() is not None:
            return ""
        name = dataset or wildcards.dataset
        part = wildcards.get("split", split)
        wanted = ids
        if ids is None and "shard" in wildcards.keys():
            wanted = shards(name, part)[wildcards.shard]
        return data_fingerprint(name, part, kinds, wanted and tuple(wanted))

    return of


def data_of_splits(wildcards, *kinds):
    """The same of train and val."""
    return [data(*kinds, split=split)(wildcards) for split in configuration.SPLITS]


def data_fingerprint(dataset, split, kinds, ids=None):
    """Of the files, and of how they are read."""
    entry = DATASETS[dataset]
    reader = f"datasets/{entry['layout']}.py"
    source = configuration.source(entry) if entry["layout"] == "shapes" else {}
    readers = code("datasets/index.py", "datasets/layouts.py", reader)
    known = entry.get("classes"), source, readers
    return f"{files_fingerprint(dataset, split, kinds, ids)} {known}"


@cache
def files_of(dataset, splits):
    """The files of all images by split; none where their lists are not there (yet)."""
    if not available(dataset, splits[0]):
        return {split: {} for split in splits}
    try:
        return data_files.data_files(DATASETS[dataset], splits)
    except UserError as error:
        raise WorkflowError(f"dataset {dataset}: {error}") from None


@cache
def files_fingerprint(dataset, split, kinds, ids):
    splits = ("test",) if split == "test" else configuration.SPLITS
    return data_files.fingerprint(files_of(dataset, splits)[split], kinds, ids)


@cache
def ids(dataset, split):
    if preparable(dataset) and not available(dataset, split):
        rule_name = f"prepare_{dataset}{'_test' * (split == 'test')}"
        raise WorkflowError(
            f"dataset {dataset} has no {split} list yet: "
            f"first run snakemake --cores {workflow.cores or 'all'} -- {rule_name}"
        )
    try:
        return configuration.ids(DATASETS[dataset], split)
    except UserError as error:
        raise WorkflowError(f"dataset {dataset}: {error}") from None


def preparable(dataset):
    """Whether a rule makes the dataset's lists from its official files."""
    entry = DATASETS[dataset]
    return entry["layout"] == "coco" or entry.get("download", False)


@cache
def shards(dataset, split):
    """Image ids by shard; none where the dataset's lists are not there (yet)."""
    if not available(dataset, split):
        return {}
    size = DATASETS[dataset].get("shard_size", config["shard_size"])
    return configuration.shards(ids(dataset, split), size)


def available(dataset, split):
    """Whether the lists are there that name the split's images; train and val go together."""
    splits = ["test"] if split == "test" else configuration.SPLITS
    return DATASETS[dataset]["layout"] == "shapes" or all(
        Path(p).exists() for p in configuration.lists(DATASETS[dataset], splits)
    )


def index_of(dataset, split):
    return f"results/{dataset}/{'test_' * (split == 'test')}index.csv"


def splits(dataset):
    """Train, val and, where the dataset has one, test."""
    return [*configuration.SPLITS, *(["test"] if "test" in DATASETS[dataset] else [])]


def has_split(dataset, split):
    return bool(ids(dataset, split))


def root(dataset):
    return DATASETS[dataset]["root"]


def masks(dataset, folder, split="train"):
    """The PNGs of a split's ids in a folder of results/<dataset>/."""
    return [f"results/{dataset}/{folder}/{i}.png" for i in ids(dataset, split)]


def cams(dataset):
    """The folder whose CAMs pseudo-masks are made of: those of the last classifier."""
    last = "multi_crop" if multi_crop(dataset)["enabled"] else "cam"
    return f"results/{dataset}/{last}/shards"


def multi_crop(dataset):
    return configuration.resolve(config, dataset, "multi_crop")


def multi_crop_settings(wildcards):
    """The second classifier's settings."""
    return configuration.resolve_multi_crop(config, wildcards.dataset)


def published(section, name):
    """Where a published file is: at a path of the user's, or where it is downloaded to."""
    entry = config[section][name]
    return entry.get("path") or f"data/downloads/{entry['name']}"


def checksum(section, name):
    """For params: what a published file must have, wherever it lies."""
    entry = config[section][name]
    return {key: entry[key] for key in ("sha256", "md5") if entry.get(key)}


def pretrained_file(resolved, backbone=None):
    """The file of a backbone's ImageNet weights, where the training's settings ask for them."""
    backbone = backbone or resolved["backbone"]
    wanted = resolved["pretrained"] == "imagenet" and backbone in config["pretrained"]
    return [f"results/pretrained/{backbone}.pth"] if wanted else []


def refiner(dataset):
    return configuration.resolve(config, dataset, "pseudo_masks")["refiner"]


def refiner_settings(dataset, name):
    """The settings of pseudo-masks as they hold for a refiner."""
    resolved = configuration.resolve(config, dataset, "pseudo_masks")
    return resolved | resolved["by_refiner"].get(name, {})


def refiner_options(dataset, name):
    """The arguments of a refiner, as the dataset's settings give them."""
    resolved = refiner_settings(dataset, name)
    if name == "own":
        raise WorkflowError(
            f"dataset {dataset} has its own pseudo-masks: no CAM is refined"
        )
    keys = {
        "crf": ["alpha"],
        "ppmg": ["alpha", "cam_threshold", "cv_scale"],
        "affinity": ["alpha"],
    }
    options = only(resolved, *keys[name])
    if name == "affinity":
        walk = configuration.resolve(config, dataset, "affinity")
        return options | only(walk, "beta", "log_t")
    return options | {"backend": config["crf_backend"]}


def own_folder(dataset):
    return configuration.resolve(config, dataset, "pseudo_masks")["folder"]


def own_masks(dataset, image_ids):
    """For params: changes when one of the masks does; compare `data`.

    Snakemake takes no notice of changes of a parameter that is made of a job's input.
    """

    def of(wildcards):
        if allowed_rules() is not None:
            return ""
        folder = own_folder(dataset)
        return data_files.fingerprint_of(f"{folder}/{i}.png" for i in image_ids)

    return of


def refiner_model(dataset, name):
    """The trained network that a refiner needs, if it needs one."""
    return f"results/{dataset}/affinity/network.pth" if name == "affinity" else []


def refiner_code(name, *modules):
    """For params: a fingerprint of the modules that make a refiner's masks, and of others."""
    network = [
        "affinity",
        "backbones",
        "backbones/fine_tuning.py",
        "backbones/inputs.py",
    ]
    return code(
        "files/archives.py",
        "refinement.py",
        "crf",
        *(network if name == "affinity" else []),
        *modules,
    )


def teacher(wildcards):
    """The backbone whose cyclic masks and weights this training learns from."""
    if SUPERVISIONS[wildcards.supervision]["masks"] == "self":
        return wildcards.backbone
    _, seed = split_seed(wildcards)
    return configuration.seeded(
        DATASETS[wildcards.dataset]["teacher"], seed, config["seed"]
    )


def results(dataset):
    """A dataset's masks, its runs' models, and all that can be scored.

    Every mask is asked for by name, so that one that went missing is made again.
    """
    root = f"results/{dataset}"
    backbones = DATASETS[dataset]["runs"]
    runs = [(b, s) for b, rows in backbones.items() for s in rows]
    scored = configuration.evaluated(DATASETS[dataset])
    targets = masks(dataset, f"pseudo_masks/{refiner(dataset)}")
    for folder in ("cyclic_masks", "weights"):
        targets += masks(dataset, f"{DATASETS[dataset]['teacher']}/{folder}")
    for backbone, row in runs:
        targets.append(f"{root}/{backbone}/{row}/model.pth")
        if has_split(dataset, "val"):
            targets += masks(dataset, f"{backbone}/{row}/predictions", "val")
    if "val" in scored:
        targets += [
            f"{root}/{backbone}/miou.txt" for backbone, row in runs if row == "urn"
        ]
    if scored:
        targets.append(f"{root}/tables/summary.tsv")
    return targets


def supervision_masks(wildcards):
    row = SUPERVISIONS[wildcards.supervision]
    if row["masks"] == "pseudo_masks":
        folder = row.get("refiner", refiner(wildcards.dataset))
        return masks(wildcards.dataset, f"pseudo_masks/{folder}")
    return masks(wildcards.dataset, f"{teacher(wildcards)}/cyclic_masks")


def supervision_weights(wildcards):
    row = SUPERVISIONS[wildcards.supervision]
    if row["weighting"] == "uncertainty":
        folder = f"weights_{row['measure']}" if "measure" in row else "weights"
        return masks(wildcards.dataset, f"{teacher(wildcards)}/{folder}")
    return []


def training_settings(wildcards):
    """The training's settings, with PUF's numbers only where the supervision uses them."""
    resolved = without(settings("segmentation")(wildcards), "gpus", "nodes")
    puf = SUPERVISIONS[wildcards.supervision]["pretended_underfitting"]
    return resolved if puf else without(resolved, "pretended_underfitting")


def evaluation_windows(wildcards):
    """Of the evaluation during a training, if there is any: those of its responses."""
    if not settings("segmentation")(wildcards)["evaluate_every"]:
        return {}
    return only(settings("responses")(wildcards), "window", "stride")


def summarised(wildcards):
    """The files of every score of a dataset's runs."""
    dataset = wildcards.dataset
    files = stage_files(dataset, "miou.txt")
    if "train" in configuration.evaluated(DATASETS[dataset]):
        teacher_name = DATASETS[dataset]["teacher"]
        files.append(f"results/{dataset}/{teacher_name}/uncertainty.tsv")
    return files
