"""The strict tar reader, beside the standard library's tarfile."""

from __future__ import annotations

import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.formats import tar
from builder.formats.unpacked import Malformed

_FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
_PARTS = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=60)
_PATHS = (
    st.lists(_PARTS.filter(lambda part: part not in {".", ".."}), min_size=1, max_size=4)
    .map("/".join)
    .filter(lambda path: "\n" not in path)
)


def _archive(
    members: dict[str, bytes], *, form: int = tarfile.PAX_FORMAT, kind: bytes = tarfile.REGTYPE
) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for path, data in members.items():
            info = tarfile.TarInfo(path)
            info.type, info.size, info.mode = kind, len(data), 0o640
            info.uname = info.gname = "root"
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def _field(archive: bytes, at: int, value: bytes) -> bytes:
    """Return `archive` with `value` at `at` of its first header, and the header's checksum made right."""
    header = bytearray(archive[:512])
    header[at : at + len(value)] = value
    header[148:156] = b"%06o\0 " % (sum(header) - sum(header[148:156]) + 8 * 32)
    return bytes(header) + archive[512:]


@pytest.mark.parametrize("form", _FORMATS.values(), ids=_FORMATS)
@given(members=st.dictionaries(_PATHS, st.binary(max_size=600), max_size=4))
def test_reads_what_tarfile_wrote(members: dict[str, bytes], form: int) -> None:
    """Every path and content that tarfile archives comes back, in each of its formats."""
    try:
        archive = _archive(members, form=form)
    except ValueError:
        return  # ustar cannot say so long a name
    found = {entry.path: entry.data for entry in tar.unpack("t.tar", archive)}
    assert members == found


def test_keeps_mode_owner_and_link() -> None:
    """A link's target, and every entry's mode and owner, are kept."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("./a")
        info.type, info.linkname, info.mode, info.uname, info.gname = (
            tarfile.SYMTYPE,
            "b" * 120,
            0o777,
            "u",
            "g",
        )
        archive.addfile(info)
    (entry,) = tar.unpack("t.tar", buffer.getvalue())
    assert (
        entry.path,
        entry.kind,
        entry.mode,
        entry.owner,
        entry.link,
    ) == ("a", "link", 0o777, "u:g", "b" * 120)


_GOOD = _archive({"a": b"data"}, form=tarfile.USTAR_FORMAT)
_FAULTS = {
    "a tar header has a wrong checksum": _GOOD[:10] + b"x" + _GOOD[11:],
    "a tar header is cut off": _GOOD[:300],
    "a is cut off": _GOOD[:514],
    "data after the end of the archive": _GOOD + b"more",
    "an entry has no name": _field(_GOOD, 0, b"/"),
    "../a leaves the package": _archive({"../a": b""}),
    "a is a duplicate entry": _archive({"a": b"1", "./a": b"2"}),
    "a is of type b'3', not a file, folder or link": _archive({"a": b""}, kind=tarfile.CHRTYPE),
    "a tar header has a field that is no octal number": _field(_GOOD, 124, b"\xff" * 12),
    "a is a dir with contents": _field(_GOOD, 156, tarfile.DIRTYPE),
    "a pax record is malformed": _field(_GOOD, 156, b"x"),
    "an extended header of 70000 bytes": _field(_archive({"a": b"0" * 70_000}), 156, b"x"),
    "an extended header belongs to no entry": _field(_GOOD, 156, b"L"),
    "a global pax header sets path": _field(_archive({"a": b"9 path=a\n"}), 156, b"g"),
    "a has two sizes": _archive({}, form=tarfile.PAX_FORMAT)[:0]
    + _field(_archive({"x": b"9 size=7\n"})[:1024], 156, b"x")
    + _GOOD,
}


@pytest.mark.parametrize(("message", "archive"), _FAULTS.items(), ids=_FAULTS)
def test_refuses(message: str, archive: bytes) -> None:
    """Damage, ambiguity and what has no place in a package are refused by name, never skipped."""
    with pytest.raises(Malformed) as caught:
        tar.unpack("t.tar", archive)
    assert f"t.tar: {message}" == str(caught.value)


def test_reads_segments_without_an_end() -> None:
    """An archive may stop behind its last entry, as apk's signature and control do."""
    assert tar.unpack("t.tar", _GOOD[:1024])[0].data == b"data"


@given(st.binary(max_size=2000))
def test_never_raises_anything_else(data: bytes) -> None:
    """Any bytes at all are either an archive or Malformed."""
    for candidate in (data, _GOOD[:512] + data):
        try:
            tar.unpack("t.tar", candidate)
        except Malformed:
            continue
