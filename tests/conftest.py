import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from published import Published

from urn.datasets.shapes import write_shapes


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--store`: see tests/published.py."""
    parser.addoption("--store", action="store_true", help="store what pydensecrf computes")


@pytest.fixture
def published(request: pytest.FixtureRequest) -> Iterator[Published]:
    """The published functions' results."""
    store = request.config.getoption("--store")
    functions = Published(request.path.stem, request.node.name, store)
    yield functions
    functions.close()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real sample data beside the repository."""
    path = Path(__file__).parents[1].parent / "shared" / "data"
    if not path.is_dir():
        pytest.skip("needs the sample images in ../shared/data")
    return path


@pytest.fixture(scope="session")
def facts() -> Path:
    """The folder of official lists and manifests of published checkpoints."""
    path = Path(__file__).parents[1].parent / "shared" / "facts"
    if not path.is_dir():
        pytest.skip("needs the official lists and manifests in ../shared/facts")
    return path


@pytest.fixture(scope="session")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, Path]]:
    """Four drawn images and their masks."""
    root = tmp_path_factory.mktemp("scenes")
    write_shapes(root, train=4, val=0)
    images = sorted((root / "JPEGImages").iterdir())
    return [(image, root / "SegmentationClass" / f"{image.stem}.png") for image in images]


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of the tiny dataset; read only."""
    from test_workflow import snakemake

    directory = tmp_path_factory.mktemp("tiny")
    snakemake(directory)
    return directory


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished run that a test may spoil."""
    shutil.copytree(finished, tmp_path / "run", copy_function=shutil.copy2)
    return tmp_path / "run"
