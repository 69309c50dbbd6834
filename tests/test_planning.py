"""What a plan rests on is there, or told with the key that names it."""

import os
import re
import subprocess

import pytest
import yaml
from test_workflow import REPOSITORY, snakemake

from rules.hooks import unknown_targets
from rules.plan import configuration, layouts, people, planning, timm_names
from rules.plan.layouts import folder as folder_layout
from urn.errors import UserError

BASE = yaml.safe_load((REPOSITORY / "config.yaml").read_text())
MINE = {
    "layout": "folder",
    "images": "photos",
    "train": "tags.csv",
    "classes": ["cat", "dog"],
    "teacher": "resnet18",
    "runs": {"resnet18": ["urn"]},
}
VOC = {**MINE, "layout": "voc", "root": "data", "train": "train.txt", "val": "val.txt"}
COCO = {**VOC, "layout": "coco", "train": "train2014", "val": "val2014"}
for entry in (VOC, COCO):
    del entry["images"], entry["classes"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder_layout.table.cache_clear()
    (tmp_path / "photos").mkdir()
    (tmp_path / "tags.csv").write_text("image,tags,split\na.jpg,cat,train\nb.jpg,dog,val\n")
    return tmp_path


def check(dataset, words=(), **changes):
    datasets = {**BASE["datasets"], "mine": dataset}
    planning.check({**BASE, "dataset": "mine", "datasets": datasets, **changes}, words)


def told(dataset, **changes):
    with pytest.raises(UserError) as error:
        check(dataset, **changes)
    return str(error.value)


def test_what_is_there_is_fine():
    check(MINE)
    check(COCO | {"download": True})
    check(MINE | {"images": "absent"}, words=["results/shapes/index.csv"])


@pytest.mark.parametrize(
    ("dataset", "parts"),
    [
        (MINE | {"images": "absent"}, ["no folder absent", "correct datasets.mine.images"]),
        (MINE | {"images": "https://a.b/c"}, ["datasets.mine.images", "fetch it into a folder"]),
        (MINE | {"images": "tags.csv"}, ["no folder tags.csv", "datasets.mine.images"]),
        (MINE | {"masks": "absent"}, ["no folder absent", "correct datasets.mine.masks"]),
        (MINE | {"train": "absent.csv"}, ["no table absent.csv", "correct datasets.mine.train"]),
        (VOC, ["no folder data", "data/train.txt", "correct datasets.mine.root"]),
        (VOC | {"root": "."}, ["no list train.txt", "datasets.mine.val", "folder JPEGImages"]),
        (COCO, ["data/annotations/instances_train2014.json", "datasets.mine.root"]),
        (
            MINE | {"pseudo_masks": {"refiner": "own", "folder": "absent"}},
            ["no folder absent", "correct datasets.mine.pseudo_masks.folder"],
        ),
        (MINE | {"masks": "photos"}, ["no val image has a mask", "datasets.mine.masks"]),
        (MINE | {"evaluate": ["val"]}, ["no val image has a mask", "datasets.mine.evaluate"]),
        (MINE | {"evaluate": ["train"], "masks": "photos"}, ["no train image has a mask"]),
    ],
)
def test_what_is_not_there_is_told_with_its_key(dataset, parts):
    message = told(dataset)
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("key", "rows", "sentence"),
    [
        ("corrections", None, "datasets.mine.corrections is said, which is not there: correct"),
        (
            "corrections",
            ["a,x"],
            "datasets.mine.corrections is said: give a folder of PNGs, a",
        ),
        ("review", None, "there is no table said .*: correct datasets.mine.review"),
        ("review", ["x,reject"], "said, line 2: image 'x' is not in the dataset: drop the line"),
        ("review", ["a,no"], "line 2: verdict 'no': write accept or reject or needs work"),
        ("review", ["b,accept", "a,reject"], "said rejects every train image: accept some"),
    ],
)
def test_what_people_say_must_be_there_and_make_sense(folder, key, rows, sentence):
    if rows:
        (folder / "said").write_text("\n".join(["image,verdict", *rows]))
    assert re.search(sentence, told(MINE | {key: "said"}))


def test_train_images_are_rejected_in_the_order_of_the_dataset(folder):
    (folder / "tags.csv").write_text(
        "image,tags,split\nc.jpg,cat,train\na.jpg,cat,train\nd.jpg,cat,train\nb.jpg,dog,val\n"
    )
    (folder / "review.csv").write_text("image,verdict\na,reject\nb,reject\nc,reject\nd,accept\n")
    check(MINE | {"review": "review.csv"})
    assert people.rejected(layouts.of(MINE | {"review": "review.csv"})) == ["c", "a"]
    assert people.rejected(layouts.of(MINE)) == []


def test_masks_without_val_images_are_told(folder):
    (folder / "tags.csv").write_text("image,tags\na.jpg,cat\n")
    assert "there is no val image to score" in told(MINE | {"masks": "photos"})


def test_a_mask_named_in_the_table_is_one_to_score_against(folder):
    (folder / "tags.csv").write_text("image,tags,split,mask\na.jpg,cat,,\nb.jpg,,val,m/b.png\n")
    check(MINE | {"evaluate": ["val"]})


def test_published_files_named_by_path_must_be_there():
    weights = {"resnet101": {**BASE["pretrained"]["resnet101"], "path": "absent.pth"}}
    assert "pretrained.resnet101.path is 'absent.pth': there is no" in told(
        MINE, pretrained=weights
    )


def test_results_are_a_folder_and_an_index_is_none(folder):
    (folder / "results").write_text("")
    assert "results is a file" in told(MINE)
    (folder / "results").unlink()
    (folder / "results" / "mine" / "index.csv").mkdir(parents=True)
    assert "results/mine/index.csv is a folder" in told(MINE)


@pytest.fixture
def read_only_results(folder):
    results = folder / "results"
    results.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "ro", "none", str(results)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("needs the right to mount a disk")
    yield results
    subprocess.run(["umount", str(results)], check=True)


def test_read_only_results_are_told_before_any_job(folder, read_only_results):
    target = "results/tiny/index.csv"
    code, output = snakemake(folder, "--", target, check=False, hooks=True)
    assert code != 0 and "results cannot be written to" in output
    assert "Job 1" not in output
    snakemake(folder, "--dry-run", "--", target)


def test_all_that_only_a_person_can_fetch_is_told_before_anything_runs(folder):
    """Of what is asked for, in a dry run too; a copy of one's own or no weights mend it."""
    tiny = yaml.safe_load((REPOSITORY / "tests" / "tiny.yaml").read_text())
    tiny["datasets"]["tiny"] |= {"affinity": {"backbone": "scalenet101"}}
    tiny["datasets"]["tiny"]["classification"]["backbone"] = "resnet18"
    weights = {"name": "w.pth", "format": "torch", "urls": []}
    tiny["pretrained"] = {"resnet18": {**weights, "page": "https://a.page"}}
    file = folder / "tiny.yaml"

    def answer(target):
        file.write_text(yaml.safe_dump(tiny))
        code, output = snakemake(folder, "--dry-run", target, configuration=file, check=False)
        return output if code else ""

    told = answer("results/tiny/pseudo_masks/affinity/shapes_train_0001.png")
    assert "what must be fetched by hand has 2 faults" in told and "Job stats" not in told
    assert (
        "w.pth, the ImageNet weights of resnet18, asked for by datasets.tiny.classification, has "
        "no address: fetch it from https://a.page by hand and put it at data/downloads/w.pth, or "
        "name your copy as pretrained.resnet18.path; or start there from another backbone, or "
        "with `pretrained: none`"
    ) in told
    assert "scalenet101.pth" in told and "datasets.tiny.affinity" in told
    assert "scalenet101.pth" not in answer("results/tiny/cam/classifier.pth")
    (folder / "data" / "downloads").mkdir(parents=True)
    (folder / "data" / "downloads" / "w.pth").touch()
    assert not answer("results/tiny/cam/classifier.pth")
    tiny["datasets"]["tiny"]["affinity"]["pretrained"] = "none"
    assert not answer("results/tiny/pseudo_masks/affinity/shapes_train_0001.png")


def test_timm_has_the_models_that_are_named():
    names = ["timm:resnet18", "timm:tv_resnet50", "timm:vit_tiny_patch16_224.augreg_in21k_ft_in1k"]
    assert not list(
        timm_names.faults({"datasets": {"a": {"runs": {name: ["urn"] for name in names}}}})
    )
    config = {"classification": {"backbone": "timm:resnet5000"}}
    (sentence,) = timm_names.faults(config)
    assert "classification.backbone is 'timm:resnet5000'" in sentence
    assert "did you mean timm:resnet" in sentence


@pytest.mark.parametrize(
    ("target", "parts"),
    [
        (
            "results/mine/index.csv",
            ["no dataset 'mine'", "shapes, voc", "--configfile mine.yaml --"],
        ),
        ("results/shape/index.csv", ["did you mean 'shapes'?"]),
        ("results/shapes", ["ask for a file in results/shapes/", "<backbone>/miou.txt"]),
        ("results/shapes/resnett18/urn/miou.txt", ["'resnet18' for 'resnett18'?"]),
        ("results/shapes/resnet18/urm/miou.txt", ["did you mean 'urn' for 'urm'?"]),
        ("results/shapes/resnet18/urn/model.pt", ["'model.pth' for 'model.pt'?"]),
        ("results", ["no dataset ''"]),
        ("prepare_vco", ["did you mean prepare_voc?", "ask for files in results/"]),
    ],
)
def test_a_target_that_nothing_makes_is_answered_with_what_can_be_made(target, parts):
    rows = configuration.supervisions(BASE)
    sentence = unknown_targets.sentence(target, ["shapes", "voc"], rows, ["all", "prepare_voc"])
    assert f"nothing makes {target}" in sentence
    for part in parts:
        assert part in sentence


def test_snakemake_answers_a_misspelt_target_so(folder):
    code, output = snakemake(folder, "--dry-run", "--", "results/tiny", check=False)
    assert code != 0 and "nothing makes results/tiny: ask for a file in results/tiny/" in output
    assert "MissingRuleException" not in output
