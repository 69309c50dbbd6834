"""Masks that people drew, in every form in which tools give them, and where they are laid."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as rle

from urn.corrections import sources
from urn.corrections.apply import corrected, correction_of, trusted
from urn.corrections.reading import write_corrections
from urn.datasets.index import Entry, Index
from urn.errors import UserError
from urn.export.samples import Sample
from urn.files.images import IGNORE, palette, read_mask, write_grey, write_mask
from urn.registry import TOOLS

CLASSES = ("cat", "", "dog")
NAMES = {0: "background", 1: "cat", 3: "dog", IGNORE: "ignored"}
SHAPE = (20, 30)


def drawn(*rectangles):
    """A mask of background and a rectangle of every class in its place."""
    mask = np.zeros(SHAPE, np.uint8)
    for class_id, left in rectangles:
        mask[4:16, left : left + 8] = class_id
    return mask


MASKS = {"a": drawn((1, 2), (3, 12)), "in/é b": drawn((3, 10), (IGNORE, 20))}


@pytest.fixture
def index(tmp_path):
    """Three train images and one of val."""
    entries = []
    for name, split in (("a", "train"), ("in/é b", "train"), ("c", "train"), ("v", "val")):
        image = tmp_path / "photos" / f"{name}.png"
        write_grey(image, np.zeros(SHAPE, np.uint8))
        entries.append(Entry(name, split, image, None, ("cat",)))
    return Index(CLASSES, tuple(entries))


def write_ids(folder, masks):
    for name, mask in masks.items():
        write_mask(folder / f"{name}.png", mask)
    return folder


def write_colours(folder, masks):
    """RGB images and a labelmap, with colours of the tool's own."""
    colours = dict(zip(NAMES, palette(9)[5:9], strict=True))
    lines = [f"{NAMES[i]}:{','.join(map(str, colour))}::" for i, colour in colours.items()]
    folder.mkdir()
    (folder / "labelmap.txt").write_text("\n".join(["# label:color_rgb:parts:actions", *lines]))
    for name, mask in masks.items():
        pixels = np.zeros((*mask.shape, 3), np.uint8)
        for class_id, colour in colours.items():
            pixels[mask == class_id] = colour
        (folder / f"{name}.png").parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / f"{name}.png")
    return folder


def zipped(folder):
    return shutil.make_archive(str(folder), "zip", folder)


def write_cvat(folder, masks):
    """A zip as CVAT exports it: also of objects, which are coloured by their numbers."""
    folder.mkdir()
    masks = {name.replace("/", "__"): mask for name, mask in masks.items()}
    coloured = write_colours(folder / "SegmentationClass", masks)
    (coloured / "labelmap.txt").rename(folder / "labelmap.txt")
    write_ids(folder / "SegmentationObject", {name: np.full(SHAPE, 9, np.uint8) for name in masks})
    return zipped(folder)


def coco(masks, segmentation):
    """Annotations whose categories have numbers of the tool's own."""
    categories = [{"id": 40 + i, "name": name} for i, name in NAMES.items()]
    images = [
        {"id": n, "file_name": f"{name}.JPG", "height": SHAPE[0], "width": SHAPE[1]}
        for n, name in enumerate([*masks, "c"])
    ]
    annotations = [
        {"id": n, "image_id": n, "category_id": 40 + class_id, "area": 96, "iscrowd": 0}
        | {"segmentation": segmentation(mask == class_id)}
        for n, mask in enumerate(masks.values())
        for class_id in np.unique(mask[mask > 0]).tolist()
    ]
    return json.dumps({"categories": categories, "images": images, "annotations": annotations})


def polygon(region):
    rows, columns = np.nonzero(region)
    top, bottom, left, right = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
    return [[*map(float, (left, top, right, top, right, bottom, left, bottom))]]


def compressed(region):
    code = rle.encode(np.asfortranarray(region, np.uint8))
    return code | {"counts": code["counts"].decode()}


def write_coco(segmentation):
    def write(folder, masks):
        folder.mkdir()
        path = folder.with_suffix(".json")
        path.write_text(coco(masks, segmentation))
        return path

    return write


def write_zipped_coco(folder, masks):
    (folder / "annotations").mkdir(parents=True)
    (folder / "annotations" / "instances_default.json").write_text(coco(masks, compressed))
    return zipped(folder)


def write_label_studio(folder, masks):
    """Tasks as Label Studio exports them when what it was handed is accepted as it is."""
    samples, names = [], ["background", *CLASSES, "ignored"]
    for name, mask in masks.items():
        write_mask(folder / f"{name}.png", np.where(mask == IGNORE, len(names) - 1, mask))
        image = folder.parent / "photos" / f"{name}.png"
        samples.append(Sample(name, "train", image, folder / f"{name}.png"))
    path = folder / "label_studio.json"
    TOOLS["label_studio.json"].load()(path, samples, names)
    tasks = json.loads(path.read_text())
    for task in tasks:
        task["annotations"] = task.pop("predictions")
    path.write_text(json.dumps(tasks))
    return path


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(write_ids, id="ids"),
        pytest.param(write_colours, id="colours"),
        pytest.param(write_cvat, id="cvat"),
        pytest.param(write_coco(polygon), id="polygons"),
        pytest.param(write_coco(compressed), id="run lengths"),
        pytest.param(write_zipped_coco, id="zipped coco"),
        pytest.param(write_label_studio, id="label studio"),
    ],
)
def test_a_mask_is_the_same_in_every_form(write, index, tmp_path):
    """What is drawn of val is left out, and so is an image of which nothing is drawn."""
    source = write(tmp_path / "drawn", MASKS | {"v": drawn((1, 2))})
    assert sources.problem(source) is None
    folder = tmp_path / "corrections"
    write_corrections(folder, source, index)
    assert {str(f.relative_to(folder)) for f in folder.rglob("*.png")} == {"a.png", "in/é b.png"}
    for name, mask in MASKS.items():
        np.testing.assert_array_equal(read_mask(correction_of(folder, name)), mask)
    assert correction_of(folder, "c") is None


def test_a_name_in_another_normal_form_is_found(index, tmp_path):
    source = write_ids(tmp_path / "drawn", {"in/e\u0301 b": drawn()})
    write_corrections(tmp_path / "corrections", source, index)
    assert correction_of(tmp_path / "corrections", "in/é b")


def smoothed(folder):
    write_colours(folder, {"a": drawn()})
    with Image.open(folder / "a.png") as image:
        image.putpixel((0, 0), (1, 2, 3))
        image.save(folder / "a.png")


def relabelled(old, new):
    def write(folder):
        write_colours(folder, {"a": drawn((1, 2))})
        text = (folder / "labelmap.txt").read_text()
        (folder / "labelmap.txt").write_text(text.replace(old, new))

    return write


def annotated(**changes):
    def write(folder):
        folder.mkdir()
        content = json.loads(coco({"a": drawn((1, 2))}, polygon))
        content["annotations"][0] |= changes
        (folder / "a.json").write_text(json.dumps(content))

    return write


def brushed(**changes):
    def write(folder):
        path = write_label_studio(folder, {"a": drawn((1, 2))})
        (folder / "a.png").unlink()
        tasks = json.loads(path.read_text())
        tasks[0]["annotations"][0]["result"][0]["value"] |= changes
        path.write_text(json.dumps(tasks))

    return write


@pytest.mark.parametrize(
    ("write", "sentence"),
    [
        (lambda f: write_ids(f, {"x": drawn()}), r"x\.png is of no image .*, such as a"),
        (lambda f: write_ids(f, {"a": drawn((4, 0))}), r"a\.png has ids 4 beyond the 3 classes"),
        (
            lambda f: write_ids(f, {"a": drawn()[:5]}),
            r"a\.png is 30 pixels wide and 5 high but its image 30 pixels wide and 20 high",
        ),
        (smoothed, r"a\.png has the colour 1,2,3, which is not in its labelmap\.txt: add it"),
        (relabelled("cat:", "lion:"), r"a\.png shows 'lion', which is no class: rename the label"),
        (
            relabelled("cat:", "cat,"),
            r"labelmap\.txt, line 3: 'cat,.*' is not of the form name:red,green,blue::",
        ),
        (annotated(category_id=7), r"a\.json, annotation 0 of a: category_id 7 is no class"),
        (annotated(image_id=7), r"a\.json is no file of COCO's annotations \(KeyError: 7\)"),
        (annotated(segmentation=[[1, 2]]), r"a\.json, annotation 0 of a: a polygon has not three"),
        (brushed(brushlabels=["lion"]), r"\.json, image .*a\.png, shows 'lion', which is no class"),
        (
            brushed(rle=[0]),
            r"a\.png, has a region that is not the brush's .*: draw it",
        ),
    ],
)
@pytest.mark.parametrize("pack", [lambda folder: folder, zipped], ids=["folder", "zip"])
def test_what_cannot_be_used_is_told_by_its_name(pack, write, sentence, index, tmp_path):
    write(tmp_path / "drawn")
    source = pack(tmp_path / "drawn")
    with pytest.raises(UserError, match=sentence) as told:
        write_corrections(tmp_path / "corrections", source, index)
    assert f"{source}/" in str(told.value)


def test_faults_are_told_together(index, tmp_path):
    source = write_ids(tmp_path / "drawn", {"x": drawn(), "a": drawn((4, 0))})
    with pytest.raises(UserError, match="drawn has 2 faults to mend"):
        write_corrections(tmp_path / "corrections", source, index)


def test_a_correction_overrides_with_full_weight_where_it_says_something():
    correction = np.uint8([[0, 3, IGNORE]])
    np.testing.assert_array_equal(corrected(np.uint8([[1, IGNORE, 1]]), correction), [[0, 3, 1]])
    np.testing.assert_array_equal(trusted(np.uint8([[7, 8, 9]]), correction), [[255, 255, 9]])


def test_sources(tmp_path):
    write_ids(tmp_path / "drawn", {"a": drawn()})
    for name in (".hidden.png", "notes.md", ".cache/b.png"):
        (tmp_path / "drawn" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "drawn" / name).touch()
    assert sources.source_files(tmp_path / "drawn") == [str(tmp_path / "drawn" / "a.png")]
    assert "which is not there" in sources.problem(tmp_path / "dran")
    assert "give a folder" in sources.problem(tmp_path / "drawn" / "notes.md")
