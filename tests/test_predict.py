"""`python -m urn predict` and `evaluate`."""

import csv
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from test_workflow import TRAIN, VAL, changed_configuration, kill_once, planned, snakemake
from tiny_segmentor import CLASSES, write_model

import urn
from urn.errors import UserError
from urn.figures.confusion import confusion
from urn.files.archives import read_archive
from urn.files.images import palette, read_mask, write_mask
from urn.prediction.batch import predict
from urn.prediction.command_line import main
from urn.prediction.outputs import Outputs
from urn.prediction.sources import find_images

NAMES = ["a", "b/c", "b/d/e", "f"]  # of the photographs


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("model"))


@pytest.fixture
def photos(scenes, tmp_path):
    """Four photographs of several kinds, in subfolders."""
    folder = tmp_path / "photos"
    (folder / "b" / "d").mkdir(parents=True)
    images = [Image.open(image).crop((0, 0, 90, 60)) for image, _ in scenes]
    exif = Image.Exif()
    exif[0x0112] = 6
    images[0].save(folder / "a.JPG", exif=exif)
    images[1].convert("L").save(folder / "b" / "c.png")
    images[2].convert("P").save(folder / "b" / "d" / "e.gif")
    images[3].save(folder / "f.webp")
    (folder / "notes.doc").write_text("none")
    (folder / "._a.JPG").write_text("none either")
    return folder


@pytest.fixture
def run(model, photos, tmp_path, capsys):
    """Predict the photographs: exit status and what is printed."""

    def predicted(*arguments, images=(photos,)):
        output = tmp_path / "out"
        status = main(
            ["predict", str(model), *map(str, images), "--output", str(output), *arguments]
        )
        return status, "".join(capsys.readouterr())

    return predicted


def table(folder):
    with (folder / "predictions.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def names(folder, suffix=".png"):
    files = sorted(folder.rglob("*"))
    return [str(f.relative_to(folder)).removesuffix(suffix) for f in files if f.is_file()]


def test_a_folder_is_mirrored_and_every_mask_is_the_models(run, model, photos, tmp_path):
    assert run("--cores", "1")[0] == 0
    masks = tmp_path / "out" / "masks"
    assert names(masks) == NAMES
    mask = Image.open(masks / "a.png")
    assert mask.size == (60, 90)  # as its EXIF orientation says
    assert mask.mode == "P" and np.array_equal(mask.getpalette(), palette().reshape(-1))
    loaded = urn.load(model)
    for name, image in zip(NAMES, ("a.JPG", "b/c.png", "b/d/e.gif", "f.webp"), strict=True):
        np.testing.assert_array_equal(read_mask(masks / f"{name}.png"), loaded(photos / image).mask)


def test_further_files_and_the_table(run, model, photos, tmp_path):
    assert run("--overlay", "--probabilities", "--uncertainty")[0] == 0
    out, found = tmp_path / "out", urn.load(model)(photos / "a.JPG")
    assert names(out / "overlays", ".jpg") == names(out / "probabilities", ".npz") == NAMES
    assert Image.open(out / "overlays" / "a.jpg").size == (60, 90)
    ((_, labels, maps),) = read_archive(out / "probabilities" / "a.npz", ["a"])
    np.testing.assert_array_equal(maps, found.probabilities[labels])
    uncertainty = read_mask(out / "uncertainty" / "a.png")
    np.testing.assert_allclose(uncertainty / 255, found.uncertainty, atol=1.01 / 255)
    rows = table(out)
    means = [float(row["uncertainty"]) for row in rows]
    assert means == sorted(means, reverse=True) and len(means) == 4
    (row,) = [row for row in rows if row["image"] == "a.JPG"]
    assert float(row["uncertainty"]) == pytest.approx(uncertainty.mean() / 255, abs=1e-4)
    shares = [float(row[f"share of {name}"]) for name in ("background", *CLASSES)]
    expected = np.bincount(found.mask.ravel(), minlength=4) / found.mask.size
    np.testing.assert_allclose(shares, expected, atol=1e-4)
    assert float(row["seconds"]) > 0


def spoil(folder, photo):
    """Spoilt files that look like images."""
    whole = photo.read_bytes()
    for name, content in (
        ("cut.jpg", whole[: len(whole) // 2]),
        ("empty.png", b""),
        ("page.jpg", b"<!DOCTYPE html>"),
    ):
        (folder / name).write_bytes(content)
    Image.new("F", (9, 9)).save(folder / "deep.tif")
    return ["cut.jpg", "deep.tif", "empty.png", "page.jpg"]


def test_bad_images_are_told_at_the_end_and_stop_no_other(run, photos, scenes, tmp_path):
    spoilt = spoil(photos / "b", scenes[0][0])
    status, output = run()
    assert status == 1
    told = output.partition("4 could not be predicted:\n")[2].splitlines()
    assert [f"photos/b/{name} " in line for name, line in zip(spoilt, told, strict=True)] == [
        True
    ] * 4
    assert names(tmp_path / "out" / "masks") == NAMES
    assert sorted(row["image"] for row in table(tmp_path / "out")) == [
        "a.JPG",
        "b/c.png",
        "b/d/e.gif",
        "f.webp",
    ]


def test_what_is_there_is_kept_unless_it_is_to_be_overwritten(run, tmp_path):
    run()
    masks = tmp_path / "out" / "masks"
    (masks / "f.png").unlink()
    before = {name: (masks / f"{name}.png").stat().st_mtime_ns for name in NAMES[:3]}
    first = table(tmp_path / "out")
    assert run()[0] == 0
    assert {n: (masks / f"{n}.png").stat().st_mtime_ns for n in NAMES[:3]} == before
    again = table(tmp_path / "out")
    assert [row["seconds"] for row in again[:3]] == [row["seconds"] for row in first[:3]]
    assert again[3].items() >= {k: v for k, v in first[3].items() if k != "seconds"}.items()
    run("--overwrite")
    assert all((masks / f"{name}.png").stat().st_mtime_ns > time for name, time in before.items())


def test_predictions_of_other_settings_are_not_mixed(run, tmp_path):
    run()
    status, output = run("--fast")
    assert status == 1 and "name another folder, or replace them with --overwrite" in output
    assert run("--fast", "--overwrite")[0] == 0
    assert run("--fast")[0] == 0


def test_an_overwriting_that_was_stopped_goes_on(run, tmp_path):
    """The masks of before it do not count, though nobody says --overwrite again."""
    run()
    record, old = tmp_path / "out" / "predictions.json", tmp_path / "out" / "masks" / "f.png"
    later = record.stat().st_mtime_ns + 1
    os.utime(old, ns=(later - 2, later - 2))
    run()
    assert old.stat().st_mtime_ns > later


def command(model, photos, output):
    return [sys.executable, "-m", "urn", "predict", model, photos, "--output", output]


@pytest.mark.slow
def test_killed_in_the_middle_it_goes_on_where_it_was(model, scenes, tmp_path):
    photos, output = tmp_path / "photos", tmp_path / "out"
    photos.mkdir()
    for n in range(12):
        shutil.copy(scenes[n % 4][0], photos / f"{n:02d}.jpg")
    masks = [output / "masks" / f"{n:02d}.png" for n in range(12)]
    kill_once(masks[2].exists, command(model, photos, output))
    made = {mask: mask.stat().st_mtime_ns for mask in masks if mask.exists()}
    assert len(made) < 12
    subprocess.run(command(model, photos, output), check=True)
    assert {mask: mask.stat().st_mtime_ns for mask in made} == made
    assert names(output / "masks") == [f"{n:02d}" for n in range(12)]
    assert len(table(output)) == 12


@pytest.mark.slow
def test_processes_share_the_images(model, photos, tmp_path):
    sources = find_images([photos])
    for processes in (1, 2):
        outputs = Outputs(tmp_path / str(processes), ["masks"])
        rows = predict(model, sources, outputs, {}, processes).rows
        assert [row.image for row in rows] == [source.image for source in sources]
    for name in NAMES:
        one, two = (read_mask(tmp_path / n / "masks" / f"{name}.png") for n in "12")
        np.testing.assert_array_equal(one, two)


def test_a_killed_process_is_told(model, photos, tmp_path):
    def kill():
        while not (children := multiprocessing.active_children()):
            time.sleep(0.05)
        os.kill(children[0].pid, signal.SIGKILL)

    threading.Thread(target=kill).start()
    with pytest.raises(UserError, match="a process was killed"):
        predict(model, find_images([photos]), Outputs(tmp_path / "out", ["masks"]), {}, 2)


@pytest.mark.parametrize("option", ["--cores", "--gpus"])
def test_more_than_the_machine_has_is_told(run, option):
    status, output = run(option, "1000")
    assert status == 1 and f"{option} 1000: this machine has " in output


def test_images_are_named_in_many_ways(photos, monkeypatch):
    monkeypatch.chdir(photos.parent)
    (photos / "list.txt").write_text("photos/b/c.png\n\nphotos/a.JPG\nphotos/b/c.png\n")

    def found(*given):
        return [source.name for source in find_images(given)]

    assert found("photos") == NAMES
    assert found("photos/**/[ce].*") == ["c", "d/e"]
    assert found("photos/list.txt") == ["b/c", "a"]
    assert found("photos/f.webp") == ["f"]
    assert found("photos/f.webp", "photos/b") == ["f", "b/c", "b/d/e"]


def test_images_of_one_name_keep_their_suffix(photos):
    shutil.copy(photos / "f.webp", photos / "a.png")
    assert [source.name for source in find_images([photos])][:3] == ["a.JPG", "a.png", "b/c"]


def test_earlier_outputs_are_no_images(photos):
    write_mask(photos / "out" / "masks" / "a.png", np.zeros((4, 4)))
    assert [s.name for s in find_images([photos], without=photos / "out")] == NAMES


@pytest.mark.parametrize("given", ["absent", "photos/*.bmp", "empty"])
def test_images_that_are_not_there_are_told(photos, monkeypatch, given):
    monkeypatch.chdir(photos.parent)
    Path("empty").mkdir()
    with pytest.raises(UserError, match=f"there is no .*{given[:6]}"):
        find_images([given])


@pytest.fixture
def truths(run, photos, tmp_path):
    """The model's own masks, but one pixel."""
    run()
    folder = tmp_path / "out" / "masks"
    mask = read_mask(folder / "f.png")
    mask[0, 0] = mask[mask != mask[0, 0]][0]
    write_mask(folder / "f.png", mask)
    return folder.rename(tmp_path / "truths")


def test_scores_are_printed_and_written(model, photos, truths, tmp_path, capsys):
    arguments = ["evaluate", str(model), str(photos), str(truths)]
    assert main([*arguments, "--output", str(tmp_path / "scores")]) == 0
    printed = capsys.readouterr().out
    scores = pd.read_csv(tmp_path / "scores" / "iou.tsv", sep="\t", index_col="class")["iou"]
    assert list(scores.index) == ["background", *CLASSES, "mean"]
    assert 99 < scores["mean"] < 100
    assert f"mean {scores['mean']:.2f}" in " ".join(printed.split())
    counts = pd.read_csv(tmp_path / "scores" / "confusion.tsv", sep="\t", index_col="true")
    pixels = sum(read_mask(truth).size for truth in truths.rglob("*.png"))
    assert counts.to_numpy().sum() == pixels and np.diag(counts).sum() == pixels - 1
    assert Image.open(tmp_path / "scores" / "confusion.png").width > 300
    assert main(arguments) == 0
    assert "IoU in % on 4 images" in capsys.readouterr().out


def test_truths_that_do_not_fit_are_told_before_anything_is_predicted(
    model, photos, truths, tmp_path, capsys
):
    (truths / "a.png").unlink()
    write_mask(truths / "f.png", np.full((60, 90), 9))
    output = tmp_path / "scores"
    assert main(["evaluate", str(model), str(photos), str(truths), "--output", str(output)]) == 1
    told = capsys.readouterr().err
    assert "a.png does not exist" in told and "f.png has ids 9 beyond the 3 classes" in told
    assert not output.exists()


def test_a_confusion_matrix_shows_shares_of_the_true_class():
    figure = confusion(np.array([[3, 1], [0, 0]]), ["background", "cat"])
    assert [text.get_text() for text in figure.axes[0].texts] == ["75", "25"]


def test_a_runs_own_masks_are_reproduced(copy, tmp_path):
    """Of val images its predictions; of train images the baseline's cyclic masks and weights.

    Of all labels, as predictions know no tags.
    """
    teacher = Path("results/tiny/efficientnet_lite0")
    shard = TRAIN[:6]
    file = changed_configuration(tmp_path, uncertainty={"labels": "all"})
    snakemake(copy, str(teacher / "cyclic_masks" / f"{shard[0]}.png"), configuration=file)
    teacher = copy / teacher
    photos = copy / "data" / "tiny" / "JPEGImages"
    for supervision, images, folder in (
        ("urn", VAL, teacher / "urn" / "predictions"),
        ("baseline", shard, teacher / "cyclic_masks"),
    ):
        out = tmp_path / supervision
        arguments = [teacher / supervision / "model.pth", *(photos / f"{i}.jpg" for i in images)]
        arguments += ["--output", out, "--uncertainty"]
        assert main(["predict", *map(str, arguments)]) == 0
        for image in images:
            found = read_mask(out / "masks" / f"{image}.png")
            np.testing.assert_array_equal(found, read_mask(folder / f"{image}.png"))
    for image in shard:
        uncertainty = read_mask(tmp_path / "baseline" / "uncertainty" / f"{image}.png")
        weight = read_mask(teacher / "weights" / f"{image}.png")
        np.testing.assert_array_equal(uncertainty, 255 - weight)


def test_settings_are_made_without_a_training(copy):
    for file in copy.glob("results/tiny/*/*/model.json"):
        file.unlink()
    assert set(planned(copy)) <= {"model_settings", "cost", "front_page", "table_page"}
    assert planned(copy)["model_settings"] == 3
