import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from published import Published

from urn.datasets.shapes import write_shapes

# Tests run side by side, and so do the jobs of their runs: a core each is fastest. The last digits
# of a trained weight depend on it too, so that every test's runs need the same.
os.environ["OMP_NUM_THREADS"] = "1"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with tests of whole runs come first, as they take longest."""
    first = {item.path for item in items if "finished" in getattr(item, "fixturenames", ())}
    items.sort(key=lambda item: item.path not in first)


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


@pytest.fixture
def browser() -> Iterator[Any]:
    """A real one, without a window."""
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("needs Chromium")
    with (
        api.sync_playwright() as playwright,
        playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        ) as chromium,
    ):
        yield chromium


@pytest.fixture(scope="session")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, Path]]:
    """Four drawn images and their masks."""
    root = tmp_path_factory.mktemp("scenes")
    write_shapes(root, train=4, val=0)
    images = sorted((root / "JPEGImages").iterdir())
    return [(image, root / "SegmentationClass" / f"{image.stem}.png") for image in images]


def _made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that the first of the tests' processes makes, while the others wait."""
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # the folder of one of several processes
        root = root.parent
    directory, unfinished = root / name, root / f"unfinished_{name}"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not directory.exists():
            make(unfinished)
            unfinished.rename(directory)
    return directory


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of the tiny dataset; read only."""
    from test_workflow import snakemake

    return _made_once(tmp_path_factory, "finished", snakemake)


@pytest.fixture(scope="session")
def done_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of six black images in a folder that counts as done: its files are empty; read only."""
    from test_changed_inputs import write_run

    return _made_once(tmp_path_factory, "done_run", write_run)


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished run that a test may spoil."""
    shutil.copytree(finished, tmp_path / "run", copy_function=shutil.copy2)
    return tmp_path / "run"
