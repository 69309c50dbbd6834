"""Masks in other trainers' formats, read back by the packages that own them where there are any."""

import json
import os
import shutil
from dataclasses import replace

import numpy as np
import pytest
import yaml
from PIL import ExifTags, Image
from pycocotools.coco import COCO
from torchvision.datasets import VOCSegmentation

from urn.corrections.reading import write_corrections
from urn.datasets.index import Entry, Index
from urn.errors import UserError
from urn.export.samples import Sample, check_names, new_folder, place_image
from urn.files.brush import decode_brush
from urn.files.images import (
    IGNORE,
    image_size,
    palette,
    read_image,
    read_mask,
    write_grey,
    write_mask,
)
from urn.registry import EXPORTS, TOOLS

CLASSES = ["background", "cat", "", "dog"]
T = 0.05


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """Of train a JPEG, one that EXIF rotates, a transparent PNG in a subfolder; of val a JPEG."""
    root = tmp_path_factory.mktemp("samples")
    rng = np.random.default_rng(0)
    found = []
    for number, (name, split) in enumerate(
        [("plain", "train"), ("turned", "train"), ("in/deep", "train"), ("seen", "val")]
    ):
        pixels = np.repeat(np.repeat(rng.integers(0, 256, (5, 8, 3), np.uint8), 6, 0), 6, 1)
        picture, exif = Image.fromarray(pixels), Image.Exif()
        if name == "turned":
            exif[ExifTags.Base.Orientation] = 6
        if name == "in/deep":
            picture.putalpha(128)
        image = root / f"{number}{'.png' if name == 'in/deep' else '.jpg'}"
        picture.save(image, exif=exif)
        shape = read_image(image).shape[:2]
        mask = rng.choice(np.uint8([0, 1, 3]), shape)
        weight = rng.choice(np.uint8([0, 12, 13, 255]), shape)  # 12 is at most T, 13 above it
        if split == "val":
            mask[:5] = IGNORE
        write_mask(root / f"{number}_mask.png", mask)
        write_grey(root / f"{number}_weight.png", weight)
        weights = None if split == "val" else root / f"{number}_weight.png"
        found.append(Sample(name, split, image, root / f"{number}_mask.png", weights))
    return found


@pytest.fixture(scope="module")
def exported(samples, tmp_path_factory):
    """A folder with every kind of export."""
    root = tmp_path_factory.mktemp("exports")
    for kind, place in EXPORTS.items():
        (root / kind).mkdir()
        place.load()(root / kind, samples, CLASSES, "my pets", T)
    return root


def expected(sample):
    """The mask without its uncertain pixels."""
    mask = read_mask(sample.mask)
    if sample.weight is None:
        return mask
    return np.where(read_mask(sample.weight) <= 12, IGNORE, mask)


def test_uncertain_pixels_are_ignored(samples):
    train, val = samples[0], samples[-1]
    np.testing.assert_array_equal(train.labels(T), expected(train))
    np.testing.assert_array_equal(train.labels(1), read_mask(train.mask))
    np.testing.assert_array_equal(val.labels(T), read_mask(val.mask))
    assert (train.labels(T) == IGNORE).any()


def test_torchvision_reads_voc(samples, exported, tmp_path):
    shutil.copytree(exported / "voc", tmp_path / "VOCdevkit" / "VOC2012")
    for split in ("train", "val"):
        chosen = [sample for sample in samples if sample.split == split]
        read = VOCSegmentation(tmp_path, "2012", split)
        assert len(read) == len(chosen)
        for (image, mask), sample in zip(read, chosen, strict=True):
            assert image.size == mask.size
            np.testing.assert_array_equal(np.array(mask), expected(sample))
    lines = (exported / "voc" / "labelmap.txt").read_text().splitlines()
    assert lines[2] == f"cat:{','.join(map(str, palette()[1]))}::"
    assert [line.partition(":")[0] for line in lines[1:]] == [
        *("background", "cat", "unused_2", "dog", "ignored")
    ]


def test_pycocotools_reads_coco(samples, exported):
    for split in ("train", "val"):
        read = COCO(exported / "coco" / "annotations" / f"instances_{split}.json")
        assert [row["name"] for row in read.loadCats(read.getCatIds())] == ["cat", "dog"]
        chosen = [sample for sample in samples if sample.split == split]
        for row, sample in zip(read.loadImgs(read.getImgIds()), chosen, strict=True):
            image = read_image(exported / "coco" / "images" / split / row["file_name"])
            assert image.shape[:2] == (row["height"], row["width"])
            mask = np.zeros(image.shape[:2], np.uint8)
            for annotation in read.loadAnns(read.getAnnIds(row["id"])):
                part = read.annToMask(annotation)
                assert part.sum() == annotation["area"]
                mask[part > 0] = annotation["category_id"]
            truth = read_mask(sample.mask)
            np.testing.assert_array_equal(mask, np.where(truth == IGNORE, 0, truth))


def test_nnunet_has_its_documented_form(samples, exported):
    (root,) = (exported / "nnunet").iterdir()
    assert root.name == "Dataset001_mypets"
    described = json.loads((root / "dataset.json").read_text())
    assert described["numTraining"] == len(samples)
    assert list(described["labels"].values()) == list(range(len(CLASSES) + 1))  # without gaps
    ignore = described["labels"]["ignore"]
    (fold,) = json.loads((root / "splits_final.json").read_text())
    assert fold == {"train": ["plain", "turned", "in__deep"], "val": ["seen"]}
    for sample in samples:
        label = read_mask(root / "labelsTr" / f"{sample.name}.png")
        with Image.open(root / "imagesTr" / f"{sample.name}_0000.png") as image:
            assert (image.mode, image.size[::-1]) == ("RGB", label.shape)
            np.testing.assert_array_equal(np.array(image), read_image(sample.image))
        mask = expected(sample)
        np.testing.assert_array_equal(label, np.where(mask == IGNORE, ignore, mask))


def test_nnunet_tells_a_class_named_ignore_from_ignored_pixels(samples, tmp_path):
    EXPORTS["nnunet"].load()(tmp_path, samples[:1], ["background", "ignore"], "pets", T)
    labels = json.loads((tmp_path / "Dataset001_pets" / "dataset.json").read_text())["labels"]
    assert labels == {"background": 0, "ignore (class)": 1, "ignore": 2}


def test_yolo_has_its_documented_form(samples, exported):
    described = yaml.safe_load((exported / "yolo" / "data.yaml").read_text())
    assert described["names"] == {0: "background", 1: "cat", 2: "unused_2", 3: "dog"}
    for sample in samples:
        images = exported / "yolo" / described[sample.split]
        (image,) = images.glob(f"{sample.name}.*")
        mask = str(image.with_suffix(".png")).replace("images", described["masks_dir"])
        np.testing.assert_array_equal(read_mask(mask), expected(sample))
        assert read_image(image).shape[:2] == read_mask(mask).shape


def test_cvat_gets_masks_with_an_object_of_every_class(samples, tmp_path):
    train = samples[:3]
    TOOLS["cvat.zip"].load()(tmp_path / "cvat.zip", train, CLASSES)
    shutil.unpack_archive(tmp_path / "cvat.zip", tmp_path / "cvat")
    names = (tmp_path / "cvat" / "ImageSets" / "Segmentation" / "default.txt").read_text()
    assert names.split() == ["plain", "turned", "in__deep"]
    assert (tmp_path / "cvat" / "labelmap.txt").read_text().splitlines()[2] == "cat:128,0,0::"
    for sample in train:
        for folder in ("SegmentationClass", "SegmentationObject"):
            mask = read_mask(tmp_path / "cvat" / folder / f"{sample.name}.png")
            np.testing.assert_array_equal(mask, read_mask(sample.mask))
        assert image_size(tmp_path / "cvat" / "JPEGImages" / f"{sample.name}.jpg") == mask.shape


def test_what_cvat_gives_back_is_a_correction(samples, tmp_path):
    train = samples[:3]
    TOOLS["cvat.zip"].load()(tmp_path / "cvat.zip", train, CLASSES)
    entries = tuple(Entry(sample.id, "train", sample.image, None, ("cat",)) for sample in train)
    index = Index(tuple(CLASSES[1:]), entries)
    write_corrections(tmp_path / "read", tmp_path / "cvat.zip", index)
    for sample in train:
        read = read_mask(tmp_path / "read" / f"{sample.id}.png")
        np.testing.assert_array_equal(read, read_mask(sample.mask))


def test_label_studio_has_its_documented_form(samples, tmp_path):
    deep = samples[2]
    TOOLS["label_studio.json"].load()(tmp_path / "tasks.json", [deep], CLASSES)
    (task,) = json.loads((tmp_path / "tasks.json").read_text())
    assert task["data"] == {"image": f"/data/local-files/?d={str(deep.image).lstrip('/')}"}
    (prediction,) = task["predictions"]
    mask = read_mask(deep.mask)
    for region, class_id in zip(prediction["result"], (1, 3), strict=True):
        assert (region["original_height"], region["original_width"]) == mask.shape
        assert (region["type"], region["from_name"], region["to_name"]) == (
            "brushlabels",
            "label",
            "image",
        )
        assert region["value"]["brushlabels"] == [CLASSES[class_id]]
        inside = decode_brush(region["value"]["rle"], mask.shape)
        np.testing.assert_array_equal(inside, mask == class_id)


def test_a_correction_overrides_a_mask_and_its_uncertainty(samples, tmp_path):
    train = samples[0]
    drawn = np.full(read_mask(train.mask).shape, IGNORE, np.uint8)
    drawn[:10] = 3
    write_mask(tmp_path / "drawn.png", drawn)
    labels = replace(train, correction=tmp_path / "drawn.png").labels(T)
    assert (labels[:10] == 3).all()
    np.testing.assert_array_equal(labels[10:], train.labels(T)[10:])


def test_nothing_leads_out_of_the_folders(exported):
    assert not [path for path in exported.rglob("*") if path.is_symlink()]


@pytest.mark.parametrize(("number", "linked"), [(0, True), (1, False)], ids=["plain", "turned"])
def test_an_image_that_others_read_alike_is_linked(samples, tmp_path, number, linked):
    source = samples[number].image
    link = tmp_path / "link.jpg"
    link.symlink_to(source)
    placed = place_image(link, tmp_path / "new" / "image", ["JPEG", "PNG"])
    assert os.path.samefile(placed, source) == linked and not placed.is_symlink()
    with Image.open(placed) as image:  # without looking at EXIF, as many do
        np.testing.assert_array_equal(np.array(image), read_image(source))


def test_an_image_that_a_trainer_may_mend_is_copied(samples, tmp_path):
    """Ultralytics does so in place where bytes follow a JPEG's end, as cameras leave them."""
    source = tmp_path / "camera.jpg"
    source.write_bytes(samples[0].image.read_bytes() + b"more")
    placed = place_image(source, tmp_path / "new" / "image", ["JPEG"])
    assert placed.read_bytes() == source.read_bytes()
    assert not os.path.samefile(placed, source)


def test_names_must_differ(samples):
    deep = samples[2]
    alike = [deep, Sample("in__deep", "val", deep.image, deep.mask)]
    with pytest.raises(UserError, match="images 'in/deep' and 'in__deep' would both be named"):
        check_names(alike)


def test_a_failed_export_leaves_the_earlier_one(tmp_path):
    (tmp_path / "voc").mkdir()
    (tmp_path / "voc" / "old").touch()
    with pytest.raises(UserError), new_folder(tmp_path / "voc") as folder:
        place_image(tmp_path / "missing.jpg", folder / "new", ["JPEG"])
    assert [path.name for path in tmp_path.rglob("*")] == ["voc", "old"]
    with new_folder(tmp_path / "voc") as folder:
        (folder / "new").touch()
    assert [path.name for path in tmp_path.rglob("*")] == ["voc", "new"]
