"""A folder of one's own images with a table of tags, through the whole workflow."""

import re

import numpy as np
import pytest
import yaml
from PIL import Image
from test_workflow import REPOSITORY, planned, snakemake

from urn.datasets.shapes import SHAPES_CLASSES, draw_scene
from urn.files.images import read_mask, write_mask


def write_folder(root, train=4, val=2):
    """Images in formats people have, with a table; some names have blanks and subfolders."""
    (root / "photos" / "more photos").mkdir(parents=True)
    lines = ["image,tags,split"]
    for number in range(train + val):
        pixels, mask = draw_scene("train", number, seed=7)
        image = Image.fromarray(pixels)
        name = f"more photos/no {number}" if number % 2 else f"photo-{number}"
        match number % 4:
            case 0:
                file = f"{name}.jpg"
            case 1:
                image, file = image.convert("RGBA"), f"{name}.png"
            case 2:
                image, file = image.convert("P"), f"{name}.png"
            case _:
                image, file = image.convert("L"), f"{name}.JPG"
        image.save(root / "photos" / file)
        tags = [SHAPES_CLASSES[i - 1] for i in np.unique(mask) if i]
        lines.append(f'"{file}","{", ".join(tags)}",{"train" if number < train else "val"}')
    (root / "tags.csv").write_text("\n".join(lines) + "\n")


def configuration(root, **changes):
    tiny = yaml.safe_load((REPOSITORY / "tests" / "tiny.yaml").read_text())
    entry = {k: v for k, v in tiny["datasets"]["tiny"].items() if k not in ("root", "train", "val")}
    entry |= {
        "layout": "folder",
        "images": str(root / "photos"),
        "train": str(root / "tags.csv"),
        "classes": list(SHAPES_CLASSES),
        "runs": {"efficientnet_lite0": ["urn"]},
        **changes,
    }
    file = root / "mine.yaml"
    file.write_text(
        yaml.safe_dump({"dataset": "mine", "bundle": False, "datasets": {"mine": entry}})
    )
    return file


def enlarge(photo, size, orientation=1):
    """Make an image as large as a camera's, turned by its EXIF orientation."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    with Image.open(photo) as image:
        image.resize(size).save(photo, exif=exif)


def test_masks_of_large_photographs_have_their_size(tmp_path):
    """Not the working size. Of one that shows no class they are background, without doubt."""
    write_folder(tmp_path)
    table = tmp_path / "tags.csv"
    table.write_text(re.sub(r'(photo-2\.png",)"[^"]*"', r"\1background", table.read_text()))
    enlarge(tmp_path / "photos" / "photo-0.jpg", (2600, 2000))
    enlarge(tmp_path / "photos" / "photo-4.jpg", (2000, 1500), orientation=6)
    results = tmp_path / "results" / "mine" / "efficientnet_lite0"
    predicted = results / "urn" / "predictions"
    target = str((predicted / "photo-4.png").relative_to(tmp_path))
    snakemake(tmp_path, target, configuration=configuration(tmp_path, working_size=160))
    assert sorted(str(f.relative_to(predicted)) for f in predicted.rglob("*.png")) == [
        "more photos/no 5.png",
        "photo-4.png",
    ]
    assert len(list((results / "weights").rglob("*.png"))) == 4
    pseudo_masks = tmp_path / "results" / "mine" / "pseudo_masks" / "ppmg"
    for folder in (pseudo_masks, results / "cyclic_masks", results / "weights"):
        assert read_mask(folder / "photo-0.png").shape == (2000, 2600)
    assert read_mask(predicted / "photo-4.png").shape == (2000, 1500)
    for folder in (pseudo_masks, results / "cyclic_masks"):
        assert not read_mask(folder / "photo-2.png").any()
    assert (read_mask(results / "weights" / "photo-2.png") == 255).all()


@pytest.mark.slow
def test_a_folder_without_masks_gives_everything_but_the_miou(tmp_path):
    write_folder(tmp_path)
    snakemake(tmp_path, configuration=configuration(tmp_path))
    results = tmp_path / "results" / "mine"
    assert (results / "efficientnet_lite0" / "urn" / "model.pth").exists()
    assert (results / "gallery" / "index.html").exists()
    assert not list(tmp_path.rglob("*miou.txt"))


def test_every_fault_of_a_dataset_is_told_before_any_computing(tmp_path):
    write_folder(tmp_path)
    photos = tmp_path / "photos"
    (photos / "photo-0.jpg").write_bytes((photos / "photo-0.jpg").read_bytes()[:2000])
    table = tmp_path / "tags.csv"
    lines = table.read_text().splitlines()
    lines[3] = re.sub(r'","[^"]*"', '","fishh"', lines[3])
    lines.append('"absent.jpg","fish",train')
    table.write_text("\n".join(lines) + "\n")
    code, output = snakemake(tmp_path, configuration=configuration(tmp_path), check=False)
    assert code != 0
    assert "dataset mine has 3 faults to mend" in output
    assert re.search(r"tags\.csv, line 2: image .*photo-0\.jpg cannot be read", output)
    assert "tags.csv, line 4: tag 'fishh' is not a class: did you mean 'fish'?" in output
    assert re.search(r"tags\.csv, line 8: .*absent", output)
    assert not (tmp_path / "results" / "mine" / "index.csv").exists()
    assert "Traceback" not in output


def test_pseudo_masks_of_another_method(tmp_path):
    write_folder(tmp_path)
    masks = tmp_path / "theirs"
    ids = [f"more photos/no {i}" if i % 2 else f"photo-{i}" for i in range(4)]
    for number, image_id in enumerate(ids):
        _, mask = draw_scene("train", number, seed=7)
        mask[:3] = 255
        write_mask(masks / f"{image_id}.png", mask)
    mine = configuration(tmp_path, pseudo_masks={"refiner": "own", "folder": str(masks)})

    plan = planned(tmp_path, configuration=mine)
    assert plan["train_segmentation"] == 2
    assert not [name for name in plan if name.startswith(("train_classifier", "cams", "pseudo_"))]
    assert plan["own_pseudo_masks_mine_00000"] == 1

    targets = [f"results/mine/pseudo_masks/own/{i}.png" for i in (ids[0], ids[3])]
    snakemake(tmp_path, *targets, configuration=mine)
    for image_id in ids:
        own = tmp_path / "results/mine/pseudo_masks/own" / f"{image_id}.png"
        np.testing.assert_array_equal(read_mask(own), read_mask(masks / f"{image_id}.png"))

    write_mask(masks / f"{ids[2]}.png", np.full((5, 6), 1, np.uint8))
    (masks / f"{ids[3]}.png").unlink()
    code, output = snakemake(tmp_path, targets[0], "--forcerun", configuration=mine, check=False)
    assert code != 0
    assert "theirs has 2 faults to mend" in output
    assert re.search(r"mask .*photo-2\.png is 6 pixels wide and 5 high but its image", output)
    assert re.search(r"no 3\.png does not exist", output)
