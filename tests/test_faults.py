"""Faults of the machine: nothing is lost or half-written, and the next run mends it."""

import os
import subprocess

import pytest
from test_workflow import TRAIN, png_hashes, snakemake


@pytest.fixture
def small_disk(tmp_path):
    """A file system with room for four small files."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a small disk")
    command = ["mount", "-t", "tmpfs", "-o", "size=16k", "none", str(disk)]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk(copy, small_disk):
    folder = copy / "results" / "tiny" / "pseudo_masks" / "ppmg"
    shard = [f"{image_id}.png" for image_id in TRAIN[:6]]
    expected = {file: digest for file, digest in png_hashes(folder).items() if file in shard}
    targets = [str((folder / file).relative_to(copy)) for file in shard]
    folder.rename(folder.with_name("before"))
    folder.symlink_to(small_disk)
    code, output = snakemake(copy, *targets, check=False)
    assert code != 0
    assert "No space left on device" in output
    assert png_hashes(folder).items() <= expected.items()
    assert not [file for file in folder.iterdir() if file.suffix != ".png" or ".part" in file.name]
    folder.unlink()
    snakemake(copy, *targets)
    assert png_hashes(folder) == expected
