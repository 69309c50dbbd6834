import numpy as np
import pytest

from urn.datasets.ids import shapes_ids, voc_ids
from urn.datasets.index import index_from
from urn.datasets.shapes import SHAPES_CLASSES, draw_scene, shapes_records, write_shapes
from urn.datasets.validation import validate
from urn.files.images import read_image, read_mask


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("shapes")
    write_shapes(root, train=24, val=7)
    return root


@pytest.fixture(scope="module")
def index(root):
    records = shapes_records(root)
    assert validate(records, SHAPES_CLASSES) == []
    return index_from(records, SHAPES_CLASSES)


def contents(root):
    return {path.relative_to(root): path.read_bytes() for path in root.rglob("*.*")}


def test_files_are_those_of_the_ids(root, index):
    for split, count in (("train", 24), ("val", 7)):
        ids = shapes_ids(split, count)
        assert len(set(ids)) == count
        assert index.ids(split) == ids
        assert voc_ids(root / "ImageSets" / "Segmentation" / f"{split}.txt") == ids
    assert len(contents(root)) == 2 * 31 + 2


def test_equal_seeds_give_equal_files_and_others_do_not(root, tmp_path):
    write_shapes(tmp_path / "again", train=3, val=1)
    expected = contents(root)
    again = contents(tmp_path / "again")
    pictures = [path for path in again if path.suffix != ".txt"]
    assert len(pictures) == 8
    assert all(again[path] == expected[path] for path in pictures)

    write_shapes(tmp_path / "other", train=3, val=1, seed=1)
    other = contents(tmp_path / "other")
    assert all(other[path] != expected[path] for path in pictures)


def test_splits_and_numbers_differ():
    scenes = [draw_scene("train", 0)[0], draw_scene("train", 1)[0], draw_scene("val", 0)[0]]
    for position, scene in enumerate(scenes):
        for other in scenes[:position]:
            assert scene.shape != other.shape or (scene != other).mean() > 0.5


def test_masks_are_big_objects_of_known_classes(index):
    areas, tag_counts = [], []
    for entry in index.entries:
        image, mask = read_image(entry.image), read_mask(entry.mask)
        assert mask.shape == image.shape[:2]
        assert all(150 <= side <= 210 for side in mask.shape)
        assert 255 not in mask
        present = np.unique(mask[mask > 0]).tolist()
        assert index.tag_ids(entry) == present
        areas.append((mask > 0).mean())
        tag_counts.append(len(present))
        # What is there can be seen: no class is a sliver.
        assert all((mask == class_id).mean() > 0.03 for class_id in present)
    assert min(areas) >= 0.08
    assert max(areas) <= 0.45
    assert {1, 2} <= set(tag_counts) <= {1, 2, 3}


def test_every_class_is_in_any_few_images(index):
    for start in range(0, 24, len(SHAPES_CLASSES)):
        entries = index.split("train")[start : start + len(SHAPES_CLASSES)]
        assert {tag for entry in entries for tag in entry.tags} == set(SHAPES_CLASSES)


def test_borders_of_objects_can_be_seen(index):
    """Colours jump across an object's border by far more than inside the ground."""
    for entry in index.split("train"):
        image = read_image(entry.image).astype(float)
        mask = read_mask(entry.mask)
        jump = np.linalg.norm(image[:, 4:] - image[:, :-4], axis=2)
        border = (mask[:, 4:] == 0) != (mask[:, :-4] == 0)
        ground = (mask[:, 4:] == 0) & (mask[:, :-4] == 0)
        assert np.median(jump[border]) > 40
        assert np.median(jump[border]) > 3 * np.median(jump[ground])
