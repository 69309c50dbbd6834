import pytest

from urn.errors import UserError
from urn.files.atomic import atomic_path


def test_appears_whole(tmp_path):
    path = tmp_path / "new" / "table.tsv"
    with atomic_path(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
        temporary.write_text("whole")
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_a_failure_leaves_the_old_file(tmp_path):
    path = tmp_path / "mask.png"
    path.write_text("old")

    def fail():
        with atomic_path(path) as temporary:
            temporary.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_later_of_two_writers_prevails(tmp_path):
    """The first still has its file open when the second starts, and finishes after it."""
    path = tmp_path / "shard.npz"

    def write_while_another_does():
        with atomic_path(path) as first, first.open("w") as file:
            file.write("orphan")
            with atomic_path(path) as second:
                second.write_text("second")
                file.write("orphan again")
                file.flush()

    with pytest.raises(UserError, match=r"shard\.npz is being written by another process"):
        write_while_another_does()
    assert path.read_text() == "second"
    assert list(tmp_path.iterdir()) == [path]


def test_a_writer_that_lost_leaves_the_others_file_alone(tmp_path):
    """Though it does not even have its file open when the other starts."""
    path = tmp_path / "mask.png"

    def lose():
        with atomic_path(path) as temporary:
            temporary.unlink()
            temporary.write_text("another's")

    with pytest.raises(UserError):
        lose()
    (left,) = tmp_path.iterdir()
    assert left.read_text() == "another's"
    assert left != path


def test_what_a_killed_process_left_goes(tmp_path):
    path = tmp_path / "mask.png"
    (tmp_path / ".mask.part.png").write_text("a longer text left behind")
    with atomic_path(path) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]
