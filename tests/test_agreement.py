"""Masks that contradict the tags of their images, and what is then likely."""

from dataclasses import replace
from pathlib import Path

import pytest

from urn.datasets.agreement import Shown, coding_faults
from urn.datasets.index import Entry, Record

CLASSES = ("cat", "dog", "person")
TAGS = [("cat",), ("dog",), ("person",), ("cat", "person"), ("dog",)]


def masks(values, tags=TAGS, split="val"):
    """What is shown by masks of the values that a function makes of the tags' class ids."""
    shown = []
    for number, names in enumerate(tags):
        entry = Entry(str(number), split, Path("i.jpg"), Path(f"{number}.png"), names)
        ids = frozenset(CLASSES.index(name) + 1 for name in names)
        shown.append(Shown(Record(entry, Path("t.csv"), number), frozenset(values(ids)), ids))
    return shown


@pytest.mark.parametrize(
    "values",
    [
        lambda ids: {0, 255, *ids},
        lambda ids: {0, min(ids)},  # a tag may be of what no mask outlines
        lambda ids: {0, 1, *ids},  # tags may be incomplete
        lambda ids: {0, 3, *ids},
    ],
)
def test_masks_that_agree_have_no_fault(values):
    assert list(coding_faults(masks(values), CLASSES)) == []
    assert list(coding_faults([], CLASSES)) == []


def test_masks_without_tags_are_not_compared():
    assert list(coding_faults(masks(lambda ids: {0, 2}, [(), ()]), CLASSES)) == []
    assert list(coding_faults(masks(lambda ids: {0}, [()]), CLASSES)) == []


@pytest.mark.parametrize(
    ("values", "parts"),
    [
        (lambda ids: {255}, ["every pixel of every val mask is 255"]),
        (lambda ids: {0, 255}, ["all val masks are of 0 and 255 alone", "save the ids of classes"]),
        (
            lambda ids: {0, *(i % 3 + 1 for i in ids)},
            ["4 of 5 val masks contradict", "0.png has 2 (dog), its image is tagged cat"],
        ),
        (lambda ids: {0, *(i % 3 + 1 for i in ids)}, ["1 with person, 2 with cat, 3 with dog"]),
        (lambda ids: {0, 1}, ["foreground from background only"]),
    ],
)
def test_the_likely_mistake_is_told(values, parts):
    (sentence,) = coding_faults(masks(values), CLASSES)
    for part in parts:
        assert part in sentence


def test_swapped_ids_are_found_where_images_have_several_tags():
    tags = [("cat", "dog"), ("cat", "person"), ("dog", "person"), ("dog",), ("person", "cat")]
    shown = masks(lambda ids: {0, *(i % 3 + 1 for i in ids)}, tags)
    (sentence,) = coding_faults(shown, CLASSES)
    assert "5 of 5 val masks" in sentence and "1 with person, 2 with cat" in sentence


def test_ids_that_no_order_explains_are_told():
    shown = [
        replace(mask, values=frozenset({0, value}))
        for mask, value in zip(masks(set), (2, 3, 2, 2, 1), strict=True)
    ]
    (sentence,) = coding_faults(shown, CLASSES)
    assert "5 of 5 val masks" in sentence and "reordered the masks' palettes" in sentence


def test_masks_of_0_and_255_are_told_without_tags():
    (sentence,) = coding_faults(masks(lambda ids: {0, 255}, [(), ()]), CLASSES)
    assert "all val masks are of 0 and 255 alone" in sentence
