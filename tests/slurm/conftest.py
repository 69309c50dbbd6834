from collections.abc import Iterator

import pytest
from cluster import Cluster, missing


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A running Slurm of two nodes."""
    if reason := missing():
        pytest.skip(reason)
    cluster = Cluster(tmp_path_factory.mktemp("slurm"))
    try:
        try:
            cluster.start()
        except AssertionError as error:
            pytest.skip(f"Slurm does not start here: {error}")
        yield cluster
    finally:
        cluster.stop()
