"""What the plan asks of a dataset, whatever its layout."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from rules.plan import layouts
from rules.plan.layouts.folder import table
from urn.datasets import readers
from urn.errors import UserError

REPOSITORY = Path(__file__).parents[1]
RUNS = {"teacher": "resnet18", "runs": {"resnet18": ["urn"]}, "shard_size": 5}
SHAPES = {"layout": "shapes", "root": "drawn", "train": 2, "val": 1, **RUNS}
VOC = {"layout": "voc", "root": "voc", "train": "t.txt", "val": "v.txt", **RUNS}
COCO = {"layout": "coco", "root": "coco", "train": "train2014", "val": "val2014", **RUNS}
FOLDER = {"layout": "folder", "images": "photos", "train": "t.csv", "classes": ["cat"], **RUNS}
ALL = [SHAPES, VOC, COCO, FOLDER]
LISTS = "ImageSets/Segmentation"


@pytest.fixture(autouse=True)
def _lists(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table.cache_clear()
    for path, text in {
        "voc/t.txt": "a\nb\na\n",
        "voc/v.txt": "c\n",
        "voc/x.txt": "d\n",
        "coco/lists/train2014.txt": "a 1\nb 3 18\n",
        "coco/lists/val2014.txt": "c 1\n",
        "t.csv": "image,tags,split,mask\na.jpg,cat,,\nb.jpg,cat,,b.png\nc.jpg,,val,\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)


def of(entry, **changes):
    return layouts.of({**entry, **changes})


@pytest.mark.parametrize("entry", [VOC, COCO, FOLDER], ids=lambda entry: entry["layout"])
def test_ids_are_those_of_the_lists(entry):
    layout = layouts.of(entry)
    assert layout.ids("train") == ["a", "b"] and layout.ids("val") == ["c"]
    assert layout.available("train") and layout.available("val") and not layout.available("test")
    for path in layout.lists():
        Path(path).unlink()
    table.cache_clear()
    assert not layout.available("train")
    with pytest.raises(UserError, match="cannot be read"):
        layout.ids("train")


def test_ids_of_drawings_are_known_before_them():
    layout = layouts.of(SHAPES)
    assert len(layout.ids("train")) == 2 and len(layout.ids("val")) == 1
    assert layout.available("train") and not layout.available("test")
    assert layout.lists() == [f"drawn/ImageSets/Segmentation/{s}.txt" for s in ("train", "val")]


def test_lists_are_those_of_the_splits():
    assert of(VOC, test="x.txt").lists(["test"]) == ["voc/x.txt"]
    assert of(COCO).lists(["val"]) == ["coco/lists/val2014.txt"]
    assert of(FOLDER).lists() == ["t.csv"]
    assert of(FOLDER, val="v.csv").lists() == ["t.csv", "v.csv"]


def test_only_voc_has_a_test_split():
    tested = of(VOC, test="x.txt")
    assert tested.splits == ["train", "val", "test"] and tested.available("test")
    assert list(tested.files(["test"])["test"]) == ["d"]
    assert all(layouts.of(entry).splits == ["train", "val"] for entry in ALL)


@pytest.mark.parametrize("entry", ALL, ids=lambda entry: entry["layout"])
def test_the_source_is_the_entry_without_its_uses(entry):
    changed = {**entry, "evaluate": ["val"], "segmentation": {"crop": 64}, "working_size": "auto"}
    assert layouts.of(changed).source() == {k: v for k, v in entry.items() if k not in RUNS}


def test_splits_to_score_are_those_with_masks():
    assert of(SHAPES).evaluated == of(VOC).evaluated == of(COCO).evaluated == ["train", "val"]
    assert of(VOC, evaluate=[]).evaluated == [] and of(COCO, evaluate=["val"]).evaluated == ["val"]
    assert of(FOLDER).evaluated == [] and of(FOLDER, masks="m").evaluated == ["val"]
    assert of(FOLDER, masks="m", evaluate=["train"]).evaluated == ["train"]


def test_files_of_a_table_with_tags_as_written():
    found = of(FOLDER, masks="m").files(["train"])
    assert found == {
        "train": {
            "a": ("photos/a.jpg", ("cat",), None),
            "b": ("photos/b.jpg", ("cat",), "m/b.png"),
        }
    }


def test_masks_are_looked_for_where_the_layout_has_them(tmp_path):
    for path in ("voc/SegmentationClass/a.png", "coco/masks/b.png", "m/a.png"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text("")
    assert list(of(VOC).has_mask("train")) == [True, False]
    assert list(of(COCO).has_mask("train")) == [False, True]
    assert list(of(FOLDER).has_mask("train")) == [False, True]
    assert list(of(FOLDER, masks="m").has_mask("train")) == [True, True]
    assert list(of(SHAPES).has_mask("val")) == [False]


def test_what_rules_make_of_a_dataset():
    here = str(Path.cwd())
    assert [layouts.of(entry).made_by_rules for entry in ALL] == [True, False, False, False]
    assert of(COCO, root="absent").made_by_rules and not of(COCO, download=True).made_by_rules
    assert of(SHAPES, root="./drawn/").made_files() == {f"{here}/drawn"}
    assert of(VOC).made_files() == of(FOLDER).made_files() == set()
    assert of(VOC, download=True).made_files() == {f"{here}/voc"}
    assert len(of(COCO).made_files()) == 2 and len(of(COCO, download=True).made_files()) == 3


OFFICIAL = {
    "train": f"{LISTS}/trainaug.txt",
    "val": f"{LISTS}/val.txt",
    "test": f"{LISTS}/test.txt",
}
FETCHED = {
    "voc": {**VOC, **OFFICIAL, "download": True, "root": "new"},
    "coco": {**COCO, "download": True, "root": "new"},
}


@pytest.mark.parametrize(("name", "counts"), [("voc", (10_582, 1_449)), ("coco", (82_081, 40_137))])
def test_ids_are_known_before_the_archives_are_there(name, counts):
    layout = layouts.of(FETCHED[name])
    assert layout.from_archives and layout.made_by_rules and not list(layout.faults("key"))
    assert layout.available("train") and layout.available("val")
    assert layout.available("test") == (name == "voc")
    assert (len(layout.ids("train")), len(layout.ids("val"))) == counts


@pytest.mark.parametrize("entry", [VOC, COCO], ids=lambda entry: entry["layout"])
def test_a_folder_of_ones_own_is_used_as_it_is(entry):
    """Its lists count, shorter ones too, and no rule writes into it."""
    layout = of(entry, download=True)
    assert not layout.from_archives and not layout.made_by_rules
    assert layout.ids("train") == ["a", "b"] and layout.ids("val") == ["c"]
    assert layout.files(["train", "val"]) == layouts.of(entry).files(["train", "val"])


def test_what_is_missing_in_a_folder_of_ones_own_is_not_fetched():
    message = "\n".join(of(VOC, download=True, val="absent.txt").faults("datasets.mine"))
    assert "there is no list voc/absent.txt" in message
    assert "voc holds files of your own, so that no archive is unpacked into it" in message
    Path("coco/lists/val2014.txt").unlink()
    message = "\n".join(of(COCO, download=True).faults("datasets.mine"))
    assert "instances_train2014.json" in message and "coco holds files of your own" in message


def test_masks_of_ones_own_are_not_written_over(tmp_path):
    for split in ("train", "val"):
        (tmp_path / f"coco/annotations/instances_{split}2014.json").parent.mkdir(exist_ok=True)
        (tmp_path / f"coco/annotations/instances_{split}2014.json").touch()
        (tmp_path / f"coco/lists/{split}2014.txt").unlink()
    layout = of(COCO, download=True)
    assert layout.made_by_rules and len(layout.ids("val")) == 40_137
    assert not list(layout.faults("key"))
    (tmp_path / "coco/masks").mkdir()
    (tmp_path / "coco/masks/a.png").touch()
    assert "coco/masks holds files that this workflow did not put there" in "".join(
        layout.faults("key")
    )


def test_another_list_than_the_archives_is_no_list_to_be_fetched():
    entry = FETCHED["voc"] | {"train": "mine.txt"}
    assert "there is no list new/mine.txt" in "".join(layouts.of(entry).faults("key"))
    assert not layouts.of(entry).available("train")


def test_lists_that_are_expected_of_other_archives(tmp_path):
    for split in ("trainaug", "val"):
        (tmp_path / f"{split}.txt").write_text(f"{split}1\n")
    layout = layouts.of(FETCHED["voc"] | {"expected": str(tmp_path)})
    assert layout.ids("train") == ["trainaug1"] and not layout.available("test")
    assert "expected" not in layout.source() and "download" not in layout.source()


def test_inputs_are_what_the_entry_names():
    assert of(VOC).inputs == {"root": "voc"}
    assert of(FOLDER, masks="m").inputs == {"images": "photos", "masks": "m", "train": "t.csv"}


@pytest.mark.parametrize("entry", ALL, ids=lambda entry: entry["layout"])
def test_every_layout_has_its_reader(entry):
    module = importlib.import_module(layouts.of(entry).reader)
    assert callable(module.read)


def test_readers_read_what_the_source_names():
    classes, records = readers.read(of(FOLDER).source())
    assert classes == ["cat"] and [record.entry.id for record in records] == ["a", "b", "c"]
    classes, records = readers.read(of(COCO).source())
    assert classes[2] == "car" and records[1].entry.tags == ("car", "dog")
    _, records = readers.read(of(VOC, tags="xml").source())
    assert all("does not exist" in record.problems[0] for record in records)
    classes, records = readers.read_test(of(VOC, test="x.txt", classes=["cat"]).source())
    assert classes == ["cat"] and [record.entry.split for record in records] == ["test"]


def test_a_layout_is_of_the_configuration_as_it_is():
    entries = yaml.safe_load((REPOSITORY / "config.yaml").read_text())["datasets"]
    for entry in entries.values():
        layout = layouts.of(entry)
        assert type(layout).model_validate(entry).source() == layout.source()
        assert layout.source().items() <= entry.items()


def test_planning_imports_no_arrays_and_no_jsonschema():
    heavy = "{'torch', 'pandas', 'numpy', 'PIL', 'jsonschema'} & set(sys.modules)"
    code = f"import sys, rules.plan.layouts, rules.plan.configuration; print({heavy})"
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY
    )
    assert shown.stdout.strip() == "set()"


# Kinds of exports have the names of layouts, too.
EXPORTING = {"registry.py", "voc.py", "coco.py"}


def test_layouts_are_named_in_their_own_files_only():
    files = [f for folder in ("rules", "workflow_scripts", "urn") for f in _python(folder)]
    own = {*(REPOSITORY / "rules/plan/layouts").iterdir()}
    names = {f'"{name}"' for name in layouts.LAYOUTS} - {'"folder"'}  # of pseudo-masks, too
    naming = {file for file in files if any(name in file.read_text() for name in names)}
    assert {file.name for file in naming - own} <= {"whole.py"} | EXPORTING


def _python(folder):
    return (REPOSITORY / folder).rglob("*.py")
