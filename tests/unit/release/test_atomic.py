"""The atomic write: a file is whole or as it was, and an error names the file that people know."""

import os
from pathlib import Path

import pytest

from builder.errors import OutputError
from builder.release.atomic import TEMPORARY, alone, create, put, staged, write


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


def test_what_a_dead_process_left_goes_and_what_a_live_one_writes_stays(tmp_path: Path) -> None:
    """Also of another file's; a link, a pipe and a folder that somebody called so are no file of ours."""
    dead = tmp_path / f"{TEMPORARY}other.lock-999999.0"
    dead.write_bytes(b"half")
    theirs = [tmp_path / f"{TEMPORARY}{name}" for name in ("link", "pipe", "folder")]
    theirs[0].symlink_to("nowhere")
    os.mkfifo(theirs[1])
    theirs[2].mkdir()
    with staged(tmp_path / "live", b"live") as live:
        put(tmp_path / "file", b"data")
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
            ["file", live.name, *(path.name for path in theirs)]
        )
        live.replace(tmp_path / "live")
    assert (tmp_path / "live").read_bytes() == b"live"


def test_a_process_of_another_container_may_have_our_number(tmp_path: Path) -> None:
    """Its temporary file is not taken for ours, and its lock is not waited for."""
    with staged(tmp_path / "file", b"theirs") as theirs, staged(tmp_path / "file", b"ours") as ours:
        assert (theirs.read_bytes(), ours.read_bytes()) == (b"theirs", b"ours")
    assert list(tmp_path.iterdir()) == []


def test_only_one_makes_a_new_file(tmp_path: Path) -> None:
    """The second is told; a link is a file too, and nothing is left beside either."""
    create(tmp_path / "file", b"first")
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("file", "link"):
        with pytest.raises(FileExistsError):
            create(tmp_path / name, b"second")
    assert (tmp_path / "file").read_bytes() == b"first"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link"]


def test_one_process_at_a_time_is_alone(tmp_path: Path) -> None:
    """Another one is told at once what is going on."""
    with (
        alone(tmp_path, "a test is running here"),
        pytest.raises(OutputError, match="a test is running here"),
        alone(tmp_path, "a test is running here"),
    ):
        pass
    with alone(tmp_path, "a test is running here"):
        pass


def test_an_error_says_which_folder_is_missing(tmp_path: Path) -> None:
    """In its hint, since the system's own words could be about the file."""
    with pytest.raises(OutputError) as caught:
        write(tmp_path / "no" / "x", "data")
    assert caught.value.hint == f"there is no folder {tmp_path / 'no'}: make it first"
    (tmp_path / "link").symlink_to("no/x")
    with pytest.raises(OutputError) as caught:
        write(tmp_path / "link", "data")
    assert caught.value.hint == f"there is no folder {tmp_path / 'no'}: make it first"
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OutputError, match="is a link that leads nowhere"):
        write(tmp_path / "loop", "data")
    assert (tmp_path / "loop").is_symlink()
