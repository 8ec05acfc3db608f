"""Archives: other programs read them, and nothing but their contents decides their bytes."""

import datetime as dt
import gzip
import io
import random
import struct
import subprocess
import sys
import tarfile
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.formats import compression, tar
from builder.formats import zip as archive
from builder.formats.control import Unwritable
from builder.formats.unpacked import Malformed
from builder.model import File
from tests.tools import require, require_linux

EPOCH = 1_795_478_400
FILES = [
    File("b/second.txt", b"second\n"),
    File("b", b"", 0o755, "dir"),
    File("a-script", b"#!/bin/sh\n", 0o755),
    File("empty", b""),
    File("d" * 100 + "/" + "n" * 90, b"long"),
    File("ünïcödé/名前.pem", b"x"),
]
ORDER = ["a-script", "b", "b/second.txt", "d" * 100 + "/" + "n" * 90, "empty", "ünïcödé/名前.pem"]


def test_a_tar_holds_what_was_given_sorted_by_bytes_and_owned_by_root() -> None:
    """Read by Python's own reader: path, kind, mode, owner, time and content of each member."""
    with tarfile.open(fileobj=io.BytesIO(tar.write(FILES, EPOCH)), encoding="utf-8") as found:
        members = found.getmembers()
        assert [member.name for member in members] == ORDER
        given_files = {file.path: file for file in FILES}
        for member in members:
            file = given_files[member.name]
            assert (member.isdir(), member.mode) == (file.kind == "dir", file.mode)
            assert (member.uid, member.gid, member.uname, member.gname) == (0, 0, "root", "root")
            assert member.mtime == EPOCH
            stream = found.extractfile(member)
            assert (stream.read() if stream else b"") == file.data


def test_a_tar_is_ustar_without_extensions() -> None:
    """No pax and no GNU headers: npm, gem and old readers know plain ustar."""
    data = tar.write(FILES, EPOCH)
    assert data[257:265] == b"ustar\x0000"
    with tarfile.open(fileobj=io.BytesIO(data)) as found:
        assert (found.pax_headers, {m.type for m in found.getmembers()}) == (
            {},
            {tarfile.REGTYPE, tarfile.DIRTYPE},
        )
    assert data.endswith(bytes(1024))


@pytest.mark.parametrize(
    "reader", [["tar", "-tzvf", "-", "--utc", "--full-time"], ["busybox", "tar", "-tzf", "-"]]
)
def test_other_programs_read_a_gzipped_tar(reader: list[str]) -> None:
    """GNU tar and busybox list every member."""
    require_linux()
    data = compression.gzip(tar.write(FILES, EPOCH))
    done = subprocess.run(
        [require(reader[0]), *reader[1:]],
        input=data,
        capture_output=True,
        check=True,
        env={"LANG": "C.UTF-8"},
    )
    assert done.stderr == b""
    lines = done.stdout.decode().splitlines()
    assert [line.split(" ")[-1].rstrip("/") for line in lines] == ORDER
    if reader[0] == "tar":
        assert lines[0].split() == ["-rwxr-xr-x", "root/root", "10", "2026-11-24", "00:00:00", "a-script"]


@pytest.mark.parametrize("path", ["x" * 101, "d" * 156 + "/x", "a/" + "n" * 300])
def test_a_path_too_long_for_a_tar_is_an_error(path: str) -> None:
    """It is named, not cut off."""
    with pytest.raises(Unwritable) as caught:
        tar.write([File(path, b"")], EPOCH)
    assert str(caught.value) == f"{path}: is too long for a tar archive"


@pytest.mark.parametrize("size", [*range(110), 980, 990, 1000])
def test_an_extended_record_counts_itself(size: int) -> None:
    """Its length is right where it grows a digit, and tarfile gives back what was said."""
    said = {"note": "é" * size + "="}
    data = tar.write([File("a", b"x")], EPOCH, pax=lambda _: said)
    with tarfile.open(fileobj=io.BytesIO(data)) as found:
        assert [(one.name, one.pax_headers) for one in found] == [("a", said)]
    assert tar.unpack_with_pax("x", data)[0].pax == said


@given(
    files=st.dictionaries(
        st.text("abc/é", min_size=1, max_size=20).map(lambda t: "x" + t.replace("/", "_")), st.binary()
    )
)
def test_the_order_given_does_not_matter(files: dict[str, bytes]) -> None:
    """Any order of the same files makes the same tar."""
    given_files = [File(path, data) for path, data in files.items()]
    shuffled = random.Random(0).sample(given_files, len(given_files))  # noqa: S311  no secret
    assert tar.write(given_files, EPOCH) == tar.write(shuffled, EPOCH)


@pytest.mark.parametrize("size", [0, 1, 65534, 65535, 65536, 131070, 131071, 1_000_000])
def test_gzip_is_read_back_by_others(size: int) -> None:
    """Around the length of a block, by zlib and by the gzip program."""
    data = random.Random(size).randbytes(size)  # noqa: S311  no secret
    packed = compression.gzip(data)
    assert gzip.decompress(packed) == data
    done = subprocess.run([require("gzip"), "-dc"], input=packed, capture_output=True, check=True, env={})
    assert done.stdout == data


@given(st.binary(max_size=300))
def test_gzip_has_no_time_name_or_compression(data: bytes) -> None:
    """The bytes are those that RFC 1951 and RFC 1952 give for one stored block, on every machine."""
    expected = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x01"
    expected += struct.pack("<HH", len(data), 0xFFFF - len(data)) + data
    expected += struct.pack("<II", zlib.crc32(data), len(data))
    assert compression.gzip(data) == expected


def test_a_zip_holds_what_was_given_in_that_order() -> None:
    """Stored, from a Unix system, with mode and time, nothing else."""
    files = [File("b.txt", b"b"), File("a/script", b"#!", 0o755), File("ünï", b"")]
    with zipfile.ZipFile(io.BytesIO(archive.write(files, EPOCH))) as found:
        assert found.testzip() is None
        for info, file in zip(found.infolist(), files, strict=True):
            assert (info.filename, found.read(info)) == (file.path, file.data)
            assert (info.compress_type, info.create_system) == (zipfile.ZIP_STORED, 3)
            assert info.external_attr >> 16 == 0o100000 | file.mode
            assert info.date_time == (2026, 11, 24, 0, 0, 0)
            assert (info.extra, info.comment) == (b"", b"")


def test_unzip_reads_the_zip(tmp_path: Path) -> None:
    """Another program finds no fault and the same content."""
    file = tmp_path / "x.zip"
    file.write_bytes(archive.write([File("a.txt", b"a" * 1000), File("s", b"x", 0o755)], EPOCH))
    unzip = require("unzip")
    assert subprocess.run([unzip, "-tq", file], capture_output=True, check=False, env={}).returncode == 0
    assert (
        subprocess.run([unzip, "-p", file, "a.txt"], capture_output=True, check=True, env={}).stdout
        == b"a" * 1000
    )


@pytest.mark.parametrize("year", [1980, 2106])
def test_a_zip_knows_our_first_and_last_time(year: int) -> None:
    """The bounds that releases keep are zip's."""
    moment = (
        dt.datetime(year, 1, 1, tzinfo=dt.UTC)
        if year == 1980
        else dt.datetime.fromtimestamp(0xFFFFFFFF, dt.UTC)
    )
    data = archive.write([File("a", b"")], int(moment.timestamp()))
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        assert found.infolist()[0].date_time[0] == year


def test_a_folder_in_a_zip_is_an_error() -> None:
    """A wheel's RECORD could not list it."""
    with pytest.raises(Unwritable):
        archive.write([File("a", b"", 0o755, "dir")], EPOCH)


def _compressed(method: int, size: int) -> bytes:
    """Return a zip with a member of so many bytes, all the same."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as made:
        made.writestr("a", b"\0" * size)
    return buffer.getvalue()


def test_a_member_is_not_unpacked_beyond_what_it_claims() -> None:
    """Whoever claims a hundred bytes and has twenty million is stopped early, without room for them."""
    size = 20_000_000
    lie = _compressed(zipfile.ZIP_DEFLATED, size).replace(struct.pack("<I", size), struct.pack("<I", 100))
    tracemalloc.start()
    with pytest.raises(Malformed, match="damaged zip"):
        archive.read(lie)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < size / 10


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_methods_than_deflate_are_not_unpacked(method: int) -> None:
    """They could not be stopped."""
    with pytest.raises(Malformed, match="compressed by another method"):
        archive.read(_compressed(method, 100))


def test_an_empty_member_has_its_sum_compared() -> None:
    """As every other."""
    data = _compressed(zipfile.ZIP_STORED, 0)
    found = archive.read(data)
    assert [entry.data for entry in found] == [b""]
    listed = data.index(b"PK\x01\x02") + 16  # the sum in the list at the end
    with pytest.raises(Malformed, match="damaged zip"):
        archive.read(data[:listed] + b"\1" + data[listed + 1 :])


def test_a_list_of_too_many_members_is_not_read() -> None:
    """Each of its lines costs ten times as much memory as file."""
    members = [File(f"{number}", b"") for number in range(20_001)]
    data = archive.write(members, EPOCH)
    for read in (archive.names, archive.read):
        with pytest.raises(Malformed, match="more members than inspect reads"):
            read(data)


PROGRAM = """
import os, sys
os.umask(int(sys.argv[1], 8))
from builder.formats import ar, compression, cpio, tar
from builder.formats import zip as archive
from builder.model import File
files = [File("\\u00e9/a", b"1"), File("b", b"", 0o755, "dir"), File("c", b"3" * 70000)]
sys.stdout.buffer.write(compression.gzip(tar.write(files, 1795478400)))
sys.stdout.buffer.write(archive.write([f for f in files if f.kind == "file"], 1795478400))
sys.stdout.buffer.write(ar.write({"c": b"3" * 70001}, 1795478400) + cpio.write(files, 1795478400))
"""


def test_the_bytes_do_not_depend_on_the_machine() -> None:
    """Another umask, time zone, locale and hash seed give the same archives."""
    root = str(Path(__file__).parents[3])
    found = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM, umask],
            env={
                "TZ": zone,
                "LC_ALL": locale,
                "PYTHONHASHSEED": seed,
                "PYTHONUTF8": utf8,
                "PYTHONPATH": root,
            },
            capture_output=True,
            check=True,
        ).stdout
        for umask, zone, locale, seed, utf8 in [
            ("022", "UTC", "C.UTF-8", "1", "1"),
            ("077", "Pacific/Kiritimati", "C", "2", "0"),
            ("000", "America/Los_Angeles", "POSIX", "3", "0"),
        ]
    }
    assert len(found) == 1
