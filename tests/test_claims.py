"""Folders that rules fill are told from the user's own."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from urn.datasets.claims import MARK, claim, is_claimed, is_free
from urn.errors import UserError


def of_the_user(folder):
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "b" / "photo.jpg").write_text("mine")


def linked(folder):
    (folder.parent / "disk").mkdir()
    folder.mkdir()
    (folder / "JPEGImages").symlink_to(folder.parent / "disk")


def a_file(folder):
    folder.write_text("")


def a_broken_link(folder):
    folder.symlink_to("absent")


@pytest.mark.parametrize("make", [of_the_user, linked, a_file, a_broken_link])
def test_what_the_user_put_there_is_not_written_into(make, tmp_path):
    folder = tmp_path / "voc"
    make(folder)
    assert not is_free(folder) and not is_claimed(folder)
    with pytest.raises(UserError, match="voc holds files that were not put there by this workflow"):
        claim(folder)
    assert not (folder / MARK).exists()


def test_an_absent_or_empty_folder_is_claimed_and_stays_so(tmp_path):
    folder = tmp_path / "voc"
    assert is_free(folder)
    (folder / "ImageSets" / "Segmentation").mkdir(parents=True)  # as Snakemake does
    assert is_free(folder) and not is_claimed(folder)
    claim(folder)
    (folder / "photo.jpg").write_text("")
    claim(folder)
    assert is_claimed(folder) and is_free(folder)
    (folder / MARK).unlink()
    assert not is_free(folder)


def test_several_jobs_may_begin_to_fill_a_folder_at_once(tmp_path):
    jobs = 4
    together = Barrier(jobs)

    def fill(job):
        for dataset in range(100):
            folder = tmp_path / f"{dataset}"
            together.wait(timeout=60)
            claim(folder)
            (folder / f"{job}.jpg").write_text("")

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(fill, range(jobs)))
