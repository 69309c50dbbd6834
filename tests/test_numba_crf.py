"""What only the Numba backend could get wrong; what all backends share is in test_crf.py."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from urn.crf import (
    PPMG_CRF,
    SEGMENTATION_CRF,
    CRFParameters,
    DenseCRF,
    embedding,
    kernels,
    passes,
    softmax,
)
from urn.crf.lattice import bilateral_features, build_lattice, pixel_order, spatial_features
from urn.crf.numba_backend import groups_of_fields

NARROW_CRF = CRFParameters(gaussian=(2, 5), bilateral=(20, 7, 6))


def photo_like(height, width, seed):
    """Regions of colour, shading and noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    image = np.zeros((height, width, 3))
    for _ in range(5):
        line = rng.normal(size=2) @ [(y - height / 2).ravel(), (x - width / 2).ravel()]
        image += (line.reshape(height, width) > rng.normal(0, 9))[..., None] * rng.uniform(0, 60, 3)
    image += y[..., None] * rng.uniform(0, 0.5) + rng.normal(0, rng.uniform(0, 8), image.shape)
    return image.clip(0, 255).astype(np.uint8)


def softmax_fields(fields, labels, height, width, seed):
    scores = 4 * np.random.default_rng(seed).normal(size=(fields, labels, height, width))
    scores = (scores + np.roll(scores, 1, axis=-1) + np.roll(scores, 1, axis=-2)) / 2
    power = np.exp(scores - scores.max(axis=1, keepdims=True))
    return (power / power.sum(axis=1, keepdims=True)).astype(np.float32)


def engine(image, parameters, **options):
    return DenseCRF(image, parameters.gaussian, parameters.bilateral, "numba", **options)


@pytest.mark.parametrize("parameters", [PPMG_CRF, SEGMENTATION_CRF, NARROW_CRF])
@pytest.mark.parametrize("labels", [2, 3, 4, 8, 9, 10, 21, 81])
def test_agrees_with_pydensecrf(labels, parameters, published):
    """On both sides of the label counts at which the layout of channels changes."""
    image = photo_like(45, 61, labels)
    fields = softmax_fields(2, labels, 45, 61, labels)
    expected = np.stack([published.crf(image, field, parameters) for field in fields])
    marginals = engine(image, parameters).inference(fields, parameters.iterations)
    np.testing.assert_allclose(marginals, expected, atol=1e-3)
    assert (marginals.argmax(axis=1) == expected.argmax(axis=1)).mean() >= 0.9999


def test_many_fields_agree_with_pydensecrf(published):
    """More than fill the lanes of their blocks, and some left over."""
    image, fields = photo_like(30, 40, 1), softmax_fields(19, 4, 30, 40, 1)
    expected = np.stack([published.crf(image, field, SEGMENTATION_CRF) for field in fields])
    np.testing.assert_allclose(
        engine(image, SEGMENTATION_CRF).inference(fields), expected, atol=1e-3
    )


sizes = st.tuples(st.integers(1, 24), st.integers(1, 24))
seeds = st.integers(0, 1000)


@settings(max_examples=40, deadline=None)
@given(size=sizes, seed=seeds, labels=st.integers(2, 12), fields=st.integers(1, 10))
def test_fields_together_are_as_fields_alone(size, seed, labels, fields):
    image, given_ = photo_like(*size, seed), softmax_fields(fields, labels, *size, seed)
    crf = engine(image, SEGMENTATION_CRF)
    together = crf.inference(given_)
    for field, marginals in zip(given_, together, strict=True):
        np.testing.assert_array_equal(crf.inference(field), marginals)
    np.testing.assert_allclose(together.sum(axis=1), 1, atol=1e-5)
    assert together.min() >= 0


@settings(max_examples=40, deadline=None)
@given(size=sizes, seed=seeds, labels=st.integers(2, 12), data=st.data())
def test_labels_may_change_places(size, seed, labels, data):
    image, field = photo_like(*size, seed), softmax_fields(1, labels, *size, seed)[0]
    order = data.draw(st.permutations(range(labels)))
    crf = engine(image, SEGMENTATION_CRF)
    np.testing.assert_allclose(crf.inference(field[order]), crf.inference(field)[order], atol=1e-3)


@settings(max_examples=30, deadline=None)
@given(size=sizes, seed=seeds, labels=st.integers(2, 12), fields=st.integers(1, 20))
def test_threads_and_memory_change_nothing(size, seed, labels, fields):
    image, given_ = photo_like(*size, seed), softmax_fields(fields, labels, *size, seed)
    expected = engine(image, SEGMENTATION_CRF).inference(given_)
    threaded = engine(image, SEGMENTATION_CRF, threads=3).inference(given_)
    np.testing.assert_array_equal(threaded, expected)
    frugal = engine(image, SEGMENTATION_CRF, memory=1).inference(given_)
    np.testing.assert_array_equal(frugal, expected)


@given(fields=st.integers(1, 60), labels=st.integers(2, 100), blocks=st.integers(0, 200))
def test_every_field_is_in_one_group(fields, labels, blocks):
    groups = groups_of_fields(fields, labels, blocks)
    assert [i for group in groups for i in range(fields)[group]] == list(range(fields))
    for group in groups:
        number = group.stop - group.start
        assert number == 1 or -(-number * (labels - 1) // 8) <= blocks


def test_extreme_fields():
    """Certain labels and strong kernels: nothing overflows."""
    image = photo_like(20, 30, 3)
    fields = np.zeros((9, 3, 20, 30), np.float32)
    fields[:, 0] = 1
    fields[4:, :, :, 15:] = [[[0]], [[1]], [[0]]]
    for weight in (1, 20, 100):
        marginals = DenseCRF(image, (3, weight), (30, 10, weight), "numba").inference(fields)
        assert np.isfinite(marginals).all()
        np.testing.assert_allclose(marginals.sum(axis=1), 1, atol=1e-5)
        assert (marginals[0, 0] > 0.99).all()


def test_vertices_are_numbered_as_pixels_reach_them():
    """`splat` zeroes no more than the pixels so far have reached."""
    order = pixel_order(40, 50)
    np.testing.assert_array_equal(np.sort(order), np.arange(2000))
    lattice = build_lattice(spatial_features(50, order, 2.0))
    first = np.unique(lattice.corners.ravel(), return_index=True)[1]
    np.testing.assert_array_equal(
        lattice.reached[:2], [lattice.corners[:n].max() + 1 for n in (32, 64)]
    )
    assert lattice.reached[-1] == lattice.vertices
    assert len(first) == lattice.vertices
    assert (np.diff(first) > 0).all()
    np.testing.assert_allclose(lattice.weights.sum(axis=1), 1, atol=1e-5)
    assert lattice.weights.min() > -1e-5


def test_axes_hold_every_neighbour_once():
    image = photo_like(20, 30, 0)
    lattice = build_lattice(bilateral_features(image, pixel_order(20, 30), 20, 7))
    for pairs, longer in lattice.axes:
        assert longer[0] == longer[-1] == lattice.vertices
        inside = np.concatenate([pairs, longer[longer < lattice.vertices]])
        assert len(np.unique(inside)) == len(inside) > len(pairs) > 0
        between = np.diff(np.flatnonzero(longer == lattice.vertices)) - 1
        assert between.min() >= 3


@pytest.mark.parametrize("sxy", [0.7, 1, 2])
def test_bands_change_nothing(sxy, monkeypatch):
    """An image filtered band by band, as where its values would not stay in the cache."""
    size = (150, 21)
    image, fields = photo_like(*size, 0), softmax_fields(3, 5, *size, 0)

    def marginals():
        return DenseCRF(image, (sxy, 3), (67, 3, 4), "numba").inference(fields)

    whole = kernels.spatial_kernel(*size, sxy, 3)
    expected = marginals()
    kernels.spatial_kernel.cache_clear()
    monkeypatch.setattr(kernels, "CACHE", whole.parts[0].lattice.vertices * 16)
    assert len(kernels.spatial_kernel(*size, sxy, 3).parts) == 2
    np.testing.assert_array_equal(marginals(), expected)
    kernels.spatial_kernel.cache_clear()


def test_kernels_too_narrow_to_number_their_vertices():
    with pytest.raises(ValueError, match="widths are too small"):
        DenseCRF(photo_like(50, 60, 0), bilateral=(1e-4, 1e-4, 4), backend="numba")


START = """
import numpy as np
from urn.crf import DenseCRF, embedding, lattice, passes, softmax, state
image = np.arange(600, dtype=np.uint8).reshape(10, 20, 3)
field = np.linspace(0.1, 0.9, 200, dtype=np.float32).reshape(10, 20)
print(DenseCRF(image, backend="numba").masks(np.stack([field, 1 - field])).sum(), end=" ")
functions = [f for module in (lattice, softmax, state) for f in vars(module).values()]
functions += [*embedding.EMBED.values(), *softmax.MANY.values()]
for blur, *by_corners in ((p.blur, p.splat, p.slice, p.slice_add) for p in passes.PASSES.values()):
    functions += [blur, *(f for loops in by_corners for f in loops.values())]
print(sum(sum(f.stats.cache_misses.values()) for f in functions if hasattr(f, "stats")))
"""


@pytest.mark.slow
def test_many_processes_share_the_compiled_code(tmp_path):
    """All start with an empty cache; a later one finds it filled, and compiles nothing."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}

    def start():
        return subprocess.Popen(
            [sys.executable, "-c", START], env=environment, stdout=subprocess.PIPE, text=True
        )

    first = [process.communicate()[0].split() for process in [start() for _ in range(3)]]
    later, compiled = start().communicate()[0].split()
    assert [result for result, _ in first] == [later] * 3
    assert all(int(count) > 5 for _, count in first)
    assert int(compiled) == 0


def test_variants_have_names_of_their_own():
    """Else the symbols of two that different processes compiled may be the same."""
    loops = [p.blur for p in passes.PASSES.values()]
    for step in ("splat", "slice", "slice_add"):
        loops += [f for p in passes.PASSES.values() for f in getattr(p, step).values()]
    for variants in (loops, embedding.EMBED.values(), softmax.MANY.values()):
        names = [function.py_func.__qualname__ for function in variants]
        assert len(set(names)) == len(names) > 1
