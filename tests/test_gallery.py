"""The gallery: previews and records, and the page in a real browser where there is one."""

import csv

import numpy as np
import pytest
from PIL import Image

from urn.datasets.index import BACKGROUND, Entry, Index
from urn.files.images import write_grey, write_mask
from urn.gallery.page import write_page
from urn.gallery.shard import Layer, read_records, write_shard

CLASSES = ("cat", "dog")


@pytest.fixture
def shard(tmp_path):
    """Two images with masks, of which one is known to be half wrong."""
    entries, half = [], np.zeros((30, 40), np.uint8)
    half[:, 20:] = 1
    for number, name in enumerate(["a/#1 é", 'b"</script>,']):
        image = tmp_path / f"{number}.png"
        Image.new("RGB", (40, 30), (200, 50 * number, 0)).save(image)
        truth = tmp_path / f"{number}_truth.png"
        write_mask(truth, np.ones_like(half))
        entries.append(
            Entry(name, "train", image, truth if number == 0 else None, (CLASSES[number],))
        )
        for folder, mask in (("cyclic", half), ("pseudo", np.zeros_like(half))):
            write_mask(tmp_path / folder / f"{name}.png", mask)
        write_grey(tmp_path / "weights" / f"{name}.png", 255 * (1 - half))
    index = Index(CLASSES, tuple(entries))
    layers = [
        Layer("cyclic mask", "mask", str(tmp_path / "cyclic")),
        Layer("pseudo-mask", "mask", str(tmp_path / "pseudo")),
        Layer("uncertainty", "uncertainty", str(tmp_path / "weights")),
    ]
    write_shard(tmp_path / "gallery" / "train_00000", index, entries, layers)
    return tmp_path / "gallery" / "train_00000"


def test_records(shard):
    first, second = read_records(shard)
    assert first["tags"] == [1] and second["tags"] == [2]
    assert first["size"] == [40, 30]
    assert first["uncertainty"] == first["disagreement"] == 0.5
    assert first["miou"] == 25.0  # background 0 of 1, cat half
    assert second["miou"] is None


def test_layers_show_what_the_masks_hold(shard):
    with Image.open(shard / "0.0.png") as layer:
        mask = np.array(layer.convert("RGBA"))
    assert (mask[:, :20, 3] == 0).all() and (mask[:, 20:] == (128, 0, 0, 255)).all()
    with Image.open(shard / "0.2.png") as layer:
        uncertainty = np.array(layer.convert("RGBA"))
    assert (uncertainty[:, :20, 3] == 0).all() and (uncertainty[:, 20:, 3] == 255).all()
    with Image.open(shard / "0.jpg") as photograph:
        assert photograph.size == (40, 30)


def page_of(shard, records):
    folder = shard.parent
    layers = {"train": ["cyclic mask", "pseudo-mask", "uncertainty"]}
    write_page(
        folder / "index.html",
        folder / "data.js",
        "mine",
        [BACKGROUND, *CLASSES],
        layers,
        records,
    )
    return (folder / "index.html").as_uri()


@pytest.fixture
def page(browser):
    errors = []
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    opened = context.new_page()
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    assert not errors


def many(records, number):
    """Records of many images that share the previews of a few."""
    return [
        records[n % 2] | {"id": f"{n:05d}", "uncertainty": (n * 7919 % number) / number}
        for n in range(number)
    ]


def test_pictures_are_found_beside_the_page(shard, page):
    page.goto(page_of(shard, read_records(shard)))
    page.wait_for_function("[...document.images].every(i => i.complete)")
    pictures = page.locator(".card img")
    assert pictures.count() == 4
    assert pictures.evaluate_all("all => all.every(i => i.naturalWidth == 40)")


def test_filters_and_sorts(shard, page):
    page.goto(page_of(shard, many(read_records(shard), 50)))
    seen = page.locator(".card .facts span:first-child")
    assert (
        seen.first.text_content()
        == max(many(read_records(shard), 50), key=lambda record: record["uncertainty"])["id"]
    )
    page.select_option("#class", label="dog")
    assert page.text_content("#count") == "25 of 50 images"
    page.fill("#name", "003")
    assert page.text_content("#count") == "6 of 50 images"
    page.select_option("#sort", "order of the dataset")
    assert seen.all_text_contents() == ["00003", "00031", "00033", "00035", "00037", "00039"]


def test_keys_judge_and_the_verdicts_are_downloaded(shard, page, tmp_path):
    page.goto(page_of(shard, read_records(shard)))
    page.select_option("#sort", "order of the dataset")
    page.focus("#grid")
    page.keyboard.press("r")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert page.is_visible("#viewer")
    page.keyboard.press("n")
    page.keyboard.press("Escape")
    assert page.locator(".card").evaluate_all("all => all.map(c => c.dataset.verdict)") == [
        "reject",
        "needs work",
    ]
    page.reload()  # they are kept
    assert page.text_content("#count") == "2 of 2 images, 2 judged"
    with page.expect_download() as download:
        page.click("#download")
    download.value.save_as(tmp_path / "review.csv")
    with open(tmp_path / "review.csv", encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == [
            {"image": "a/#1 é", "verdict": "reject"},
            {"image": 'b"</script>,', "verdict": "needs work"},
        ]


def test_strength_and_layers(shard, page):
    page.goto(page_of(shard, read_records(shard)))
    page.focus("#grid")
    for key in "--l":
        page.keyboard.press(key)
    assert page.locator(".card .mask").first.evaluate("m => getComputedStyle(m).opacity") == "0.4"
    assert page.locator(".card .mask").first.get_attribute("src").endswith(".1.png")


def test_ten_thousand_images(shard, page):
    """Only what is in view is in the page, wherever one scrolls to."""
    page.goto(page_of(shard, many(read_records(shard), 10_000)))
    assert page.text_content("#count") == "10000 of 10000 images"
    assert 0 < page.locator(".card").count() < 60
    page.locator("#grid").evaluate("grid => { grid.scrollTop = grid.scrollHeight }")
    page.wait_for_function("[...document.querySelectorAll('.card')].some(c => c.dataset.id)")
    assert 0 < page.locator(".card").count() < 60
    page.keyboard.press("ArrowRight")  # the chosen image comes into view again
    assert page.locator(".card.chosen").count() == 1


@pytest.mark.parametrize("width", [400, 1280])
def test_nothing_is_wider_than_the_screen(shard, page, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(page_of(shard, many(read_records(shard), 100)))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".card").first.bounding_box()["width"] < width / 1.9


def test_a_phone_has_buttons_for_what_the_keys_do(shard, page):
    """And fingers can hit them."""
    page.set_viewport_size({"width": 400, "height": 800})
    page.goto(page_of(shard, many(read_records(shard), 3)))
    page.locator(".card").first.click()
    boxes = [button.bounding_box() for button in page.locator("#viewer button").all()]
    assert min(min(box["width"], box["height"]) for box in boxes) >= 44
    page.click("#viewer [data-key=l]")
    page.click("#viewer [data-key='-']")
    assert page.text_content("#shown") == "pseudo-mask"
    assert page.locator("#viewer .mask").evaluate("m => getComputedStyle(m).opacity") == "0.5"
    page.click("#viewer [data-key=a]")
    assert page.get_attribute("#viewer [data-key=a]", "aria-pressed") == "true"
    page.click("#viewer [data-key=ArrowRight]")
    assert page.get_attribute("#viewer [data-key=a]", "aria-pressed") == "false"
    assert "2 of 3" in page.text_content("#viewer .facts")


def test_it_says_so_where_there_is_nothing(shard, page):
    page.goto(page_of(shard, read_records(shard)))
    assert page.is_disabled("#download")
    page.fill("#name", "no such name")
    assert page.is_visible("#none")
    page.fill("#name", "")
    assert page.is_hidden("#none")
