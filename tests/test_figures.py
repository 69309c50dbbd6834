import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from urn.datasets.index import Entry
from urn.figures.charts import ablation, bars, class_scores, reliability, training_curves
from urn.figures.choice import at_quantiles, example
from urn.figures.false_pixels import (
    BOUNDARY,
    FALSE_POSITIVE,
    MISSING_POSITIVE,
    OTHER_CLASS,
    false_legend,
    false_pixels,
    with_boundary,
)
from urn.figures.panels import panel
from urn.figures.sheets import Row, sheet
from urn.figures.style import COLOURS, class_legend, heat, heat_legend, mask_colours, save
from urn.files.images import palette, read_image, write_grey, write_mask


def solid(colour, height=30, width=40):
    return np.full((height, width, 3), colour, np.uint8)


def drawn(figure, path):
    save(figure, path)
    return read_image(path)


def share(pixels, colour):
    return (np.abs(pixels.astype(int) - colour) <= 2).all(axis=2).mean()


def test_a_sheet_shows_every_image_whole(tmp_path):
    colours = [(200, 0, 0), (0, 200, 0), (0, 0, 200), (150, 150, 0)]
    rows = [
        Row([solid(colours[0]), solid(colours[1], height=60)], "first row"),
        Row([solid(colours[2]), solid(colours[3])], captions=["left", "right"]),
    ]
    figure = sheet(
        rows, ["one", "two"], class_legend([np.uint8([[0, 2]])], ["background", "a", "b"])
    )
    pixels = drawn(figure, tmp_path / "sheet.png")
    areas = [share(pixels, colour) for colour in colours]
    assert areas[0] > 0.02
    assert areas == pytest.approx([areas[0], 2 * areas[0], areas[0], areas[0]], rel=0.03)
    written = {text.get_text() for text in figure.texts}
    assert {"one", "two", "first row", "left", "right"} <= written
    boxes = [text.get_window_extent() for text in figure.texts if text.get_text()]
    boxes.append(figure.legends[0].get_window_extent())
    width, height = figure.canvas.get_width_height()
    assert all(b.x0 >= 0 and b.y0 >= 0 and b.x1 <= width and b.y1 <= height for b in boxes)


def test_a_dollar_in_a_name_is_no_formula(tmp_path):
    name = r"$\\nothing{$"
    table = pd.DataFrame({"class": [name, "b"], name: [50.0, 60.0]})
    drawn(class_scores(table), tmp_path / "classes.png")
    legend = class_legend([np.uint8([[0, 1]])], ["background", name])
    figure = sheet([Row([solid((1, 2, 3))], name)], [name], legend)
    drawn(figure, tmp_path / "sheet.png")


def test_a_very_tall_image_keeps_its_shape(tmp_path):
    figure = sheet([Row([solid((0, 90, 200), height=120), solid((200, 0, 0))])])
    pixels = drawn(figure, tmp_path / "tall.png")
    rows, columns = np.nonzero((np.abs(pixels.astype(int) - (0, 90, 200)) <= 2).all(axis=2))
    assert np.ptp(rows) / np.ptp(columns) == pytest.approx(3, rel=0.02)


def test_a_place_may_be_empty(tmp_path):
    full = drawn(sheet([Row([solid((9, 99, 9)), solid((200, 0, 0))])]), tmp_path / "full.png")
    half = drawn(sheet([Row([solid((9, 99, 9)), None])]), tmp_path / "half.png")
    assert full.shape == half.shape
    assert share(half, (200, 0, 0)) == 0 < share(half, (9, 99, 9)) == share(full, (9, 99, 9))


def test_legends_name_the_classes_met():
    masks = [np.uint8([[0, 2]]), np.uint8([[255, 0]])]
    entries = class_legend(masks, ["background", "cat", "dog"])
    assert [entry.get_label() for entry in entries] == ["background", "dog", "ignored"]
    assert to_hex(entries[1].get_facecolor()) == to_hex(palette()[2] / 255)
    low, high = heat_legend("low", "high")
    assert sum(low.get_facecolor()[:3]) < sum(high.get_facecolor()[:3])
    np.testing.assert_array_equal(mask_colours(masks[0]), palette()[masks[0]])
    assert heat(np.array([[0.0, 1.0]])).sum(axis=2).tolist() != [[0, 0]]


def test_panels_show_files(tmp_path):
    truth = np.zeros((20, 30), np.uint8)
    truth[:, 10:] = 1
    truth[:5] = 255
    mask = np.zeros_like(truth)
    mask[:, 20:] = 1
    write_mask(tmp_path / "truth.png", truth)
    write_mask(tmp_path / "image.png", np.full_like(truth, 3))
    write_mask(tmp_path / "masks" / "a.png", mask)
    write_grey(tmp_path / "weights" / "a.png", np.where(mask, 0, 255))
    entry = Entry("a", "train", tmp_path / "image.png", tmp_path / "truth.png", ())
    np.testing.assert_array_equal(panel("truth", entry), palette()[truth])
    np.testing.assert_array_equal(panel("mask", entry, tmp_path / "masks"), palette()[mask])
    false = (panel("false", entry, tmp_path / "masks") == MISSING_POSITIVE).all(axis=2)
    np.testing.assert_array_equal(false, (mask != truth) & (truth != 255))
    uncertainty = panel("uncertainty", entry, tmp_path / "weights")
    np.testing.assert_array_equal(uncertainty, heat(mask.astype(float)))
    blind = Entry("a", "train", tmp_path / "image.png", None, ())
    assert panel("truth", blind) is None
    assert panel("false", blind, tmp_path / "masks") is None


def test_false_pixels_are_of_three_kinds_and_never_ignored():
    truth = np.uint8([[0, 1, 1, 0, 255]])
    mask = np.uint8([[1, 0, 2, 0, 1]])
    picture = false_pixels(np.full((1, 5, 3), 100, np.uint8), mask, truth)
    kinds = [FALSE_POSITIVE, MISSING_POSITIVE, OTHER_CLASS, (70, 70, 70), (70, 70, 70)]
    assert picture.tolist() == [[list(colour) for colour in kinds]]
    assert len(false_legend()) == 3
    assert [patch.get_label() for patch in false_legend(several=False)] == [
        "false positive",
        "missing positive",
    ]


@pytest.mark.parametrize(("size", "width"), [(20, 1), (400, 3)])
def test_a_boundary_is_a_line_around_objects(size, width):
    truth = np.zeros((size, size), np.uint8)
    truth[:, size // 2 :] = 1
    truth[:, -3:] = 255
    picture = with_boundary(solid((9, 9, 9), size, size), truth)
    columns = np.flatnonzero((picture == BOUNDARY).all(axis=(0, 2)))
    edges = [size // 2, size - 3]
    assert columns.tolist() == sorted(
        edge + n for edge in edges for n in range(-(width // 2), width // 2 + 1)
    )


def test_images_are_chosen_by_their_rank():
    table = pd.DataFrame({"image": list("abcde"), "change": [3.0, -1, 8, 0, 2]})
    assert list(at_quantiles(table, "change", [1, 0.5, 0])["image"]) == ["c", "e", "b"]
    assert list(at_quantiles(table[:2], "change", [0, 0.1, 0.6, 1])["image"]) == ["b", "a"]


def test_the_example_has_several_labels_where_one_does():
    table = pd.DataFrame(
        {"image": list("abcdef"), "labels": [2, 2, 2, 1, 2, 2], "uncertainty": [5, 1, 4, 9, 2, 3]}
    )
    assert example(table) == "c"
    assert example(table.assign(labels=1)) == "a"


def test_bars_have_the_values_and_groups():
    figure = bars(["x", "y", "z"], [1.0, 3.0, 2.0], "minutes", ["one", "two", "one"])
    (axes,) = figure.axes
    widths = {
        round(bar.get_y() + bar.get_height() / 2): (bar.get_width(), to_hex(bar.get_facecolor()))
        for bar in axes.patches
    }
    first, second = (colour.lower() for colour in COLOURS[:2])
    assert widths == {0: (1.0, first), 1: (3.0, second), 2: (2.0, first)}
    assert {text.get_text() for text in axes.texts} == {"1.0", "3.0", "2.0"}


def test_class_scores_have_a_mark_for_every_stage():
    table = pd.DataFrame(
        {"class": ["cat", "cow", "dog"], "CAMs": [10.0, np.nan, 20], "urn": [30, np.nan, np.nan]}
    )
    (axes,) = class_scores(table).axes
    assert [list(line.get_xdata())[:1] for line in axes.lines] == [[10.0], [30.0]]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["cat", "dog"]


def test_training_curves_have_a_panel_each():
    curve = pd.DataFrame({"iteration": [1, 2], "loss": [2.0, 1.0]})
    trainings = [("classifier", "c"), ("segmentation", "a"), ("segmentation", "b")]
    figure = training_curves(curve, curve, curve, trainings=trainings)
    assert [axes.get_title() for axes in figure.axes] == ["classifier", "segmentation"]
    assert [len(axes.lines) for axes in figure.axes] == [1, 2]
    assert list(figure.axes[0].lines[0].get_ydata()) == [2.0, 1.0]


def test_reliability_is_the_share_of_wrong_pixels():
    table = pd.DataFrame({"weight": [0, 127, 255], "pixels": [10, 20, 70], "wrong": [5, 4, 7]})
    upper, lower = reliability(table, 0.05, bins=2).axes
    # Weight 127 is an uncertainty of 0.502: the upper half.
    assert [bar.get_height() for bar in upper.patches[:2]] == pytest.approx([10, 30])
    assert [bar.get_height() for bar in lower.patches[:2]] == pytest.approx([70, 30])
    assert upper.get_legend().get_texts()[0].get_text() == "all pixels: 16.0 %"


def test_an_ablation_has_means_and_deviations():
    table = pd.DataFrame(
        {
            "setting": ["0", "1", "0"],
            "series": ["urn", "urn", "weights"],
            "measure": ["mIoU", "mIoU", "AUROC"],
            "mean": [50.0, 60.0, 0.7],
            "std": [1.0, 2.0, np.nan],
        }
    )
    miou, auroc = ablation(table, "threshold t", joined=True).axes
    assert (miou.get_ylabel(), auroc.get_ylabel()) == ("mIoU", "AUROC")
    line, _, (errors,) = miou.containers[0]
    assert list(line.get_ydata()) == [50, 60]
    lengths = [np.ptp(segment[:, 1]) for segment in errors.get_segments()]
    assert lengths == pytest.approx([2, 4])
    assert [text.get_text() for text in auroc.texts] == ["0.7"]
