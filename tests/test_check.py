"""The check of a dataset: what is remarked of images and tags, and its pages."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageEnhance
from test_workflow import snakemake

from urn.check.doubts import doubts
from urn.check.duplicates import alike
from urn.check.facts import Facts, dhash, facts_of
from urn.check.page import write_check_page
from urn.check.remarks import ALIKE, images_of_classes, remarks
from urn.check.tags_page import write_tags_page
from urn.datasets.index import Entry, Index
from urn.files.images import read_image
from urn.report.page import write_table_page


def distance(one, other):
    return (int(one, 16) ^ int(other, 16)).bit_count()


def recompressed(picture):
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=40)
    return Image.open(content)


@pytest.mark.parametrize(
    "change",
    [
        lambda picture: picture.resize((picture.width // 2, picture.height // 2)),
        recompressed,
        lambda picture: ImageEnhance.Brightness(picture).enhance(0.8),
        lambda picture: picture.crop((2, 2, picture.width - 1, picture.height - 1)),
    ],
    ids=["smaller", "recompressed", "darker", "trimmed"],
)
def test_copies_have_near_hashes_and_other_images_have_not(scenes, change):
    pictures = [Image.fromarray(read_image(image)) for image, _ in scenes]
    hashes = [dhash(np.asarray(picture)) for picture in pictures]
    copies = [dhash(np.asarray(change(picture).convert("RGB"))) for picture in pictures]
    for n, own in enumerate(hashes):
        near = [distance(own, copy) <= ALIKE for copy in copies]
        assert near == [n == m for m in range(len(hashes))]


def test_mirrored_copies_are_near_the_mirrored_hash(scenes, tmp_path):
    known = [facts_of(image) for image, _ in scenes]
    for n, (image, _) in enumerate(scenes):
        recompressed(Image.fromarray(read_image(image)[:, ::-1])).save(tmp_path / "copy.png")
        copy = facts_of(tmp_path / "copy.png")
        near = [distance(copy.mirrored, of.dhash) <= ALIKE for of in known]
        assert near == [n == m for m in range(len(known))]
        assert distance(copy.dhash, known[n].dhash) > ALIKE


def test_facts_are_those_of_the_upright_image(tmp_path):
    image = Image.new("RGB", (40, 20), (200, 100, 0))
    exif = image.getexif()
    exif[0x0112] = 6  # on its side
    image.save(tmp_path / "a.jpg", exif=exif, quality=95)
    facts = facts_of(tmp_path / "a.jpg")
    assert (facts.height, facts.width) == (40, 20)
    assert facts.contrast < 1 and facts.colour == pytest.approx(200, abs=3)


def test_groups_are_those_of_all_pairs(monkeypatch):
    monkeypatch.setattr("urn.check.duplicates.PAIRS_AT_ONCE", 90)  # a few rows at a time
    numbers = np.random.default_rng(0)
    base = [int.from_bytes(numbers.bytes(16)) for _ in range(20)]
    values = [*base, base[3] ^ 0b111, base[3] ^ (0b111 << 60), base[7], base[9] ^ 0b11111111]
    hashes = [f"{value:032x}" for value in values]
    mirrored = [numbers.bytes(16).hex() for _ in values]
    # 20 and 21 differ in 6 bits, but both are near 3.
    groups = [([3, 20, 21], False), ([7, 22], False)]
    assert alike(hashes, mirrored, 5) == groups
    assert alike([], [], 5) == alike(hashes[:20], mirrored[:20], 5) == []
    mirrored[12] = hashes[22]
    mirrored[22] = hashes[12]
    mirrored[15] = hashes[15]  # symmetric
    assert alike(hashes, mirrored, 5) == [groups[0], ([7, 12, 22], True)]


def plain(number, **changes):
    """Facts of an image like no other."""
    numbers = np.random.default_rng(number)
    hashes = {"dhash": numbers.bytes(16).hex(), "mirrored": numbers.bytes(16).hex()}
    usual = {"height": 300, "width": 400, "contrast": 50, "colour": 40, **hashes}
    return Facts(**usual | changes)


def dataset(rows, classes=("cat", "dog")):
    """An index of (split, tags, changes of facts), and the facts, by ids that are numbers."""
    entries = [
        Entry(f"{n}", split, Path(f"{n}.jpg"), None, tags)
        for n, (split, tags, _) in enumerate(rows)
    ]
    facts = {f"{n}": plain(n, **changes) for n, (*_, changes) in enumerate(rows)}
    return Index(classes, tuple(entries)), facts


MANY = [("train", (name,), {}) for name in ("cat", "dog") for _ in range(20)]
SAME = {"dhash": plain(0).dhash, "mirrored": plain(0).mirrored}
MIRRORED = {"dhash": plain(0).mirrored, "mirrored": plain(0).dhash}


@pytest.mark.parametrize(
    ("rows", "topic", "text", "images"),
    [
        ([("val", ("cat",), SAME)], "nearly the same in train and val", "0 and 40 look", "0 40"),
        ([("train", ("dog",), SAME)], "nearly the same, with other tags", "(cat; dog)", "0 40"),
        ([("train", ("cat",), SAME)], "nearly the same", "0 and 40 look alike, in train", "0 40"),
        (
            [("train", ("cat",), MIRRORED)],
            "nearly the same",
            "0 and 40 look alike, mirrored, in train",
            "0 40",
        ),
        ([("train", ("cat",), {"contrast": 1})], "odd image", "next to nothing", "40"),
        ([("val", ("cat",), {"height": 30})], "odd image", "40 (val) has only 400×30", "40"),
        ([("val", (), {"width": 2000})], "odd image", "2000×300 pixels: crops", "40"),
        (
            [("train", ("cat",), {"colour": 0})],
            "odd image",
            "1 of 41 images have no colour: 40",
            "40",
        ),
    ],
)
def test_remarks_on_images(rows, topic, text, images):
    (remark,) = remarks(*dataset(MANY + rows))
    assert remark.topic == topic and text in remark.text and remark.remedy
    assert " ".join(remark.images) == images


def test_nothing_is_remarked_of_a_dataset_without_oddities():
    assert remarks(*dataset(MANY)) == []
    grey = [(split, tags, {"colour": 0}) for split, tags, _ in MANY]
    assert remarks(*dataset(grey)) == []
    blank = [(split, tags, {"contrast": 0, **SAME}) for split, tags, _ in MANY]
    assert {remark.topic for remark in remarks(*dataset(blank))} == {"odd image"}


def test_rare_classes_and_tags_that_come_together():
    rows = [*MANY, ("train", ("bird", "cat"), {}), ("train", ("bird", "cat"), {})]
    together, rare, none = sorted(
        remarks(*dataset(rows, ("cat", "dog", "bird", "fish"))), key=lambda remark: remark.text
    )
    assert none.text == "fish has no train image" and none.images == ()
    assert rare.text == "bird has 2 train images" and rare.images == ("40", "41")
    assert together.text.startswith("2 of the 2 images of bird also show cat")
    assert "add images of bird without cat" in together.remedy


def test_classes_are_counted_on_train_the_commonest_first():
    index, _ = dataset([*MANY[20:], ("val", ("cat",), {}), ("train", ("cat", "dog"), {})])
    assert list(images_of_classes(index).items()) == [("dog", 21), ("cat", 1)]


def test_a_tag_is_doubted_if_its_score_is_that_of_images_without_it():
    tags = np.array([[1], [1], [1], [1], [0], [0], [0], [0]], bool)
    scores = np.array([[0.9], [0.95], [0.8], [0.02], [0.01], [0.05], [0.97], [0.1]])
    found = doubts(scores, tags)
    assert [(of.position, of.tagged) for of in found] == [(3, True), (6, False)]
    assert [of.strength for of in found] == [0.98, 0.97]


@pytest.mark.parametrize(
    ("scores", "tags"),
    [
        ([0.3, 0.4, 0.1, 0.45], [1, 1, 0, 0]),  # it is sure of nothing
        ([0.1, 0.2, 0.9, 0.8], [1, 1, 0, 0]),  # it has the class wrong
        ([0.1, 0.9], [1, 1]),
        ([0.1, 0.9], [0, 0]),
    ],
)
def test_a_classifier_that_knows_nothing_of_a_class_doubts_nothing(scores, tags):
    assert doubts(np.array(scores)[:, None], np.array(tags, bool)[:, None]) == []


@pytest.fixture
def pages(scenes, tmp_path):
    """The pages of scenes, one a copy, with names that HTML must escape; and of a wide table."""
    files = [scenes[0][0], *(image for image, _ in scenes)]
    names = ["a <copy> & of/b", "b", *("a_very_long_name_of_an_image_" * 3 + f"{n}" for n in "123")]
    splits = ("train", "val", "train", "train", "val")
    entries = [
        Entry(name, split, file, None, ("cat",))
        for name, split, file in zip(names, splits, files, strict=True)
    ]
    index = Index(("cat", "a class of a long name"), tuple(entries))
    facts = {entry.id: facts_of(entry.image) for entry in entries}
    found = remarks(index, facts)
    write_check_page(tmp_path / "index.html", "mine", index, facts, found, tags_later=True)
    scores = np.array([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.1, 0.9]])
    tags = np.array([[0, 1], [1, 0], [1, 0], [1, 0], [1, 1]], bool)
    write_tags_page(tmp_path / "tags.html", "mine", index, entries, doubts(scores, tags))
    wide = pd.DataFrame({"a_column": ["a/path/without/a/blank/" * 9], "another": ["1"]})
    write_table_page(tmp_path / "table.html", wide, "results/mine/tables/wide.tsv")
    return tmp_path


def test_pages_say_what_was_found(pages):
    text = (pages / "index.html").read_text()
    assert "a &lt;copy&gt; &amp; of/b and b look alike, in train and in val" in text
    assert "keep them in one split" in text and "<copy>" not in text
    assert ">cat</th>" in text and "a class of a long name has no train image" in text
    text = (pages / "tags.html").read_text()
    assert "The classifier contradicts 1 tag of 5 images." in text
    assert "a class of a long name: tagged, score 0.10" in text


@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize(
    ("name", "pictures"), [("index.html", 5), ("tags.html", 1), ("table.html", 0)]
)
def test_pages_fit_the_screen_and_need_no_network(pages, browser, name, pictures, width):
    context = browser.new_context(viewport={"width": width, "height": 800}, offline=True)
    page = context.new_page()
    page.goto((pages / name).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    shown = page.locator("img")
    assert shown.count() == pictures
    assert shown.evaluate_all("all => all.every(i => i.naturalWidth > 0)")


def test_a_run_has_its_pages_and_a_check_ends_with_its_remarks(copy):
    results = copy / "results" / "tiny"
    for page in ("check/index.html", "check/tags.html", "efficientnet_lite0/tables/next.html"):
        assert "<h1>" in (results / page).read_text()
    (results / "check" / "index.html").unlink()
    lines = snakemake(copy, "check", hooks=True).splitlines()
    assert "rare class: " in "\n".join(lines[-20:])
    assert lines[-1] == "check     results/tiny/check/index.html (open it in a browser)"
