"""COCO's layout: objects to masks and tags, and the whole workflow on a few photographs."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
import yaml
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from test_workflow import REPOSITORY, snakemake

from urn.datasets.coco import COCO_CLASSES, coco_list, coco_records
from urn.datasets.ids import voc_ids
from urn.datasets.index import read_index
from urn.datasets.instances import (
    Annotated,
    read_instances,
    semantic_mask,
    write_semantic_masks,
    write_tag_list,
)
from urn.datasets.validation import validate
from urn.errors import UserError
from urn.files.images import read_mask

UNUSED = [12, 26, 29, 30, 45, 66, 68, 69, 71, 83]


@pytest.fixture(scope="module")
def mini(shared_data):
    return shared_data / "coco14-mini"


def annotations(root, split):
    return root / "annotations" / f"instances_{split}2014.json"


def polygon(x, y, width, height):
    return [x, y, x + width, y, x + width, y + height, x, y + height]


def drawn(*objects, size=(10, 12)):
    entries = [
        {"category_id": class_id, "area": area, "segmentation": segmentation}
        for class_id, area, segmentation in objects
    ]
    return semantic_mask(Annotated("a", size, entries))


def test_class_ids_are_the_official_ones():
    assert len(COCO_CLASSES) == 90
    assert [i for i, name in enumerate(COCO_CLASSES, start=1) if not name] == UNUSED
    assert len(set(COCO_CLASSES)) == 81
    assert (COCO_CLASSES[0], COCO_CLASSES[89]) == ("person", "toothbrush")


@pytest.mark.parametrize("order", [1, -1])
def test_the_smaller_object_is_on_top(order):
    objects = [(3, 72, [polygon(0, 0, 12, 6)]), (90, 8, [polygon(2, 2, 4, 2), polygon(8, 2, 1, 1)])]
    mask = drawn(*objects[::order])
    expected = np.zeros((10, 12), np.uint8)
    expected[:6] = 3
    expected[2:4, 2:6] = expected[2, 8] = 90
    np.testing.assert_array_equal(mask, expected)


@pytest.mark.parametrize("compressed", [True, False])
def test_a_crowd_is_of_its_class_and_below_what_is_smaller(compressed):
    region = np.zeros((10, 12), np.uint8, order="F")
    region[1:9, 3:9] = 1
    crowd = {"size": [10, 12], "counts": [31, *[8, 2] * 5, 8, 31]}  # column by column
    if compressed:
        crowd = json.loads(json.dumps(coco_mask.encode(region), default=bytes.decode))
    mask = drawn((1, 48, crowd), (44, 4, [polygon(4, 4, 2, 2)]))
    expected = region.copy()
    expected[4:6, 4:6] = 44
    np.testing.assert_array_equal(mask, expected)


def write_json(path, **changes):
    categories = [{"id": i, "name": name} for i, name in enumerate(COCO_CLASSES, 1) if name]
    content = {
        "categories": categories,
        "images": [
            {"id": number, "file_name": f"COCO_{number}.jpg", "height": 8, "width": 8}
            for number in (30, 4, 5)
        ],
        "annotations": [
            {
                "image_id": image,
                "category_id": class_id,
                "iscrowd": crowd,
                "area": 4,
                "segmentation": [polygon(1, 1, 2, 2)],
            }
            for image, class_id, crowd in ((30, 90, 0), (30, 2, 1), (30, 90, 0), (4, 1, 1))
        ],
    }
    path.write_text(json.dumps(content | changes))
    return path


def test_images_without_objects_are_dropped_and_crowds_are_tags(tmp_path):
    images = read_instances(write_json(tmp_path / "a.json"), COCO_CLASSES)
    write_tag_list(tmp_path / "list.txt", images)
    assert (tmp_path / "list.txt").read_text() == "COCO_4 1\nCOCO_30 2 90\n"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"categories": [{"id": 1, "name": "person"}]}, "has other classes than COCO 2014"),
        ({"images": []}, "annotation without id: image 30 is not among the images"),
        ({"images": {"id": 3}}, "image 'id': no number as its id"),
        ({"annotations": 7}, "is no file of instance annotations"),
        ({"annotations": []}, "has no image with an object"),
    ],
)
def test_other_files_are_the_users_to_mend(tmp_path, changes, message):
    with pytest.raises(UserError, match=message):
        read_instances(write_json(tmp_path / "a.json", **changes), COCO_CLASSES)


GOOD = {"id": 7, "image_id": 4, "category_id": 1, "area": 4, "segmentation": [polygon(1, 1, 2, 2)]}


def counted(*counts):
    return {"size": [8, 8], "counts": list(counts)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"area": None}, "area None is no number of pixels"),
        ({"area": float("nan")}, "area nan is no number"),
        ({"area": -1}, "area -1 is no number"),
        ({"category_id": None}, "category_id None is no class"),
        ({"category_id": 12}, "category_id 12 is no class"),
        ({"image_id": 99}, "image 99 is not among the images"),
        ({"image_id": [4]}, r"image \[4\] is not among"),
        ({"segmentation": None}, "segmentation is neither polygons nor counts"),
        ({"segmentation": []}, "segmentation is empty"),
        ({"segmentation": [[1, 1, 2, 2]]}, "has not three points"),
        ({"segmentation": [[1, 1, 2, 2, 3]]}, "has not three points"),
        ({"segmentation": [[1, 1, 2, float("nan"), 3, 3]]}, "a polygon leaves its image"),
        ({"segmentation": [[1, 1, 2, 1e9, 3, 3]]}, "a polygon leaves its image"),
        ({"segmentation": [[1, 1, 2, "2", 3, 3]]}, "a polygon leaves its image"),
        ({"segmentation": counted(30, 4)}, "counts that make up its image"),
        ({"segmentation": counted(-6, 70)}, "counts that make up its image"),
        ({"segmentation": {"size": [4, 4], "counts": [16]}}, "counts that make up its image"),
        ({"segmentation": {"size": [8, 8], "counts": "N4"}}, "counts that make up its image"),
        ({"segmentation": {"size": [8, 8], "counts": "\n~"}}, "counts that make up its image"),
    ],
)
def test_an_unusable_object_is_named(tmp_path, change, message):
    path = write_json(tmp_path / "a.json", annotations=[GOOD, {**GOOD, "id": 8, **change}])
    with pytest.raises(UserError, match=rf"a\.json, annotation 8: .*{message}.*: mend the file"):
        read_instances(path, COCO_CLASSES)


@pytest.mark.parametrize("name", ["a b.jpg", "sub/a.jpg", "a{b}.jpg", ".jpg", "a.png", "", None])
def test_a_file_name_that_a_list_cannot_hold_is_named(tmp_path, name):
    image = {"id": 4, "file_name": name, "height": 8, "width": 8}
    path = write_json(tmp_path / "a.json", images=[image], annotations=[GOOD])
    with pytest.raises(
        UserError, match=r"a\.json, image 4: file name .* (there too|fetch it again)"
    ):
        read_instances(path, COCO_CLASSES)


@pytest.mark.parametrize(
    "size", [(8, 0), (8, 10**9), (65_000, 65_000), (8, 8.5), (8, "8"), (8, None)]
)
def test_an_image_without_a_size_is_named(tmp_path, size):
    image = {"id": 4, "file_name": "a.jpg", "height": size[0], "width": size[1]}
    path = write_json(tmp_path / "a.json", images=[image], annotations=[GOOD])
    with pytest.raises(UserError, match=r"a\.json, image 4: height .* and width .* are no size"):
        read_instances(path, COCO_CLASSES)


@pytest.mark.parametrize("other", [{"id": 4}, {"file_name": "a.jpg"}])
def test_images_with_one_id_or_one_file_are_named(tmp_path, other):
    image = {"id": 4, "file_name": "a.jpg", "height": 8, "width": 8}
    images = [image, {**image, "id": 5, "file_name": "b.jpg", **other}]
    path = write_json(tmp_path / "a.json", images=images, annotations=[GOOD])
    with pytest.raises(UserError, match=r"image [45]: its id or file name is another's"):
        read_instances(path, COCO_CLASSES)


def test_any_run_lengths_of_pycocotools_are_taken(tmp_path):
    rng = np.random.default_rng(0)
    for number in range(20):
        region = (rng.random((8, 8)) < number / 20).astype(np.uint8, order="F")
        shape = json.loads(json.dumps(coco_mask.encode(region), default=bytes.decode))
        path = write_json(tmp_path / "a.json", annotations=[{**GOOD, "segmentation": shape}])
        (image,) = read_instances(path, COCO_CLASSES)
        np.testing.assert_array_equal(semantic_mask(image), region)


def test_lists_are_not_written_until_all_annotations_are_sound(tmp_path):
    """A list of no use would stand in the way of the rule that makes it."""
    root, file = tmp_path / "data" / "mini", configuration(tmp_path)
    annotations(root, "train").parent.mkdir(parents=True)
    write_json(annotations(root, "train"), annotations=[GOOD])
    write_json(annotations(root, "val"), annotations=[])
    code, output = snakemake(tmp_path, "prepare_mini", configuration=file, check=False)
    assert code != 0 and "instances_val2014.json has no image with an object" in output
    assert not list((root / "lists").glob("*"))
    write_json(annotations(root, "val"), annotations=[GOOD])
    snakemake(tmp_path, "prepare_mini", configuration=file)
    assert voc_ids(coco_list(root, "val2014")) == ["COCO_4"]


def test_a_copy_with_annotations_of_its_own_is_not_taken_for_the_official_one(tmp_path):
    """Official images need no list to be planned; others are told before any mask is made."""
    root, file = tmp_path / "data" / "mini", configuration(tmp_path, download=True)
    annotations(root, "train").parent.mkdir(parents=True)
    for split in ("train", "val"):
        write_json(annotations(root, split))
    command = ("results/mini/index.csv", "--allowed-rules", "masks_mini", "index")
    code, output = snakemake(tmp_path, *command, configuration=file, check=False)
    assert code != 0 and "first run" not in output
    assert re.search(r"instances_train2014\.json is not the list .*82 081 ids missing", output)
    assert "or set download: false" in output
    assert not list(root.rglob("*.png")) and not list(root.rglob("*.txt"))[1:]


def test_damaged_and_absent_files_are_the_users_to_mend(tmp_path):
    with pytest.raises(UserError, match=r"absent\.json cannot be read"):
        read_instances(tmp_path / "absent.json", COCO_CLASSES)
    (tmp_path / "cut.json").write_text('{"images": [')
    with pytest.raises(UserError, match=r"cut\.json is no file of instance annotations"):
        read_instances(tmp_path / "cut.json", COCO_CLASSES)


@pytest.mark.parametrize("split", ["train", "val"])
def test_sample_has_the_ids_and_tags_of_the_official_files(mini, split, tmp_path):
    images = read_instances(annotations(mini, split), COCO_CLASSES)
    official = mini.parents[1] / "facts" / f"coco14_{split}.txt"
    assert {image.id for image in images} <= set(voc_ids(official))
    write_tag_list(tmp_path / "list.txt", images)
    listed = voc_ids(tmp_path / "list.txt")
    assert listed == sorted(path.stem for path in (mini / f"{split}2014").glob("*.jpg"))
    reference = COCO(annotations(mini, split))
    for image in images[:20]:
        number = int(image.id.split("_")[-1])
        objects = reference.loadAnns(reference.getAnnIds(imgIds=number))
        assert image.class_ids == sorted({item["category_id"] for item in objects})


def test_masks_of_the_sample_are_those_of_its_objects(mini, tmp_path):
    images = read_instances(annotations(mini, "train"), COCO_CLASSES)[:12]
    write_semantic_masks(images, tmp_path, processes=2)
    reference = COCO(annotations(mini, "train"))
    for image in images:
        number = int(image.id.split("_")[-1])
        objects = reference.loadAnns(reference.getAnnIds(imgIds=number))
        smallest = np.full(image.size, np.inf)
        expected = np.zeros(image.size, np.uint8)
        for item in objects:
            won = (reference.annToMask(item) == 1) & (item["area"] < smallest)
            expected[won], smallest[won] = item["category_id"], item["area"]
        np.testing.assert_array_equal(read_mask(tmp_path / f"{image.id}.png"), expected)


def small_copy(mini, root, train=6, val=2):
    """The first images of the sample, the last train image without its objects."""
    for split, count in (("train", train), ("val", val)):
        content = json.loads(annotations(mini, split).read_text())
        content["images"] = sorted(content["images"], key=lambda item: item["id"])[:count]
        kept = {item["id"]: item["file_name"] for item in content["images"]}
        content["annotations"] = [a for a in content["annotations"] if a["image_id"] in kept]
        if split == "train":
            without = content["images"][-1]["id"]
            content["annotations"] = [a for a in content["annotations"] if a["image_id"] != without]
        annotations(root, split).parent.mkdir(parents=True, exist_ok=True)
        annotations(root, split).write_text(json.dumps(content))
        (root / f"{split}2014").mkdir()
        for name in kept.values():
            shutil.copy(mini / f"{split}2014" / name, root / f"{split}2014")


def configuration(directory, **changes):
    tiny = yaml.safe_load((REPOSITORY / "tests" / "tiny.yaml").read_text())["datasets"]["tiny"]
    tiny |= {
        "layout": "coco",
        "root": "data/mini",
        "train": "train2014",
        "val": "val2014",
        "runs": {"efficientnet_lite0": ["urn"]},
        "uncertainty": {"scales": [0.5, 2]},
    }
    tiny |= changes
    # Hardly trained, 91 classes are all alike; few of them make it through.
    tiny["responses"] |= {"minimum": 0.02}
    file = directory / "mini.yaml"
    file.write_text(yaml.safe_dump({"dataset": "mini", "datasets": {"mini": tiny}}))
    return file


@pytest.mark.slow
def test_from_annotations_to_the_final_score(mini, tmp_path):
    root = tmp_path / "data" / "mini"
    small_copy(mini, root)
    file = configuration(tmp_path)
    code, output = snakemake(tmp_path, configuration=file, check=False)
    assert code != 0
    assert "mini has no train list yet: first run snakemake --cores all -- prepare_mini" in output

    snakemake(tmp_path, "prepare_mini", configuration=file)
    assert len(voc_ids(coco_list(root, "train2014"))) == 5
    records = coco_records(root, "train2014", "val2014")
    assert not validate(records, COCO_CLASSES)

    snakemake(tmp_path, "results/mini/efficientnet_lite0/miou.txt", configuration=file)
    results = tmp_path / "results" / "mini"
    index = read_index(results / "index.csv")
    assert (index.num_classes, index.unused) == (91, UNUSED)
    teacher = results / "efficientnet_lite0"
    for image_id in index.ids("train"):
        present = np.unique(read_mask(teacher / "cyclic_masks" / f"{image_id}.png"))
        assert present.max() <= 90
    table = pd.read_csv(teacher / "urn" / "iou.tsv", sep="\t", keep_default_na=False)
    assert len(table) == 81 and "" not in set(table["class"])
    assert 0 <= float((teacher / "miou.txt").read_text().split("\t")[0]) <= 100
