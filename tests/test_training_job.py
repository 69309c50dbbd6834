"""What a training's job says to the training."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.iocontainers import InputFiles, Params

from urn.datasets.index import Entry, Index

sys.path.append(str(Path(__file__).parents[1] / "workflow_scripts"))

from _training_job import identity

PARAMS = {"settings": {"crop": 64}, "working_size": "auto", "code": "a"}


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.jpg"
    path.touch()
    return path


def identity_of(photo, *further, **changes):
    index = Index(("cat",), (Entry("photo", "train", photo, None, ("cat",)),))
    files = InputFiles(fromdict={"index": "index.csv", "mask": str(photo)})
    job = SimpleNamespace(params=Params(fromdict=PARAMS | changes), input=files)
    return identity(job, index, *further)


@pytest.mark.parametrize(
    "changes", [{"settings": {"crop": 96}}, {"working_size": 512}, {"code": "b"}]
)
def test_a_training_with_another_parameter_is_another(photo, changes):
    assert identity_of(photo) == identity_of(photo) != identity_of(photo, **changes)


def test_a_training_of_a_replaced_photograph_or_another_loss_is_another(photo):
    before = identity_of(photo)
    assert identity_of(photo, {"name": "noise_weighted"}) != before
    photo.write_bytes(b"another")
    assert identity_of(photo) != before
