import numpy as np
import pytest
from PIL import Image

from urn.datasets.folder import folder_records
from urn.datasets.index import Entry, Record, index_from
from urn.datasets.validation import Finding, require_valid, validate
from urn.datasets.voc import voc_records
from urn.errors import UserError
from urn.files.images import write_mask

CLASSES = ("cat", "dog")
HEIGHT, WIDTH = 40, 60


@pytest.fixture
def root(tmp_path):
    """A sound dataset in VOC's layout: a, b for training, v for validation."""
    rng = np.random.default_rng(0)
    (tmp_path / "JPEGImages").mkdir()
    for image_id in "abv":
        image = rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
        Image.fromarray(image).save(tmp_path / "JPEGImages" / f"{image_id}.jpg")
        put_mask(tmp_path, image_id, {0, 1, 2, 255})
    (tmp_path / "train.txt").write_text("a\nb\n")
    (tmp_path / "val.txt").write_text("v\n")
    return tmp_path


def put_mask(root, image_id, class_ids, size=(HEIGHT, WIDTH)):
    mask = np.resize(np.array(sorted(class_ids), dtype=np.uint8), size)
    write_mask(root / "SegmentationClass" / f"{image_id}.png", mask)


def findings(root):
    return validate(voc_records(root, CLASSES, "train.txt", "val.txt"), CLASSES)


def the_finding(root, name, line):
    (finding,) = findings(root)
    assert (finding.source, finding.line) == (root / name, line)
    return finding.message


def test_sound_dataset_has_no_findings(root):
    assert findings(root) == []


def test_missing_image(root):
    (root / "JPEGImages" / "b.jpg").unlink()
    assert "b.jpg does not exist" in the_finding(root, "train.txt", 2)


def test_truncated_image(root):
    path = root / "JPEGImages" / "v.jpg"
    path.write_bytes(path.read_bytes()[:-500])
    assert "v.jpg cannot be read" in the_finding(root, "val.txt", 1)


def test_image_with_zeros_in_its_midst(root):
    path = root / "JPEGImages" / "v.jpg"
    noise = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path, quality=100)
    assert findings(root) == []
    content = path.read_bytes()
    middle = len(content) // 2
    path.write_bytes(content[:middle] + bytes(1024) + content[middle + 1024 :])
    assert "v.jpg is damaged in its midst" in the_finding(root, "val.txt", 1)


def test_zeros_in_a_sound_image_are_none_of_a_fault(root):
    path = root / "JPEGImages" / "v.jpg"
    with Image.open(path) as image:
        image.save(path, comment=bytes(4096))
    assert bytes(4096) in path.read_bytes()
    assert findings(root) == []


@pytest.mark.parametrize("size", [(4000, 1), (1, 400)])
def test_image_that_is_hardly_more_than_a_line(root, size):
    Image.new("RGB", size).save(root / "JPEGImages" / "b.jpg")
    put_mask(root, "b", {0, 1}, size[::-1])
    message = the_finding(root, "train.txt", 2)
    assert f"b.jpg is {size[0]} pixels wide and {size[1]} high, more than 100 times as" in message


def test_list_that_names_absent_images(root):
    (root / "val.txt").write_text("v\nabsent\n")
    found = findings(root)
    assert {(finding.source, finding.line) for finding in found} == {(root / "val.txt", 2)}
    assert [finding.message.split(" does")[0].rsplit("/", 2)[-2:] for finding in found] == [
        ["SegmentationClass", "absent.png"],
        ["JPEGImages", "absent.jpg"],
    ]


def test_missing_mask_is_found_once(root):
    (root / "SegmentationClass" / "a.png").unlink()
    assert "a.png does not exist" in the_finding(root, "train.txt", 1)
    put_mask(root, "a", {1})
    (root / "SegmentationClass" / "v.png").unlink()
    assert "v.png does not exist" in the_finding(root, "val.txt", 1)


def test_mask_of_another_size(root):
    put_mask(root, "a", {0, 1}, (WIDTH, HEIGHT))
    message = the_finding(root, "train.txt", 1)
    assert "40 pixels wide and 60 high but its image 60 pixels wide and 40 high" in message


def test_size_is_that_after_exif_rotation(root):
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(root / "JPEGImages" / "a.jpg") as image:
        image.load()
    image.save(root / "JPEGImages" / "a.jpg", exif=exif)
    assert "a.png is 60 pixels wide" in the_finding(root, "train.txt", 1)
    put_mask(root, "a", {0, 1}, (WIDTH, HEIGHT))
    assert findings(root) == []


def test_mask_with_unknown_ids(root):
    put_mask(root, "b", {0, 1, 3, 77})
    message = the_finding(root, "train.txt", 2)
    assert "ids 3, 77 beyond the 2 classes" in message


def test_mask_of_a_bad_mode(root):
    Image.new("RGB", (WIDTH, HEIGHT)).save(root / "SegmentationClass" / "v.png")
    assert "v.png has mode RGB" in the_finding(root, "val.txt", 1)


def test_train_image_without_tags_and_val_image_without(root):
    put_mask(root, "b", {0, 255})
    put_mask(root, "v", {0})
    message = the_finding(root, "train.txt", 2)
    assert "train image 'b' has no tag: name its classes, or write background" in message


@pytest.mark.parametrize(("name", "line"), [("train.txt", 3), ("val.txt", 2)])
def test_id_that_occurs_twice(root, name, line):
    with (root / name).open("a") as file:
        file.write("a\n")
    message = the_finding(root, name, line)
    assert message.startswith("id 'a' is that of")
    assert "train.txt, line 1" in message


def test_background_alone_is_the_tag_of_images_without_a_class(root):
    records = table_of(root, ["a,cat,,", "b,background,,", "v,,val,"])
    assert validate(records, CLASSES) == []
    index = index_from(records, CLASSES)
    assert [index.tag_ids(entry) for entry in index.split("train")] == [[1], []]


def test_background_is_no_tag_beside_others(root):
    (finding,) = validate(table_of(root, ["a,background; cat,,", "b,cat,,"]), CLASSES)
    assert (finding.line, finding.message) == (
        2,
        "tag 'background' stands beside cat: write it alone, of an image that shows none of the "
        "classes",
    )


def test_tags_that_are_no_class(root):
    table = root / "train.csv"
    table.write_text('image,tags\na,"Dog, zebra"\nb,cat\n')
    found = validate(folder_records(root / "JPEGImages", table), CLASSES)
    assert found == [
        Finding(table, 2, "tag 'Dog' is not a class: did you mean 'dog'?"),
        Finding(table, 2, "tag 'zebra' is not a class: correct it or add the class"),
    ]
    assert str(found[0]) == f"{table}, line 2: tag 'Dog' is not a class: did you mean 'dog'?"


def test_no_train_image_at_all(root):
    table = root / "t.csv"
    table.write_text("image,split\nv,val\n")
    (finding,) = validate(folder_records(root / "JPEGImages", table), CLASSES)
    assert finding == Finding(table, None, "no train image: add some")


def test_all_faults_are_found_in_one_go(root):
    (root / "JPEGImages" / "a.jpg").write_bytes(b"no image")
    put_mask(root, "b", {0, 9}, (5, 5))
    (root / "SegmentationClass" / "v.png").unlink()
    (root / "val.txt").write_text("v\nb\n")
    places = [(finding.source.name, finding.line) for finding in findings(root)]
    # b: no tag, wrong size, unknown id; on the val list again, with the faults of its files.
    assert places == [
        ("train.txt", 1),
        *[("train.txt", 2)] * 3,
        ("val.txt", 1),
        *[("val.txt", 2)] * 3,
    ]


def table_of(root, rows):
    text = "image,tags,split,mask\n" + "".join(f"{row}\n" for row in rows)
    (root / "t.csv").write_text(text)
    return folder_records(root / "JPEGImages", root / "t.csv", masks=root / "SegmentationClass")


def test_images_that_are_all_absent_are_told_once(root):
    records = table_of(root, [f"x{number},cat,," for number in range(5000)])
    (finding,) = validate(records, CLASSES)
    assert finding.line is None
    assert "none of its images is there, " in finding.message and "x0" in finding.message


@pytest.mark.parametrize("tag", ["", "background"])
def test_tags_that_are_all_absent_are_told_once(root, tag):
    (finding,) = validate(table_of(root, [f"a,{tag},,", f"b,{tag},,", "v,,val,"]), CLASSES)
    assert "no train image has a tag of a class: give each" in finding.message


def test_many_faults_are_told_with_their_number(root):
    records = table_of(root, ["a,cat,,", *(f"x{number},cat,," for number in range(5057))])
    with pytest.raises(UserError) as error:
        require_valid("dataset mine", records, CLASSES)
    lines = str(error.value).splitlines()
    assert lines[0] == "dataset mine has 5 057 faults to mend:"
    assert len(lines) == 12 and lines[-1] == "  ... and 5 047 more"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({255}, "every pixel of every val mask is 255"),
        ({0, 255}, "all val masks are of 0 and 255 alone"),
        ({0, 2}, "1 of 1 val masks contradict the tags"),
    ],
)
def test_masks_are_compared_with_the_tags(root, values, message):
    put_mask(root, "v", values)
    (finding,) = validate(table_of(root, ["a,cat;dog,,", "v,cat,val,"]), CLASSES)
    assert message in finding.message and finding.line is None


def test_what_the_reader_noted_is_a_finding(root):
    entry = Entry("a", "train", root / "JPEGImages" / "a.jpg", None, ())
    record = Record(entry, root / "train.txt", 1, ("noted",))
    assert validate([record], CLASSES) == [Finding(root / "train.txt", 1, "noted")]


def test_unusable_classes_end_it_at_once(root):
    with pytest.raises(UserError, match="named twice"):
        validate([], ("cat", "cat"))
