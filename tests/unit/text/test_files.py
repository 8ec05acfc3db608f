"""Reading a file that somebody named: it ends, whatever has the name."""

import os
from pathlib import Path

import pytest

from builder.text import files


def test_a_regular_file_is_read_whole(tmp_path: Path) -> None:
    """As bytes, or as text whose lines end alike."""
    (tmp_path / "a").write_bytes(b"a\r\nb\rc\n")
    assert files.read(tmp_path / "a") == b"a\r\nb\rc\n"
    assert files.text(tmp_path / "a") == "a\nb\nc\n"


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_is_no_regular_file_is_not_waited_for(kind: str, tmp_path: Path) -> None:
    """The reason is in words of ours, and the name is that of the file."""
    path = tmp_path / "it"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(files.NotAFileError) as caught:
        files.read(path)
    assert (caught.value.strerror, caught.value.filename) == ("it is not a regular file", str(path))


def test_a_file_that_is_too_large_is_not_read_to_its_end(tmp_path: Path) -> None:
    """Not even one that takes no room on the disk."""
    with (tmp_path / "sparse").open("wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(files.TooLargeError) as caught:
        files.read(tmp_path / "sparse", 1000)
    assert caught.value.strerror == "it is larger than 1000 bytes"


def test_a_missing_file_stays_missing(tmp_path: Path) -> None:
    """It is the callers' to say what to do about it."""
    with pytest.raises(FileNotFoundError):
        files.read(tmp_path / "none")
