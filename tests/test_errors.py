import pytest

from urn.errors import UserError, raise_faults


def test_what_no_terminal_shows_is_written_out():
    assert str(UserError("é of a\x00b\udcf3 is wrong")) == "é of a\\x00b\\udcf3 is wrong"


def test_faults_keep_their_lines():
    with pytest.raises(UserError) as error:
        raise_faults("the table", ["row 1 is wrong", "row 2\tis wrong"])
    first, *lines = str(error.value).splitlines()
    assert first == "the table has 2 faults to mend:"
    assert lines == ["  row 1 is wrong", "  row 2\\tis wrong"]
