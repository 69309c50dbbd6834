"""What runs again when the user's own files change, and that nothing else does."""

import os
import shutil
import subprocess

import pytest
import yaml
from PIL import Image
from test_workflow import command, planned

TABLE = "image,tags,split\n" + "".join(
    f"{split}{n}.jpg,{'cat' if n % 2 else 'dog'},{split}\n"
    for split, count in (("train", 4), ("val", 2))
    for n in range(count)
)
SCORES = {"predictions_miou", "miou", "stages", "summary", "stages_figure"}
SCORES |= {"classes_figure", "val_images", "comparison_sheet", "table_page", "front_page", "cost"}
GALLERY = {"gallery_val_mine_00000", "gallery"}
SCORES |= {"bundle", *GALLERY}
CHECK = {"check_images", "doubted_tags"}
LOOKED_AT = {*CHECK, "image_facts", "tag_scores"}
PREDICTED = {"responses", "predictions_mine_00000"}


def write_run(root, **changes):
    """A folder dataset of black images, and a run of it that is done: all its files, empty."""
    root.mkdir(exist_ok=True)
    (root / "tags.csv").write_text(TABLE)
    for line in TABLE.splitlines()[1:]:
        name = line.split(".")[0]
        for folder, suffix in (("photos", "jpg"), ("masks", "png"), ("own", "png")):
            if folder != "masks" or name.startswith("val"):
                (root / folder).mkdir(exist_ok=True)
                Image.new("L", (8, 8)).save(root / folder / f"{name}.{suffix}")
    entry = {"layout": "folder", "images": "photos", "masks": "masks", "train": "tags.csv"}
    entry |= {"classes": ["cat", "dog"], "teacher": "resnet18", "shard_size": 2}
    entry |= {"runs": {"resnet18": ["baseline", "urn"]}, **changes}
    file = root / "mine.yaml"
    file.write_text(yaml.safe_dump({"dataset": "mine", "datasets": {"mine": entry}}))

    def snakemake(*arguments):
        asked = command(root, *arguments, configuration=file)
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout

    for line in snakemake("--summary").splitlines()[1:]:
        path = root / line.split("\t")[0]
        if "/responses/" not in path.as_posix():  # they are temporary
            is_folder = not path.suffix  # of previews
            (path if is_folder else path.parent).mkdir(parents=True, exist_ok=True)
            path.touch()
    snakemake("--touch", "--forceall")


@pytest.fixture(scope="module")
def from_own_masks(tmp_path_factory):
    root = tmp_path_factory.mktemp("from_own_masks")
    write_run(root, pseudo_masks={"refiner": "own", "folder": "own"})
    return root


@pytest.fixture(scope="module")
def from_people(tmp_path_factory):
    root = tmp_path_factory.mktemp("from_people")
    (root / "drawn").mkdir()
    for name in ("train0.png", "train3.png"):
        Image.new("L", (8, 8)).save(root / "drawn" / name)
    (root / "review.csv").write_text("image,verdict\ntrain1,reject\nval0,reject\n")
    write_run(root, corrections="drawn", review="review.csv")
    return root


def replaced(path):
    """The same file, changed since."""
    assert path.exists()
    os.utime(path, (1, 1))


def rerun(run, tmp_path, change):
    """The rules that run after a change."""
    shutil.copytree(run, tmp_path / "run", copy_function=shutil.copy2)
    change(tmp_path / "run")
    return set(planned(tmp_path / "run", configuration=tmp_path / "run" / "mine.yaml"))


def test_a_replaced_val_mask_changes_scores_only(done_run, tmp_path):
    again = rerun(done_run, tmp_path, lambda run: replaced(run / "masks" / "val1.png"))
    assert again == {"index", *SCORES}


def test_a_replaced_val_photo_is_predicted_again_but_trains_nothing(done_run, tmp_path):
    again = rerun(done_run, tmp_path, lambda run: replaced(run / "photos" / "val1.jpg"))
    assert again == {"index", *SCORES, *PREDICTED, *LOOKED_AT}


def test_a_replaced_train_photo_changes_all_that_is_learnt(done_run, tmp_path):
    again = rerun(done_run, tmp_path, lambda run: replaced(run / "photos" / "train1.jpg"))
    assert {"index", "train_classifier", "cams", "train_segmentation", *SCORES} <= again
    assert {*LOOKED_AT, "next_images"} <= again


def test_photos_of_another_size_change_the_plan_and_what_it_decides(done_run, tmp_path):
    def enlarge(run):
        for photo in (run / "photos").iterdir():
            Image.new("L", (400, 300)).save(photo)

    again = rerun(done_run, tmp_path, enlarge)
    assert {"plan", "train_classifier", "train_segmentation", "predictions_mine_00000"} <= again


def test_another_size_of_cams_trains_no_classifier(done_run, tmp_path):
    def resize(run):
        file = run / "mine.yaml"
        config = yaml.safe_load(file.read_text())
        config["datasets"]["mine"]["classification"] = {"cam_size": 300}
        file.write_text(yaml.safe_dump(config))

    again = rerun(done_run, tmp_path, resize)
    assert {"plan", "cams", "pseudo_masks_mine_00000", "train_segmentation"} <= again
    assert not {"index", "train_classifier", "tag_scores"} & again


def test_another_tag_changes_what_is_learnt_of_train_and_nothing_of_val(done_run, tmp_path):
    def retagged(line):
        return lambda run: (run / "tags.csv").write_text(
            TABLE.replace(line, line.replace("cat", "dog"))
        )

    again = rerun(done_run, tmp_path / "val", retagged("val1.jpg,cat"))
    assert again == {"index", "front_page", *GALLERY, *CHECK}
    again = rerun(done_run, tmp_path / "train", retagged("train1.jpg,cat"))
    assert "train_classifier" in again


def test_masks_that_were_added_are_looked_at(done_run, tmp_path):
    again = rerun(done_run, tmp_path, lambda run: (run / "masks" / "train0.png").touch())
    assert "index" in again
    assert not {"train_classifier", "train_segmentation", "responses"} & again


def test_an_overwritten_pseudo_mask_is_taken_over_again(from_own_masks, tmp_path):
    again = rerun(from_own_masks, tmp_path, lambda run: replaced(run / "own" / "train3.png"))
    assert "own_pseudo_masks_mine_00001" in again and "train_segmentation" in again
    assert not {"index", "own_pseudo_masks_mine_00000"} & again


def test_another_file_in_the_folder_of_pseudo_masks_changes_nothing(from_own_masks, tmp_path):
    assert rerun(from_own_masks, tmp_path, lambda run: (run / "own" / "x.png").touch()) == set()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda run: replaced(run / "drawn" / "train3.png"), id="mended"),
        pytest.param(lambda run: (run / "drawn" / "train3.png").unlink(), id="taken back"),
    ],
)
def test_a_changed_correction_changes_what_segmentation_learns(from_people, tmp_path, change):
    again = rerun(from_people, tmp_path, change)
    assert {"corrections", "train_segmentation", "uncertainty_mine_00000", *SCORES} <= again
    assert not {"index", "train_classifier", "cams", "pseudo_masks_mine_00000"} & again


def said(verdicts):
    return lambda run: (run / "review.csv").write_text(f"image,verdict\n{verdicts}\n")


def test_a_rejected_image_changes_what_segmentation_learns(from_people, tmp_path):
    again = rerun(from_people, tmp_path, said("train1,reject\ntrain2,reject"))
    assert {"train_segmentation", "uncertainty_mine_00000", *SCORES} <= again
    assert not {"index", "train_classifier", "cams", "corrections"} & again


def test_a_review_that_rejects_the_same_changes_nothing(from_people, tmp_path):
    assert rerun(from_people, tmp_path, said("val0,accept\ntrain0,accept\ntrain1,reject")) == set()


def test_a_deleted_index_and_a_deleted_result_are_both_made(done_run, tmp_path):
    """Also where one follows the other by a file whose age does not count."""

    def change(run):
        replaced(run / "masks" / "val1.png")
        (run / "results" / "mine" / "resnet18" / "urn" / "predictions" / "val0.png").unlink()

    assert rerun(done_run, tmp_path, change) == {"index", *SCORES, *PREDICTED}
