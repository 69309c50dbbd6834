"""Damaged files of every kind are told of in one sentence, or do no harm.

`make fuzz` tries thousands: EXAMPLES of each kind, drawn anew each time.
"""

import io
import json
import logging
import os
import resource
import shutil
import signal
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from damage import OTHERS, Content, broken, rearranged, repainted, retarred, retyped, rezipped
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mmengine.optim import OptimWrapper, PolyLR
from PIL import Image
from scipy.io import savemat
from test_pretrained import ARRAYS, as_mxnet
from tiny_training import TinyModel, tiny_model

from rules.plan import configuration, input_folders, overlay, planning, yaml_files
from urn.backbones.base import load_exactly
from urn.backbones.published import read_checkpoint
from urn.datasets.coco import COCO_CLASSES, coco_records
from urn.datasets.folder import folder_records
from urn.datasets.ids import list_lines
from urn.datasets.index import Entry, Index, read_index, write_index
from urn.datasets.instances import read_instances, semantic_mask
from urn.datasets.sbd import write_sbd_masks
from urn.datasets.unpack import unpack
from urn.datasets.voc import xml_tags
from urn.errors import UserError
from urn.files.archives import read_archive, write_archive
from urn.files.images import image_size, palette, read_image, read_mask
from urn.files.jpeg import has_hole
from urn.files.models import load_model, save_model
from urn.training.checkpoints import Trained, latest_checkpoint

EXAMPLES = int(os.environ.get("EXAMPLES", 40))
SECONDS = 10  # of computing, that one file may take; of waiting, a hundred times as much
MOST_MEMORY = 1 << 30  # that files of a few kilobytes may take
HEIC = Path(__file__).parent / "photo.heic"
RNG = np.random.default_rng(0)

LABELS = RNG.integers(0, 3, (12, 18), np.uint8)
LABELS[0] = 255
PIXELS = RNG.integers(0, 256, (12, 18, 3), np.uint8)
TABLE = 'image,tags,split,mask\na.jpg,"cat, dog",train,\nb/c,cat;dog,val,m.png\né,dog,,\n'
CLASSES = ("cat", "dog", "sheep")
LIST = "2007_000032\na/b 3 4\né\n2007_000039 17 91\n"
XML = """<annotation><size><width>18</width><height>12</height></size>
<object><name>cat</name><bndbox><xmin>1</xmin></bndbox></object>
<object><name> dog </name><difficult>1</difficult></object></annotation>"""
INSTANCES: dict[str, Any] = {
    "categories": [{"id": n, "name": name} for n, name in enumerate(COCO_CLASSES, 1) if name],
    "images": [
        {"id": 1, "file_name": "a.jpg", "height": 12, "width": 18},
        {"id": 2, "file_name": "b.jpg", "height": 4, "width": 6},
    ],
    "annotations": [
        {
            "id": 1,
            "image_id": 1,
            "category_id": 1,
            "area": 30.5,
            "segmentation": [[1, 1, 9, 2, 5, 8]],
        },
        {
            "id": 2,
            "image_id": 1,
            "category_id": 18,
            "area": 4,
            "segmentation": {"size": [12, 18], "counts": [100, 4, 112]},
        },
        {
            "id": 3,
            "image_id": 2,
            "category_id": 3,
            "area": 6,
            "segmentation": {"size": [4, 6], "counts": "969"},
        },
    ],
}
CONFIGURATION: dict[str, Any] = {
    "dataset": "mine",
    "t": 0.05,
    "supervisions": {"narrow": {"masks": "teacher", "weighting": "uncertainty", "t": 0.2}},
    "datasets": {
        "mine": {
            "layout": "folder",
            "images": "photos",
            "train": "tags.csv",
            "classes": ["cat", "dog"],
            "teacher": "resnet18",
            "runs": {"resnet18": ["urn", "baseline"]},
            "classification": {"iterations": 6, "long_side": [96, 128], "scales": [0.5, 1]},
            "pseudo_masks": {"by_refiner": {"crf": {"alpha": 1.4}}},
            "segmentation": {"by_backbone": {"resnet18": {"crop": 96}}},
        }
    },
}


@dataclass
class Kind:
    """A kind of input file.

    Attributes:
        file: its name.
        content: what it holds undamaged.
        read: reads it, as the project does.
        is_sound: whether a result has the right types, shapes and ranges. Where damage cannot be
            told from other data (a pixel, a number, a name), no more can be asked.
        sealed: whether check sums tell of any damage, so that a result must be the undamaged one.
        deeper: damage that keeps the form of the file.
    """

    file: str
    content: bytes
    read: Callable[[Path], Any]
    is_sound: Callable[[Any], bool]
    sealed: bool = False
    deeper: Content | None = None

    @property
    def damaged(self) -> st.SearchStrategy[tuple[bytes, bool]]:
        """Contents, and whether a result must be that of the undamaged one."""
        others = st.sampled_from(OTHERS).map(lambda content: (content, False))
        by_bytes = broken(self.content).map(lambda content: (content, self.sealed))
        if self.deeper is None:
            return st.one_of(by_bytes, by_bytes, by_bytes, others)
        deep = self.deeper.map(lambda content: (content, False))
        return st.one_of(by_bytes, deep, by_bytes, deep, deep, others)


def saved(write: Callable[[Any], object]) -> bytes:
    """What a function writes into a file."""
    file = io.BytesIO()
    write(file)
    return file.getvalue()


# Tables, lists, annotations, configuration.


def is_name(text: str) -> bool:
    """Whether files can be named so, in a folder and not beside it."""
    parts = text.split("/")
    return text.isprintable() and not {"", ".", ".."} & set(parts) and not set("{}\\") & set(text)


def table(folder: Path) -> Kind:
    def is_sound(records: Any) -> bool:
        entries = [record.entry for record in records]
        return all(
            is_name(entry.id) and entry.split in ("train", "val") and all(entry.tags)
            for entry in entries
        )

    content = TABLE.encode()
    read = partial(folder_records, folder, masks=folder)
    return Kind("tags.csv", content, read, is_sound, deeper=retyped(content))


def image_list(folder: Path) -> Kind:
    content = LIST.encode()
    return Kind(
        "train.txt",
        content,
        list_lines,
        lambda lines: all(is_name(image_id) for _, image_id, _ in lines),
        deeper=retyped(content),
    )


def coco_list(folder: Path) -> Kind:
    (folder / "lists").mkdir()
    (folder / "lists" / "val.txt").write_text("v\n")

    def is_sound(records: Any) -> bool:
        return all({*record.entry.tags} <= {*COCO_CLASSES} - {""} for record in records)

    def read(path: Path) -> Any:
        return coco_records(folder, "train", "val")

    return Kind("lists/train.txt", LIST.encode(), read, is_sound, deeper=retyped(LIST.encode()))


def annotation(folder: Path) -> Kind:
    def is_sound(tags: Any) -> bool:
        return all(isinstance(tag, str) and tag == tag.strip() != "" for tag in tags)

    return Kind("a.xml", XML.encode(), xml_tags, is_sound, deeper=retyped(XML.encode()))


def instances(folder: Path) -> Kind:
    def read(path: Path) -> list[Any]:
        images = read_instances(path, COCO_CLASSES)
        return [(image.id, image.size, image.class_ids, semantic_mask(image)) for image in images]

    def is_sound(images: Any) -> bool:
        return all(
            is_name(image_id) and is_mask(mask) and mask.shape == size and min(ids) > 0
            for image_id, size, ids, mask in images
        )

    content = json.dumps(INSTANCES).encode()
    small = {**INSTANCES, "categories": INSTANCES["categories"][:1]}
    rest = INSTANCES["categories"][1:]

    def written(tree: dict[str, Any]) -> str:
        if isinstance(tree.get("categories"), list):
            tree["categories"] += rest
        return json.dumps(tree)

    deeper = rearranged(small, written) | retyped(content)
    return Kind("instances.json", content, read, is_sound, deeper=deeper)


def settings_file(folder: Path) -> Kind:
    (folder / "photos").mkdir()
    (folder / "tags.csv").write_text("image,tags\na,cat\nb,dog\n")
    defaults = Path(__file__).parents[1] / "config.yaml"

    def read(path: Path) -> dict[str, Any]:
        """As rules/common.smk does, after Snakemake has laid the files over each other."""
        yaml_files.check([path])
        given = yaml_files.load(path)
        config = configuration._laid_over(yaml_files.load(defaults), given)
        overlay.settle(config, given)
        configuration.check(config)
        input_folders.check(config)
        planning.check(config, [])
        return config

    def is_sound(config: Any) -> bool:
        sections = {
            (name, section): configuration.resolve(config, name, section)
            for name in config["datasets"]
            for section in configuration.SECTIONS
        }
        return bool(sections and configuration.supervisions(config))

    content = yaml.safe_dump(CONFIGURATION)
    deeper = rearranged(CONFIGURATION, yaml.safe_dump) | retyped(content.encode())
    return Kind("mine.yaml", content.encode(), read, is_sound, deeper=deeper)


def index(folder: Path) -> Kind:
    entries = (
        Entry("a", "train", Path("a.jpg"), None, ("cat", "dog")),
        Entry("b/c", "val", Path("c.jpg"), Path("c.png"), ()),
    )
    write_index(folder / "index.csv", Index(CLASSES, entries))
    content = (folder / "index.csv").read_bytes()

    def is_sound(read: Any) -> bool:
        return all(is_name(entry.id) and read.tag_ids(entry) is not None for entry in read.entries)

    return Kind("index.csv", content, read_index, is_sound, deeper=retyped(content))


# Images and masks.


def is_mask(mask: Any) -> bool:
    return bool(mask.ndim == 2 and mask.dtype == np.uint8 and mask.size)


def mask(folder: Path) -> Kind:
    image = Image.fromarray(LABELS)
    image.putpalette(palette().reshape(-1).tolist())
    content = saved(partial(image.save, format="PNG"))
    return Kind("mask.png", content, read_mask, is_mask, True, repainted(content))


def image(folder: Path, suffix: str) -> Kind:
    def read(path: Path) -> Any:
        pixels = read_image(path)
        return pixels, image_size(path), has_hole(path)

    def is_sound(result: Any) -> bool:
        pixels, size, _ = result
        return pixels.dtype == np.uint8 and pixels.shape == (*size, 3)

    photo = Image.fromarray(PIXELS)
    exif = Image.Exif()
    exif[0x0112] = 6
    match suffix:
        case "png":
            content = saved(partial(photo.save, format="PNG"))
            return Kind("photo.png", content, read, is_sound, True, repainted(content))
        case "jpg":
            content = saved(partial(photo.save, format="JPEG", exif=exif))
        case "tif":
            content = saved(partial(photo.save, format="TIFF", compression="tiff_lzw"))
        case "16-bit.tif":
            grey = Image.fromarray(PIXELS[..., 0].astype(np.uint16) * 257)
            content = saved(partial(grey.save, format="TIFF"))
        case "heic":
            content = HEIC.read_bytes()
    return Kind(f"photo.{suffix}", content, read, is_sound)


# Archives.


def class_maps(folder: Path) -> Kind:
    maps = RNG.random((2, 3, 4), np.float32)
    write_archive(folder / "cams.npz", [(i, np.array([1, 3]), maps) for i in ("a", "b/c")])
    content = (folder / "cams.npz").read_bytes()

    def is_sound(result: Any) -> bool:
        return all(
            labels.dtype == np.uint8
            and maps.dtype == np.float32
            and maps.ndim == 3
            and labels.shape == maps.shape[:1]
            for _, labels, maps in result
        )

    def read(path: Path) -> Any:
        return list(read_archive(path, ["a", "b/c"]))

    return Kind("cams.npz", content, read, is_sound, True, rezipped(content))


FILES = {"VOC/a.txt": b"hello\n" * 9, "VOC/b/c.png": RNG.bytes(400), "d": b""}


def unpacked(path: Path) -> dict[str, bytes]:
    """What an archive puts into its folder, with a file beside it that must stay as it is."""
    folder = path.parent / "unpacked"
    try:
        unpack(path, folder / "inner")
        assert [file.name for file in folder.iterdir()] == ["inner"]
        return {
            str(file.relative_to(folder)): file.read_bytes()
            for file in folder.rglob("*")
            if file.is_file() and not file.is_symlink()
        }
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def are_files(files: dict[str, bytes]) -> bool:
    return all(isinstance(content, bytes) for content in files.values())


def zipped(folder: Path) -> Kind:
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, inside in FILES.items():
            archive.writestr(name, inside)
    content = (folder / "a.zip").read_bytes()
    return Kind("a.zip", content, unpacked, are_files, True, rezipped(content))


def tarred(folder: Path, mode: str) -> Kind:
    def write(file: Any, mode: str) -> None:
        with tarfile.open(None, mode, file) as archive:
            for name, inside in FILES.items():
                member = tarfile.TarInfo(name)
                member.size = len(inside)
                archive.addfile(member, io.BytesIO(inside))

    plain = saved(partial(write, mode="w"))
    content = saved(partial(write, mode=f"w:{mode}"))
    return Kind(f"a.tar.{mode}", content, unpacked, are_files, mode != "", retarred(plain))


def sbd(folder: Path) -> Kind:
    matrix = saved(partial(savemat, mdict={"GTcls": {"Segmentation": LABELS, "B": [[1.5]]}}))
    names = "benchmark_RELEASE/dataset"

    def packed(matrix: bytes) -> bytes:
        files = {"train.txt": b"a\n", "val.txt": b"b\n", "cls/a.mat": matrix}

        def write(file: Any) -> None:
            with tarfile.open(None, "w", file) as archive:
                for name, inside in files.items():
                    member = tarfile.TarInfo(f"{names}/{name}")
                    member.size = len(inside)
                    archive.addfile(member, io.BytesIO(inside))

        return saved(write)

    def read(path: Path) -> Any:
        masks = path.parent / "masks"
        try:
            splits = write_sbd_masks(path, masks, {"skipped"})
            assert {file.parent for file in masks.rglob("*")} <= {masks}
            return splits, [read_mask(file) for file in sorted(masks.glob("*"))]
        finally:
            shutil.rmtree(masks, ignore_errors=True)

    def is_sound(result: Any) -> bool:
        splits, masks = result
        return {*splits} == {"train", "val"} and all(map(is_mask, masks))

    return Kind("sbd.tar", packed(matrix), read, is_sound, deeper=broken(matrix).map(packed))


# Weights, models, checkpoints.

LAYER = torch.nn.Linear(3, 4)


def weights(folder: Path, new: bool) -> Kind:
    state = {**LAYER.state_dict(), "epoch": 3, "settings": {"a": [1, 2.5, None]}}
    content = saved(partial(torch.save, state, _use_new_zipfile_serialization=new))

    def read(path: Path) -> Any:
        layer = torch.nn.Linear(3, 4)
        tensors = read_checkpoint(path, "torch")
        try:
            load_exactly(layer, tensors)
        except RuntimeError as error:  # as scripts tell it
            raise UserError(f"{path} does not fit: {error}") from None
        return layer.state_dict()

    deeper = rezipped(content) if new else None
    return Kind("weights.pth", content, read, lambda state: True, new, deeper)


def model(folder: Path) -> Kind:
    save_model(TinyModel(), folder / "model.pth", {"build": {"width": 4}})
    content = (folder / "model.pth").read_bytes()

    def read(path: Path) -> Any:
        loaded, meta = load_model(path, lambda meta: TinyModel(**meta["build"]))
        return loaded.state_dict(), meta

    def is_sound(result: Any) -> bool:
        state, _ = result
        return all(bool(tensor.isfinite().all()) for tensor in state.values())

    return Kind("model.pth", content, read, is_sound, True, rezipped(content))


def checkpoint(folder: Path) -> Kind:
    network = tiny_model()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9)
    wrapper = OptimWrapper(optimizer)
    trained = Trained(network, wrapper, [PolyLR(wrapper, power=0.9, by_epoch=False)])
    wrapper.update_params(network.parameters().__next__().square().sum())
    torch.save(trained.state(3, "as here"), folder / "iteration_3.pth")

    def read(path: Path) -> Any:
        """A training that finds no usable checkpoint says so, and starts anew."""
        told = io.StringIO()
        handler = logging.StreamHandler(told)
        logger = logging.getLogger("urn.training.checkpoints")
        logger.addHandler(handler)
        try:
            state = latest_checkpoint(path.parent, "as here", trained)
        finally:
            logger.removeHandler(handler)
        if state is None:
            raise UserError(told.getvalue().strip() or f"{path} of other settings")
        trained.restore(state)
        return state

    def is_sound(state: Any) -> bool:
        return bool(state["iteration"] >= 0)

    content = (folder / "iteration_3.pth").read_bytes()
    return Kind(
        "iteration_3.pth", content, read, lambda s: s["iteration"] >= 0, True, rezipped(content)
    )


def params(folder: Path, version: int | None) -> Kind:
    def is_sound(tensors: Any) -> bool:
        return all(isinstance(tensor, torch.Tensor) for tensor in tensors.values())

    def read(path: Path) -> Any:
        return read_checkpoint(path, "mxnet")

    return Kind("a.params", as_mxnet(ARRAYS, version), read, is_sound)


KINDS: dict[str, Callable[[Path], Kind]] = {
    "table": table,
    "list": image_list,
    "COCO list": coco_list,
    "configuration": settings_file,
    "XML": annotation,
    "JSON": instances,
    "index": index,
    "mask": mask,
    **{f: partial(image, suffix=f) for f in ("png", "jpg", "tif", "16-bit.tif", "heic")},
    "npz": class_maps,
    "zip": zipped,
    "tar": partial(tarred, mode=""),
    "tar.gz": partial(tarred, mode="gz"),
    "SBD": sbd,
    "weights": partial(weights, new=True),
    "old weights": partial(weights, new=False),
    "model": model,
    "checkpoint": checkpoint,
    "params": partial(params, version=0xF993FAC9),
    "old params": partial(params, version=None),
}

# Whether anything is run, fetched, or written beside the folder.

FORBIDDEN = ("os.system", "os.exec", "os.posix_spawn", "subprocess.Popen", "socket.", "pickle.")
seen: list[str] | None = None


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if seen is not None and event.startswith(FORBIDDEN):
        seen.append(f"{event} {arguments}")


sys.addaudithook(_hook)


LIMITS = (
    (signal.SIGPROF, signal.ITIMER_PROF, SECONDS),
    (signal.SIGALRM, signal.ITIMER_REAL, 100 * SECONDS),
)


class TakesTooLongError(BaseException):
    """No reader catches it."""


@contextmanager
def watched() -> Iterator[None]:
    """End what hangs, and see what is run."""
    global seen

    def end(*_: object) -> None:
        raise TakesTooLongError

    seen, before = [], {number: signal.signal(number, end) for number, *_ in LIMITS}
    for _, timer, seconds in LIMITS:
        signal.setitimer(timer, seconds)
    try:
        yield
        assert not seen
    finally:
        for number, timer, _ in LIMITS:
            signal.setitimer(timer, 0)
            signal.signal(number, before[number])
        seen = None


@contextmanager
def memory_limited() -> Iterator[None]:
    """Refuse more address space than a little, and see that less still is taken."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = resource.getrlimit(resource.RLIMIT_AS)
    taken = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    resource.setrlimit(
        resource.RLIMIT_AS, (pages * resource.getpagesize() + 4 * MOST_MEMORY, limit[1])
    )
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limit)
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - taken
    assert more * 1024 < MOST_MEMORY


def comparable(value: Any) -> Any:
    """A result that == compares, and whole."""
    match value:
        case np.ndarray() | torch.Tensor():
            array = np.asarray(value)
            return array.dtype, array.shape, array.tobytes()
        case dict():
            return {key: comparable(item) for key, item in value.items()}
        case list() | tuple():
            return [comparable(item) for item in value]
        case _:
            return value


def is_sentence(told: str, path: Path) -> bool:
    """Whether one sentence, or one for each fault, names the file (or the key) and a reason."""
    sentence, *more = told.splitlines()
    return (
        (not more or sentence.endswith("to mend:"))
        and any(name in told for name in (str(path), "config: ", "correct datasets."))
        and all(line.isprintable() for line in (sentence, *more))
        and "()" not in sentence
        and "memory" not in sentence
    )


@pytest.mark.filterwarnings("ignore")
@pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")
@pytest.mark.parametrize("name", KINDS)
def test_damage_is_told_in_one_sentence_or_does_no_harm(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kind = KINDS[name](tmp_path)
    path = tmp_path / kind.file
    path.write_bytes(kind.content)
    whole = comparable(kind.read(path))

    @settings(
        max_examples=EXAMPLES,
        derandomize="EXAMPLES" not in os.environ,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(kind.damaged)
    def read_damaged(damaged: tuple[bytes, bool]) -> None:
        content, must_be_whole = damaged
        path.write_bytes(content)
        told = None
        try:
            with watched():
                result = kind.read(path)
        except UserError as error:
            told = str(error)
        if told is not None:
            assert is_sentence(told, path)
        else:
            assert kind.is_sound(result)
            if must_be_whole:
                assert comparable(result) == whole

    with memory_limited():
        read_damaged()
