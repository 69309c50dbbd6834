import numpy as np
import pytest

from urn.evaluation import (
    CamThresholds,
    ConfusionMatrix,
    UncertaintyQuality,
    shares_at_most,
)


def literal_scores(pairs, classes):
    """IoU per class and accuracy from sets of pixel positions."""
    iou = {}
    for c in classes:
        predicted, true, counted = set(), set(), set()
        for n, (mask, truth) in enumerate(pairs):
            for place in np.ndindex(truth.shape):
                if truth[place] not in classes:
                    continue
                counted.add((n, place))
                if mask[place] == c:
                    predicted.add((n, place))
                if truth[place] == c:
                    true.add((n, place))
        iou[c] = len(predicted & true) / len(predicted | true) if predicted | true else None
    right = sum(pairs[n][0][place] == pairs[n][1][place] for n, place in counted)
    return iou, right / len(counted)


@pytest.fixture
def pairs():
    rng = np.random.default_rng(0)
    values = np.uint8([0, 1, 2, 4, 255])  # class 3 occurs nowhere
    made = []
    for shape in ((7, 9), (5, 4)):
        truth = rng.choice(values, shape)
        mask = np.where(rng.random(shape) < 0.6, truth, rng.choice(values, shape))
        made.append((mask.astype(np.uint8), truth))
    return made


@pytest.mark.parametrize("unused", [(), (2,)])
def test_confusion_matrix_matches_sets(pairs, unused):
    scores = ConfusionMatrix(5, unused)
    for mask, truth in pairs:
        scores.add(mask, truth)
    classes = sorted(set(range(5)) - set(unused))
    expected, accuracy = literal_scores(pairs, classes)
    for c in range(5):
        if c in classes and expected[c] is not None:
            assert scores.iou()[c] == pytest.approx(expected[c])
        else:
            assert np.isnan(scores.iou()[c])
    present = [value for value in expected.values() if value is not None]
    assert scores.miou == pytest.approx(sum(present) / len(present))
    assert scores.pixel_accuracy == pytest.approx(accuracy)


def test_confusion_matrix_counts_true_by_row():
    scores = ConfusionMatrix(3)
    scores.add(np.uint8([[1, 2, 255, 0]]), np.uint8([[1, 1, 1, 255]]))
    np.testing.assert_array_equal(scores.counts, [[0, 0, 0], [0, 1, 1], [0, 0, 0]])
    np.testing.assert_array_equal(scores.iou(), [np.nan, 1 / 3, 0])
    assert scores.pixel_accuracy == pytest.approx(1 / 3)


def test_confusion_matrix_of_nothing():
    scores = ConfusionMatrix(3)
    scores.add(np.uint8([[1]]), np.uint8([[255]]))
    assert np.isnan(scores.iou()).all()
    assert np.isnan(scores.miou)
    assert np.isnan(scores.pixel_accuracy)


def test_confusion_matrix_refuses_bad_masks():
    scores = ConfusionMatrix(3)
    with pytest.raises(ValueError, match=r"ids \[3, 9\]"):
        scores.add(np.uint8([[9, 1]]), np.uint8([[1, 3]]))
    with pytest.raises(ValueError, match="one size"):
        scores.add(np.zeros((2, 3), np.uint8), np.zeros((3, 2), np.uint8))
    with pytest.raises(ValueError, match="uint8"):
        scores.add(np.zeros((2, 3)), np.zeros((2, 3), np.uint8))


def literal_auroc(uncertainty, wrong):
    """Share of (wrong, right) pairs with the wrong one more uncertain, ties half."""
    won = 0.0
    for a in uncertainty[wrong]:
        for b in uncertainty[~wrong]:
            won += 1.0 if a > b else 0.5 if a == b else 0.0
    return won / (wrong.sum() * (~wrong).sum())


def literal_average_precision(uncertainty, wrong):
    """Sum over thresholds of precision times the recall gained."""
    total, recall = 0.0, 0.0
    for threshold in sorted(set(uncertainty.tolist()), reverse=True):
        flagged = uncertainty >= threshold
        now = (flagged & wrong).sum() / wrong.sum()
        total += (flagged & wrong).sum() / flagged.sum() * (now - recall)
        recall = now
    return total


@pytest.fixture
def graded():
    """Two images whose wrong pixels tend to have low weights."""
    rng = np.random.default_rng(3)
    images = []
    for shape in ((12, 11), (9, 8)):
        truth = rng.choice(np.uint8([0, 1, 2, 255]), shape)
        mask = np.where(rng.random(shape) < 0.75, truth % 255, 1).astype(np.uint8)
        level = rng.integers(0, 5, shape) + 3 * (mask == truth)
        images.append((np.uint8(36 * level), mask, truth))
    return images


def test_uncertainty_quality_matches_pairwise_ranks(graded):
    quality = UncertaintyQuality()
    for weight, mask, truth in graded:
        quality.add(weight, mask, truth)
    weight, mask, truth = (np.concatenate([g[i].ravel() for g in graded]) for i in range(3))
    counted = truth != 255
    uncertainty, wrong = 1 - weight[counted] / 255, (mask != truth)[counted]
    assert 0.5 < literal_auroc(uncertainty, wrong) < 1
    assert quality.auroc == pytest.approx(literal_auroc(uncertainty, wrong))
    assert quality.average_precision == pytest.approx(literal_average_precision(uncertainty, wrong))
    table = quality.table()
    assert table["weight"].tolist() == sorted(set(weight[counted].tolist()))
    assert table["pixels"].sum() == counted.sum()
    assert table["wrong"].sum() == wrong.sum()
    third = table.iloc[2]
    flagged = weight[counted] <= third["weight"]
    assert third["precision"] == pytest.approx(wrong[flagged].mean())
    assert third["recall"] == pytest.approx(wrong[flagged].sum() / wrong.sum())


def test_perfect_useless_and_inverted_uncertainty():
    truth, mask = np.uint8([[0, 0, 1, 1]]), np.uint8([[0, 0, 1, 0]])
    for weight, auroc, precision in (
        (np.uint8([[255, 200, 100, 0]]), 1.0, 1.0),
        (np.uint8([[9, 9, 9, 9]]), 0.5, 0.25),
        (np.uint8([[0, 0, 0, 255]]), 0.0, 0.25),
    ):
        quality = UncertaintyQuality()
        quality.add(weight, mask, truth)
        assert quality.auroc == auroc
        assert quality.average_precision == precision


def test_uncertainty_quality_without_errors():
    quality = UncertaintyQuality()
    assert np.isnan(quality.auroc)
    assert np.isnan(quality.average_precision)
    quality.add(np.uint8([[255]]), np.uint8([[1]]), np.uint8([[1]]))
    assert np.isnan(quality.auroc)
    assert np.isnan(quality.average_precision)
    assert np.isnan(quality.table()["recall"]).all()


def test_uncertainty_quality_refuses_bad_weights():
    mask = np.zeros((2, 2), np.uint8)
    with pytest.raises(ValueError, match="weight must be"):
        UncertaintyQuality().add(np.zeros((2, 2)), mask, mask)
    with pytest.raises(ValueError, match="weight must be"):
        UncertaintyQuality().add(np.zeros((2, 3), np.uint8), mask, mask)


def test_thresholded_cams_match_their_masks():
    rng = np.random.default_rng(5)
    scores = CamThresholds(5)
    images = []
    for labels, shape in (([1, 3], (9, 8)), ([2], (6, 7)), ([], (4, 4))):
        cams = rng.random((len(labels), *shape)).astype(np.float32)
        truth = rng.choice(np.uint8([0, 1, 2, 3, 255]), shape)
        images.append((labels, cams, truth))
        scores.add(np.array(labels), cams, truth)
    for threshold in (0, 0.3, 1):
        expected = ConfusionMatrix(5)
        for labels, cams, truth in images:
            field = np.concatenate([np.full((1, *truth.shape), threshold), cams])
            expected.add(np.uint8([0, *labels])[field.argmax(axis=0)], truth)
        at = round(threshold * CamThresholds.LEVELS)
        np.testing.assert_array_equal(scores.iou()[at], expected.iou())
        assert scores.table()["miou"][at] == pytest.approx(expected.miou)


def test_share_of_wrong_pixels_among_the_uncertain():
    quality = UncertaintyQuality()
    weight = np.uint8([[0, 12, 13, 255, 255]])
    quality.add(weight, np.uint8([[1, 1, 1, 1, 0]]), np.uint8([[0, 1, 0, 1, 0]]))
    assert shares_at_most(quality.table(), 0.05) == (0.4, 0.5)  # 12 ≤ 0.05 · 255 < 13
    quality = UncertaintyQuality()
    quality.add(weight[:, 3:], np.uint8([[1, 0]]), np.uint8([[1, 1]]))
    assert shares_at_most(quality.table(), 0.05) == pytest.approx((0, np.nan), nan_ok=True)
