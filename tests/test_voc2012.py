"""VOC 2012 with SBD, from the official archives' layout to the evaluation server's."""

import gzip
import io
import os
import re
import signal
import tarfile
import zipfile

import numpy as np
import pytest
import yaml
from PIL import Image
from scipy.io import savemat
from test_workflow import REPOSITORY, planned, snakemake

from urn.datasets import sbd as reader_of_sbd
from urn.datasets.ids import voc_ids
from urn.datasets.sbd import trainaug, write_sbd_masks
from urn.datasets.shapes import draw_scene
from urn.datasets.unpack import unpack
from urn.datasets.voc import VOC_CLASSES
from urn.errors import UserError
from urn.files.images import palette, read_mask, write_mask
from urn.files.models import save_model
from urn.segmentation.model import build_segmentor
from urn.submission import FOLDER, write_submission

VOC_LISTS = "ImageSets/Segmentation"


def test_trainaug_is_the_fields(facts):
    train, val, expected = (
        voc_ids(facts / f"voc12_{name}.txt") for name in ("train", "val", "trainaug")
    )
    # SBD's own splits, which are another division of the images, VOC's val images among them.
    sbd = sorted({*expected, *val} - set(train[::3]))
    ids = trainaug(train, val, sbd[1::2], sbd[::2])
    assert ids == expected
    assert (len(ids), len(val), len(voc_ids(facts / "voc12_test.txt"))) == (10_582, 1_449, 1_456)


# archives


def member(name, content):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    return info, io.BytesIO(content)


def write_tar(path, files, mode="w:gz"):
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            archive.addfile(*member(name, content))
    return path


def write_zip(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("write", [write_tar, write_zip])
def test_unpacking_what_lies_below_a_folder(write, tmp_path):
    archive = write(tmp_path / "archive", {"kit/2012/a/b.txt": b"b", "kit/c.txt": b"c"})
    unpack(archive, tmp_path / "all")
    unpack(archive, tmp_path / "some", below="kit/2012")
    assert (tmp_path / "all" / "kit" / "c.txt").read_bytes() == b"c"
    found = [path for path in (tmp_path / "some").rglob("*") if path.is_file()]
    assert found == [tmp_path / "some" / "a" / "b.txt"]


@pytest.mark.parametrize("write", [write_tar, write_zip])
def test_names_outside_the_folder_are_refused(write, tmp_path):
    archive = write(tmp_path / "archive", {"../evil.txt": b"x"})
    with pytest.raises(UserError, match=r"holds \.\./evil\.txt"):
        unpack(archive, tmp_path / "in")
    assert not (tmp_path / "evil.txt").exists()


def test_damaged_archives_are_the_users_to_mend(tmp_path):
    noise = np.random.default_rng(0).bytes(100_000)
    archive = write_tar(tmp_path / "a.tgz", {"a": noise})
    archive.write_bytes(archive.read_bytes()[:50_000])
    with pytest.raises(UserError, match=r"a\.tgz is damaged"):
        unpack(archive, tmp_path / "out")
    archive.write_bytes(b"<html>Sign in</html>")
    with pytest.raises(UserError, match=r"a\.tgz is damaged"):
        unpack(archive, tmp_path / "out")
    with pytest.raises(UserError, match=r"absent cannot be read"):
        unpack(tmp_path / "absent", tmp_path / "out")


def flipped(content, place):
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def test_a_flipped_bit_in_a_compressed_tar_is_told(tmp_path):
    """Even where the data can be unpacked all the same."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("a"))
    content = gzip.compress(plain.getvalue())
    (tmp_path / "a.tgz").write_bytes(flipped(content, len(content) - 8))
    with pytest.raises(UserError, match=r"a\.tgz is damaged \(CRC check failed"):
        unpack(tmp_path / "a.tgz", tmp_path / "out")


@pytest.mark.parametrize("damage", [lambda c: flipped(c, 1024), lambda c: c[:1024]])
def test_a_tar_that_ends_early_is_told(tmp_path, damage):
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        for name in "abc":
            tar.addfile(tarfile.TarInfo(name))
    archive = tmp_path / "a.tar"
    archive.write_bytes(damage(archive.read_bytes()))
    with pytest.raises(UserError, match=r"a\.tar is damaged \(it is cut short, or a header"):
        unpack(archive, tmp_path / "out")


def test_a_zip_without_its_beginning_is_told(tmp_path):
    archive = write_zip(tmp_path / "a.zip", {"a": b"a", "b": b"b"})
    archive.write_bytes(archive.read_bytes()[1:])
    with pytest.raises(UserError, match=r"a\.zip is damaged \(its table of files"):
        unpack(archive, tmp_path / "out")


@pytest.mark.parametrize(("content", "below"), [(bytes(10_240), "."), (None, "VOC")])
def test_an_archive_without_the_files_wanted_is_told(tmp_path, content, below):
    archive = write_tar(tmp_path / "a.tar", {"kit/a": b"a"})
    if content is not None:
        archive.write_bytes(content)
    with pytest.raises(UserError, match=rf"a\.tar holds no file below {below}: replace it"):
        unpack(archive, tmp_path / "out", below)


@pytest.mark.parametrize("names", [("a", "a/b"), ("n" * 300,)])
def test_names_that_cannot_be_files_are_told(tmp_path, names):
    archive = write_zip(tmp_path / "a.zip", dict.fromkeys(names, b"x"))
    with pytest.raises(UserError, match=r"a\.zip holds .*, which cannot be a file.*: replace it"):
        unpack(archive, tmp_path / "out")


def test_an_encrypted_archive_is_the_users_to_mend(tmp_path):
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a", "content")
    content = bytearray(archive.read_bytes())
    for header, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(header) + flags] |= 1
    archive.write_bytes(content)
    with pytest.raises(UserError, match=r"a\.zip cannot be unpacked .*encrypted.*: replace it"):
        unpack(archive, tmp_path / "out")


def mat(mask):
    content = io.BytesIO()
    savemat(content, {"GTcls": {"Boundaries": np.zeros((20, 1), object), "Segmentation": mask}})
    return content.getvalue()


def sbd_archive(path, masks, train, val):
    files = {f"cls/{image_id}.mat": mat(mask) for image_id, mask in masks.items()}
    files |= {"train.txt": "\n".join(train).encode(), "val.txt": "\n".join(val).encode()}
    files["img/a.jpg"] = b"not read"
    return write_tar(path, {f"benchmark_RELEASE/dataset/{k}": v for k, v in files.items()})


def test_masks_of_sbd(tmp_path):
    mask = np.arange(12, dtype=np.uint8).reshape(3, 4)
    archive = sbd_archive(tmp_path / "a.tgz", {"a": mask, "b": mask}, ["a"], ["b"])
    assert write_sbd_masks(archive, tmp_path, skip={"b"}) == {"train": ["a"], "val": ["b"]}
    np.testing.assert_array_equal(read_mask(tmp_path / "a.png"), mask)
    assert not (tmp_path / "b.png").exists()
    with pytest.raises(UserError, match=r"has no benchmark_RELEASE/dataset/train\.txt"):
        write_sbd_masks(write_tar(tmp_path / "b.tgz", {"a": b""}), tmp_path, skip=())


def test_what_is_no_mask_of_sbd_is_told(tmp_path):
    whole = mat(np.ones((3, 4), np.uint8))
    for number, content in enumerate((b"", whole[:-40], mat(np.ones(3)), b"<html>" * 40)):
        files = {"cls/a.mat": content, "train.txt": b"a", "val.txt": b"b"}
        archive = tmp_path / f"{number}.tgz"
        write_tar(archive, {f"benchmark_RELEASE/dataset/{k}": v for k, v in files.items()})
        with pytest.raises(UserError, match=r"\.tgz holds .*cls/a\.mat, no mask of SBD"):
            write_sbd_masks(archive, tmp_path / "masks", ())
    lists = sbd_archive(tmp_path / "b.tgz", {}, ["../a"], ["b"])
    with pytest.raises(UserError, match=r"b\.tgz has a damaged .*train\.txt"):
        write_sbd_masks(lists, tmp_path / "masks", ())


# submission


def submitted(path):
    with tarfile.open(path) as archive:
        return {item.name: archive.extractfile(item).read() for item in archive}


def test_submission_has_every_image_as_the_server_wants_it(tmp_path):
    mask = np.array([[0, 20], [7, 7]], np.uint8)
    masks = {}
    for image_id in ("a", "b"):
        write_mask(tmp_path / f"{image_id}.png", mask)
        masks[image_id] = (tmp_path / f"{image_id}.png", tmp_path / f"{image_id}.png")
    write_submission(tmp_path / "s.tgz", masks, 21)
    files = submitted(tmp_path / "s.tgz")
    assert list(files) == [f"results/VOC2012/Segmentation/comp6_test_cls/{i}.png" for i in "ab"]
    image = Image.open(io.BytesIO(files[f"{FOLDER}/a.png"]))
    assert image.mode == "P" and np.array_equal(np.array(image), mask)
    assert image.getpalette() == palette().reshape(-1).tolist()

    write_mask(tmp_path / "b.png", np.full((2, 2), 255))
    with pytest.raises(UserError, match=r"b\.png has ids \[255\]: the server takes 0 to 20"):
        write_submission(tmp_path / "t.tgz", masks, 21)
    write_mask(tmp_path / "big.png", np.zeros((3, 2)))
    with pytest.raises(UserError, match=r"a\.png is not of the size of .*big\.png"):
        write_submission(tmp_path / "t.tgz", {"a": (tmp_path / "a.png", tmp_path / "big.png")}, 21)
    with pytest.raises(UserError, match=r"c\.png does not exist"):
        write_submission(tmp_path / "t.tgz", {"c": (tmp_path / "c.png", tmp_path / "a.png")}, 21)
    assert not (tmp_path / "t.tgz").exists()


# the workflow

TRAIN, VAL, TEST = ["t0", "t1"], ["v0", "v1"], ["e0", "e1", "e2"]
SBD_TRAIN, SBD_VAL = ["s0", "s1", "v0", "t0"], ["s2", "v1"]


def drawn(number):
    """A photograph as VOC's servers have it, and its mask."""
    pixels, mask = draw_scene("train", number, seed=3)
    jpeg = io.BytesIO()
    Image.fromarray(pixels).save(jpeg, "JPEG")
    return jpeg.getvalue(), mask


def write_official_archives(folder, scene=drawn):
    """The archives as the servers have them, image by image of a scene: JPEG and mask."""
    kit, test, sbd = {}, {}, {}
    for number, image_id in enumerate(sorted({*TRAIN, *VAL, *TEST, *SBD_TRAIN, *SBD_VAL})):
        jpeg, mask = scene(number)
        png = io.BytesIO()
        Image.fromarray(mask).save(png, "PNG")
        names = [VOC_CLASSES[i - 1] for i in np.unique(mask) if i not in (0, 255)]
        objects = "".join(f"<object><name>{name}</name></object>" for name in names)
        if image_id in TEST:
            test[f"JPEGImages/{image_id}.jpg"] = jpeg
            continue
        kit[f"JPEGImages/{image_id}.jpg"] = jpeg
        kit[f"Annotations/{image_id}.xml"] = f"<annotation>{objects}</annotation>".encode()
        if image_id in TRAIN + VAL:
            kit[f"SegmentationClass/{image_id}.png"] = png.getvalue()
        if image_id in SBD_TRAIN + SBD_VAL:
            sbd[image_id] = np.where(mask == 255, 0, mask) if image_id[0] == "s" else mask * 0
    for split, ids, files in (("train", TRAIN, kit), ("val", VAL, kit), ("test", TEST, test)):
        files[f"{VOC_LISTS}/{split}.txt"] = "\n".join([*ids, ""]).encode()
    write_tar(folder / "voc.tar", {f"VOCdevkit/VOC2012/{k}": v for k, v in kit.items()}, "w")
    write_tar(folder / "test.tar", {f"VOCdevkit/VOC2012/{k}": v for k, v in test.items()}, "w")
    sbd_archive(folder / "sbd.tgz", sbd, SBD_TRAIN, SBD_VAL)
    paths = {"voc2012": "voc.tar", "voc2012_test": "test.tar", "sbd": "sbd.tgz"}
    # They are not the official files, whose checksums config.yaml has.
    return {name: {"path": str(folder / file), "md5": None} for name, file in paths.items()}


def configuration(folder, **scene):
    tiny = yaml.safe_load((REPOSITORY / "tests" / "tiny.yaml").read_text())["datasets"]["tiny"]
    tiny |= {
        "layout": "voc",
        "root": "data/mini",
        "download": True,
        "expected": str(folder / "expected"),
        "train": f"{VOC_LISTS}/trainaug.txt",
        "val": f"{VOC_LISTS}/val.txt",
        "test": f"{VOC_LISTS}/test.txt",
        "tags": "xml",
        "uncertainty": {"scales": [0.5, 2]},
    }
    tiny["responses"] |= {"minimum": 0.05}
    file = folder / "mini.yaml"
    archives = write_official_archives(folder, **scene)
    (folder / "expected").mkdir()
    trainaug = ["s0", "s1", "s2", "t0", "t1"]
    for name, ids in {"train": TRAIN, "val": VAL, "test": TEST, "trainaug": trainaug}.items():
        (folder / "expected" / f"{name}.txt").write_text("\n".join([*ids, ""]))
    content = {"dataset": "mini", "datasets": {"mini": tiny}, "archives": archives}
    file.write_text(yaml.safe_dump(content))
    return file


def write_model(path):
    """A segmentation model of VOC's classes that has learnt nothing."""
    build = {"backbone": "resnet18", "num_classes": 1 + len(VOC_CLASSES), "head_channels": 16}
    model = build_segmentor(**build, auxiliary_channels=16, pretrained=False)
    save_model(model, path, {"build": build | {"auxiliary_channels": 16}})


TARGET = "results/mini/efficientnet_lite0/submission.tgz"
PREPARATION = ["unpack_mini", "trainaug_mini", "unpack_mini_test"]
OF_VOC = ["index", "index_of_test", "responses", "test_predictions_mini_00000", "submission"]
OF_ALL = {
    **dict.fromkeys(OF_VOC, 1),
    "responses": 2,  # of train images for the weights, of test images
    **dict.fromkeys(["train_classifier", "cams", "cuts_mini_00000", "alpha"], 1),
    **{"pseudo_masks_mini_00000": 1, "train_segmentation": 2, "uncertainty_mini_00000": 1},
}


def test_from_the_archives_to_the_submission(tmp_path):
    """What VOC has of its own is run, what all datasets have alike is planned."""
    file = configuration(tmp_path)
    assert planned(tmp_path, TARGET, configuration=file) == OF_ALL | dict.fromkeys(PREPARATION, 1)
    write_model(tmp_path / "results" / "mini" / "efficientnet_lite0" / "urn" / "model.pth")
    targets = (TARGET, "results/mini/index.csv", "--allowed-rules", *PREPARATION, *OF_VOC)
    snakemake(tmp_path, *targets, configuration=file)
    root = tmp_path / "data" / "mini"
    assert voc_ids(root / VOC_LISTS / "trainaug.txt") == ["s0", "s1", "s2", "t0", "t1"]
    assert read_mask(root / "SegmentationClass" / "t0.png").any()  # VOC's, not SBD's
    assert read_mask(root / "SegmentationClass" / "s2.png").any()
    assert list(submitted(tmp_path / TARGET)) == [f"{FOLDER}/{i}.png" for i in TEST]
    index = (tmp_path / "results" / "mini" / "index.csv").read_text()
    assert not re.search("^e0,", index, re.MULTILINE)


def test_a_stopped_preparation_goes_on(tmp_path):
    """An archive cut short ends it where a killed job might have. What is done needs no archive."""
    file = configuration(tmp_path)
    index = "results/mini/index.csv"
    whole = (tmp_path / "voc.tar").read_bytes()
    (tmp_path / "voc.tar").write_bytes(whole[: len(whole) * 2 // 3])
    before = planned(tmp_path, index, configuration=file)
    code, output = snakemake(tmp_path, "prepare_mini", configuration=file, check=False)
    assert code != 0 and "voc.tar is damaged" in output
    root = tmp_path / "data" / "mini"
    assert list((root / "JPEGImages").iterdir()) and not list(root.rglob("*/train.txt"))
    assert planned(tmp_path, index, configuration=file) == before
    (tmp_path / "voc.tar").write_bytes(whole)
    snakemake(tmp_path, index, configuration=file)
    content = yaml.safe_load(file.read_text())
    content["archives"] = {name: {"urls": []} for name in content["archives"]}
    file.write_text(yaml.safe_dump(content))
    assert not planned(tmp_path, index, "prepare_mini", configuration=file)


def test_archives_with_other_images_than_expected_are_told(tmp_path):
    file = configuration(tmp_path)
    (tmp_path / "expected" / "val.txt").write_text("v0\nv1\nv2\n")
    code, output = snakemake(tmp_path, "results/mini/index.csv", configuration=file, check=False)
    assert code != 0
    sentence = r"val\.txt in \S*voc\.tar is not the list that is expected \(1 id missing: v2\)"
    assert re.search(rf"{VOC_LISTS}/{sentence}: replace the archive", output)
    assert not list((tmp_path / "data" / "mini").rglob("*/val.txt"))


def test_a_folder_of_ones_own_is_neither_unpacked_into_nor_emptied(tmp_path):
    file = configuration(tmp_path)
    root = tmp_path / "data" / "mini"
    unpack(tmp_path / "voc.tar", root, "VOCdevkit/VOC2012")
    (root / VOC_LISTS / "trainaug.txt").write_text("t0\n")  # fewer than expected
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    index = "results/mini/index.csv"
    assert planned(tmp_path, index, configuration=file) == {"index": 1}
    assert not planned(tmp_path, "prepare_mini", configuration=file)
    snakemake(tmp_path, index, "--forceall", configuration=file)
    snakemake(tmp_path, index, "--delete-all-output", configuration=file)
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before

    (root / VOC_LISTS / "trainaug.txt").unlink()
    code, output = snakemake(tmp_path, index, configuration=file, check=False)
    assert code != 0 and "trainaug.txt" in output
    assert "data/mini holds files of your own, so that no archive is unpacked into it" in output
    assert not (root / VOC_LISTS / "trainaug.txt").exists()


def crash(content):
    os.kill(os.getpid(), signal.SIGSEGV)


def test_a_mask_that_crashes_its_reader_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(reader_of_sbd, "_mask", crash)
    archive = tmp_path / "benchmark.tar"
    with tarfile.open(archive, "w") as file:
        file.addfile(tarfile.TarInfo("benchmark_RELEASE/dataset/cls/a.mat"))
    with pytest.raises(UserError, match=r"holds .*a\.mat, no mask of SBD: replace it"):
        write_sbd_masks(archive, tmp_path, set())
