"""The atomic write: a file is whole or as it was, and an error names the file that people know."""

from pathlib import Path

import pytest

from builder.errors import OutputError
from builder.release.atomic import put, write


def test_a_file_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    """The text is there, the file can be read by others, and no temporary file remains."""
    file = tmp_path / "metrics.prom"
    write(file, "one\n")
    write(file, "two\n")
    assert (file.read_text(), f"{file.stat().st_mode & 0o777:o}") == ("two\n", "644")
    assert list(tmp_path.iterdir()) == [file]


def test_what_a_link_leads_to_is_replaced_and_not_the_link(tmp_path: Path) -> None:
    """An administrator's link stays one."""
    (tmp_path / "link").symlink_to("file")
    write(tmp_path / "link", "text")
    assert ((tmp_path / "link").is_symlink(), (tmp_path / "file").read_text()) == (True, "text")


@pytest.mark.parametrize("name", ["x" * 255, "日" * 85])
def test_the_longest_name_that_a_file_may_have_can_be_written(tmp_path: Path, name: str) -> None:
    """The temporary one is no longer."""
    put(tmp_path / name, b"data")
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("name", "said"), [("no/x", "No such file or directory"), ("x" * 256, "File name too long")]
)
def test_an_error_names_the_file_and_not_the_temporary_one(tmp_path: Path, name: str, said: str) -> None:
    """Whether its folder is missing or its name is too long."""
    with pytest.raises(OutputError) as caught:
        write(tmp_path / name, "data")
    assert str(caught.value) == f"{tmp_path / name}: cannot be written: {said}"
    with pytest.raises(OSError, match=said) as raised:
        put(tmp_path / name, b"data")
    assert (raised.value.filename2 or raised.value.filename) == str(tmp_path / name)
    assert list(tmp_path.iterdir()) == []
