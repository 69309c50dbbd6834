import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from urn.datasets.folder import folder_records
from urn.datasets.ids import folder_ids, shapes_ids, voc_ids
from urn.datasets.index import Entry, Index, read_index, write_index
from urn.datasets.voc import VOC_CLASSES, mask_tags, voc_records, xml_tags
from urn.errors import UserError
from urn.files.images import write_grey, write_mask


def write(path, text, encoding="utf-8"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return path


def entries(records):
    return [record.entry for record in records]


# ids


def test_ids_need_the_standard_library_only():
    code = (
        "import sys, urn.datasets.ids; "
        "print(sorted({'numpy', 'PIL', 'torch', 'tqdm'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_list_takes_first_column_and_skips_blank_lines(tmp_path):
    path = write(tmp_path / "train.txt", "\ufeff2007_1  1\r\n\r\n 2007_2 -1\r\nsub/2007_3\r\n")
    assert voc_ids(path) == ["2007_1", "2007_2", "sub/2007_3"]


def test_repeated_ids_count_once(tmp_path):
    assert voc_ids(write(tmp_path / "train.txt", "b\na\nb\n")) == ["b", "a"]


@pytest.mark.parametrize(
    "image_id", ["a{b", "a}b", "../a", "a/../b", "/a", "a//b", "./a", "a\\b", "a\x07"]
)
def test_ids_that_cannot_name_files_are_refused_with_their_line(tmp_path, image_id):
    with pytest.raises(UserError, match=r"train\.txt, line 2: image id "):
        voc_ids(write(tmp_path / "train.txt", f"good\n{image_id}\n"))
    with pytest.raises(UserError, match=r"train\.csv, line 3: image id "):
        folder_ids(
            write(tmp_path / "train.csv", f"image,tags\ngood,dog\n{image_id}.png,dog\n"), "train"
        )


def test_all_bad_lines_are_told_the_first_ten_in_full(tmp_path):
    lines = [f"a{{{n}.png,dog,{'train' if n else 'dev'}" for n in range(5057)]
    table = write(tmp_path / "t.csv", "\n".join(["image,tags,split", *lines, ""]))
    with pytest.raises(UserError) as error:
        folder_ids(table, "train")
    first, *told = str(error.value).splitlines()
    assert first.endswith("t.csv has 5 058 faults to mend:")
    assert "t.csv, line 2: image id 'a{0' has a brace" in told[0]
    assert "t.csv, line 2: split 'dev': write train or val" in told[1]
    assert told[10:] == ["  ... and 5 048 more"]


@pytest.mark.parametrize(
    ("ids", "sentence"),
    [
        (["x" * 241], "line 1: image id 'x+' has a part of more than 240 bytes: shorten"),
        (["a/" + 121 * "\u00e9"], "more than 240 bytes"),
        (["p0", "p0.png/x"], "line 2: image id 'p0.png/x' needs a folder p0.png, .*'p0', line 1"),
        (["caf\u00e9", "cafe\u0301"], r"line 2: .* is that of line 1 .*\('cafe\\u0301' and"),
    ],
)
def test_ids_whose_files_would_clash_are_refused(tmp_path, ids, sentence):
    with pytest.raises(UserError, match=sentence):
        voc_ids(write(tmp_path / "train.txt", "\n".join(ids)))


def test_ids_that_are_only_alike_are_fine(tmp_path):
    ids = ["x" * 240, "p0", "p0.png", "q.png/x", "p0/x", "caf\u00e9", "p0"]
    assert voc_ids(write(tmp_path / "train.txt", "\n".join(ids))) == ids[:-1]


def test_quoted_newline_in_an_image_name_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"train\.csv, line 3: image id 'a\\nb'"):
        folder_ids(write(tmp_path / "train.csv", 'image,tags\n"a\nb.jpg",dog\n'), "train")


def test_unusable_lists_are_the_users_to_mend(tmp_path):
    with pytest.raises(UserError, match=r"empty\.txt names no image"):
        voc_ids(write(tmp_path / "empty.txt", "\n \n"))
    with pytest.raises(UserError, match=r"absent\.txt cannot be read"):
        voc_ids(tmp_path / "absent.txt")
    with pytest.raises(UserError, match=r"latin\.txt is not UTF-8"):
        voc_ids(write(tmp_path / "latin.txt", "caf\u00e9\n", encoding="latin-1"))


def test_table_ids_follow_the_split_column(tmp_path):
    table = write(tmp_path / "all.csv", "image,split,tags\na.jpg,val,\nb.jpg,,x\nc.jpg,train,x\n")
    assert folder_ids(table, "train") == ["b", "c"]
    assert folder_ids(table, "val") == ["a"]


def test_table_of_val_images_of_its_own(tmp_path):
    train = write(tmp_path / "train.csv", "image,tags\na.jpg,x\n")
    val = write(tmp_path / "val.csv", "image\nb.jpg\n")
    assert folder_ids(train, "val") == []
    assert folder_ids(train, "train", val) == ["a"]
    assert folder_ids(train, "val", val) == ["b"]


def test_only_image_extensions_are_cut_off(tmp_path):
    table = write(
        tmp_path / "t.csv", "image\nsub/a.b.JPG\nphoto.v2\nplain\nd\u00e9j\u00e0 vu.tiff\n"
    )
    assert folder_ids(table, "train") == ["sub/a.b", "photo.v2", "plain", "d\u00e9j\u00e0 vu"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image;tags\na;dog\n", "has no column `image`"),
        ("", "has no column `image`"),
        ("image,tags\n", "names no image"),
        ("image,tags\na.jpg,dog,cat\n", "line 2: more cells than columns"),
        ('image,tags\na.jpg,dog\nb.jpg,"dog\nc.jpg,dog\n', "line 3: unexpected end of data"),
        ("image,tags\n,dog\n", "line 2: no image named"),
        ("image,split\na.jpg,test\n", "line 2: split 'test': write train or val"),
        ("image,tags,splits\na,b,val\n", r"unknown column 'splits' \(did you mean split\?\)"),
        ("image,labels\na,b\n", "unknown column 'labels', but no column `tags`: name its columns"),
        ("image,tags,tags\na,b,c\n", "the column 'tags' twice"),
        ("image,tags,\na,b,c\n", "line 2: more cells than columns"),
    ],
)
def test_unusable_tables_are_the_users_to_mend(tmp_path, text, message):
    with pytest.raises(UserError, match=message):
        folder_ids(write(tmp_path / "t.csv", text), "train")


def test_shapes_ids_count_from_one():
    assert shapes_ids("val", 2) == ["shapes_val_0001", "shapes_val_0002"]


# index


def test_index_comes_back_equal_with_odd_characters(tmp_path):
    classes = ('the "big" one', "d\u00e9j\u00e0 vu", "it's # 3")
    index = Index(
        classes,
        (
            Entry("sub/a, b", "train", Path('im "1".jpg'), Path("m/a, b.png"), classes[:2]),
            Entry("# b", "val", Path("\u56fe.jpg"), None, ()),
        ),
    )
    write_index(tmp_path / "index.csv", index)
    assert read_index(tmp_path / "index.csv") == index


def test_index_answers():
    dog = Entry("1", "train", Path("1.jpg"), None, ("dog", "ant"))
    cat = Entry("2", "val", Path("2.jpg"), Path("2.png"), ("cat",))
    index = Index(("cat", "dog", "ant"), (dog, cat))
    assert index.num_classes == 4
    assert index.ids("train") == ["1"]
    assert index.split("val") == [cat]
    assert index["2"] is cat
    assert index.tag_ids(dog) == [2, 3]
    with pytest.raises(KeyError):
        index["3"]


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ((), "0 classes"),
        (tuple(map(str, range(255))), "255 classes"),
        (("a", "b", "a"), "'a' is named twice"),
        (("background", "a"), "'background' is always there"),
        (("Background", "a"), "'Background' is always there"),
        (("a,b",), "cannot be a tag"),
        (("a;b",), "cannot be a tag"),
        ((" a",), "cannot be a tag"),
        (("", ""), "2 classes: name 1"),
    ],
)
def test_unusable_classes_are_the_users_to_mend(classes, message):
    with pytest.raises(UserError, match=message):
        Index(classes, ())


def test_file_that_is_no_index_is_the_users_to_mend(tmp_path):
    for text in ("id,split\n", "# classes: nonsense\n", '# classes: ["a"]\nid,split\n1,train\n'):
        with pytest.raises(UserError, match=r"index\.csv cannot be used"):
            read_index(write(tmp_path / "index.csv", text))


@pytest.mark.parametrize("classes", ["[1]", "3", '["a", "a"]', "[" * 10**5])
def test_an_index_s_classes_are_checked(tmp_path, classes):
    text = f"# classes: {classes}\nid,split,image,mask,tags\n1,train,1.jpg,,\n"
    with pytest.raises(UserError, match=r"index\.csv cannot be used"):
        read_index(write(tmp_path / "index.csv", text))


@pytest.mark.parametrize(
    "line",
    [
        "1",
        "1,train,1.jpg,,a,b",
        "1,test2,1.jpg,,a",
        "../1,train,1.jpg,,a",
        "1,train,1.jpg,,b",
        "1" * 200_000,
    ],
)
def test_an_index_s_lines_are_checked(tmp_path, line):
    text = f'# classes: ["a"]\nid,split,image,mask,tags\n{line}\n'
    with pytest.raises(UserError, match=r"index\.csv cannot be used"):
        read_index(write(tmp_path / "index.csv", text))


# voc


@pytest.fixture
def voc_root(tmp_path):
    for image_id, class_ids in (("a", (0, 2, 255)), ("b", (0, 1, 2)), ("v", (0, 1, 9))):
        mask = np.array(class_ids, dtype=np.uint8).repeat(4).reshape(3, 4)
        write_mask(tmp_path / "SegmentationClass" / f"{image_id}.png", mask)
    write(tmp_path / "sets" / "train.txt", "a\nb\n")
    write(tmp_path / "sets" / "val.txt", "v\n")
    return tmp_path


def test_tags_from_masks(voc_root):
    first, second, third = voc_records(
        voc_root, ("cat", "dog"), "sets/train.txt", voc_root / "sets" / "val.txt"
    )
    assert first.entry == Entry(
        "a",
        "train",
        voc_root / "JPEGImages" / "a.jpg",
        voc_root / "SegmentationClass" / "a.png",
        ("dog",),
    )
    assert (second.entry.tags, second.source, second.line) == (
        ("cat", "dog"),
        voc_root / "sets" / "train.txt",
        2,
    )
    assert (third.entry.split, third.entry.tags, third.problems) == ("val", ("cat",), ())


def test_tags_from_annotations_need_no_train_masks(voc_root):
    objects = "".join(
        f"<object><name>{name}</name><difficult>{hard}</difficult></object>"
        for name, hard in (("dog", 0), ("cat", 1), ("dog", 0))
    )
    for image_id in "av":
        write(
            voc_root / "Annotations" / f"{image_id}.xml",
            f"<annotation><filename>a.jpg</filename>{objects}</annotation>",
        )
    (voc_root / "SegmentationClass" / "a.png").unlink()
    assert xml_tags(voc_root / "Annotations" / "a.xml") == ("dog", "cat")
    first, second, third = voc_records(
        voc_root, ("cat", "dog"), "sets/train.txt", "sets/val.txt", tags="xml"
    )
    assert (first.entry.tags, first.entry.mask, first.problems) == (("dog", "cat"), None, ())
    assert second.entry.tags == ()
    assert "b.xml does not exist" in second.problems[0]
    assert third.entry.mask == voc_root / "SegmentationClass" / "v.png"


def test_tags_are_from_masks_or_xml(voc_root):
    with pytest.raises(ValueError, match="'csv': masks or xml"):
        voc_records(voc_root, ("cat",), "sets/train.txt", "sets/val.txt", tags="csv")


def test_broken_annotation_is_the_users_to_mend(voc_root):
    write(voc_root / "Annotations" / "a.xml", "<annotation><object>")
    with pytest.raises(UserError, match=r"a\.xml cannot be read"):
        xml_tags(voc_root / "Annotations" / "a.xml")
    write(voc_root / "Annotations" / "a.xml", '<?xml version="1.0" encoding="none"?><annotation/>')
    with pytest.raises(UserError, match=r"a\.xml cannot be read .*encoding"):
        xml_tags(voc_root / "Annotations" / "a.xml")


# What the photographs show, told by looking at them.
PHOTOGRAPHS = {
    "2007_000187": "tvmonitor",
    "2007_000464": "cow",
    "2007_000572": "bicycle",
    "2007_000636": "train",
    "2007_000676": "sheep",
    "2007_001288": "aeroplane",
    "2007_002046": "horse",
    "2007_002094": "bird",
    "2007_002260": "motorbike",
    "2007_003051": "car",
    "2007_003131": "boat",
    "2007_003137": "bus",
    "2007_003506": "pottedplant",
    "2007_003872": "dog",
    "2007_003991": "cat",
    "2007_005428": "bottle",
    "2008_005145": "diningtable",
    "2009_000087": "sofa",
}


def test_voc_classes_are_in_the_order_of_the_masks(shared_data):
    assert len(VOC_CLASSES) == len(set(VOC_CLASSES)) == 20
    masks = shared_data / "voc12-mini" / "SegmentationClass"
    found = {
        image_id: mask_tags(masks / f"{image_id}.png", VOC_CLASSES) for image_id in PHOTOGRAPHS
    }
    assert found == {image_id: (name,) for image_id, name in PHOTOGRAPHS.items()}


def test_every_image_of_a_voc_list_gets_its_record(shared_data):
    root = shared_data / "voc12-mini"
    lists = [f"ImageSets/Segmentation/smoke_{split}.txt" for split in ("train", "val")]
    records = voc_records(root, VOC_CLASSES, *lists)
    for split, name in zip(("train", "val"), lists, strict=True):
        ids = (root / name).read_text().split()
        assert [entry.id for entry in entries(records) if entry.split == split] == ids
    assert all(record.entry.tags and not record.problems for record in records)
    assert all(entry.image.exists() and entry.mask.exists() for entry in entries(records))


# folder


def test_folder_finds_images_masks_and_tags(tmp_path):
    grey = np.zeros((4, 4), dtype=np.uint8)
    for name in ("a.jpg", "sub/b.v2.png", "C.PNG", "v.jpg"):
        (tmp_path / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        write_grey(tmp_path / "images" / name, grey)
    for name in ("a", "sub/own"):
        write_mask(tmp_path / "masks" / f"{name}.png", grey)
    train = write(
        tmp_path / "train.csv",
        '\ufeffImage, Tags ,mask\r\na.jpg,"dog, big cat",\r\nsub/b.v2, dog;dog ;cat,sub/own.png\r\n'
        "\r\nC,dog,\r\n",
    )
    val = write(tmp_path / "val.csv", "image\nv.jpg\n")
    images, masks = tmp_path / "images", tmp_path / "masks"
    records = folder_records(images, train, val, masks)
    assert entries(records) == [
        Entry("a", "train", images / "a.jpg", masks / "a.png", ("dog", "big cat")),
        Entry("sub/b.v2", "train", images / "sub/b.v2.png", masks / "sub/own.png", ("dog", "cat")),
        Entry("C", "train", images / "C.PNG", None, ("dog",)),
        Entry("v", "val", images / "v.jpg", masks / "v.png", ()),
    ]
    assert [(record.source, record.line) for record in records] == [
        (train, 2),
        (train, 3),
        (train, 5),
        (val, 2),
    ]
    assert not any(record.problems for record in records)


def test_folder_without_masks_has_none_unless_named(tmp_path):
    table = write(tmp_path / "t.csv", "image,split,tags,mask\na.jpg,train,x,\nb.jpg,val,,m/b.png\n")
    first, second = entries(folder_records(tmp_path, table))
    assert first.mask is None
    assert second.mask == tmp_path / "m" / "b.png"


def test_a_name_is_found_in_another_normal_form(tmp_path):
    for name in ("cafe\u0301.jpg", "the\u0301.png"):  # as a Mac packs them
        write_grey(tmp_path / name, np.zeros((4, 4), dtype=np.uint8))
    table = write(tmp_path / "t.csv", "image,tags\ncaf\u00e9.jpg,x\nth\u00e9,x\n")
    first, second = entries(folder_records(tmp_path, table))
    assert first.image.is_file() and second.image.is_file()
    assert first.id == "caf\u00e9"


def test_image_named_without_extension_must_be_one_file(tmp_path):
    for name in ("a.jpg", "a.png"):
        write_grey(tmp_path / name, np.zeros((4, 4), dtype=np.uint8))
    (record,) = folder_records(tmp_path, write(tmp_path / "t.csv", "image,tags\na,x\n"))
    assert record.problems == ("image 'a' may be a.jpg and a.png: name it with its extension",)


def test_ids_of_the_snakefile_are_those_of_the_records(tmp_path):
    table = write(tmp_path / "t.csv", "image,split,tags\nb.png,val,\na,train,x\nc/d.jpg,train,x\n")
    records = entries(folder_records(tmp_path, table))
    for split in ("train", "val"):
        assert folder_ids(table, split) == [e.id for e in records if e.split == split]
