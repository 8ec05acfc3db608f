"""Windows Installer packages: compound files, tables, versions, and what is damaged."""

from __future__ import annotations

import io
import re
import struct
import time

import olefile
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.formats import msi
from builder.formats.control import Unwritable
from builder.formats.msi import cfb, database, names, summary
from builder.formats.msi.cfb import CompoundFile
from builder.formats.msi.database import Table, columns
from builder.formats.msi.version import product_version
from builder.formats.unpacked import Malformed
from builder.model.release import Release
from tests.unit.formats.packages import package, refusal
from tests.unit.formats.test_windows import _FILE, _KEY, _PEM

_METADATA = {"product": "Acme certificate authorities"}


def _installer() -> bytes:
    return msi.write(package("msi", _FILE, metadata=_METADATA))


@given(sizes=st.lists(st.sampled_from([0, 1, 63, 64, 65, 4095, 4096, 4097, 70_000]), max_size=40))
def test_streams_read_back(sizes: list[int]) -> None:
    """Small ones and large ones, and olefile agrees."""
    streams = {f"S{number:03}": bytes([number + 1]) * size for number, size in enumerate(sizes)}
    data = cfb.write(CompoundFile(bytes(range(16)), streams))
    assert len(data) % 512 == 0
    assert cfb.read(data) == CompoundFile(bytes(range(16)), streams)
    with olefile.OleFileIO(io.BytesIO(data), raise_defects=olefile.DEFECT_INCORRECT) as opened:
        found = {path[0]: opened.openstream(path).read() for path in opened.listdir()}
    assert found == streams


def test_what_the_tables_do_not_need_is_free() -> None:
    """[MS-CFB] asks that of every number beyond the last sector, in the table of small ones, too."""
    data = cfb.write(CompoundFile(bytes(16), {"A": bytes(65), "B": bytes(5000)}))
    first, count = struct.unpack_from("<II", data, 60)
    assert count == 1
    assert struct.unpack_from("<128I", data, 512 * (first + 1)) == (1, _END, *[_FREE] * 126)
    (fat,) = struct.unpack_from("<I", data, 76)
    numbers = struct.unpack_from("<128I", data, 512 * (fat + 1))
    used = len(data) // 512 - 1
    assert [*numbers[used:]] == [_FREE] * (128 - used)
    assert _FREE not in numbers[:used]


_FREE, _END = 0xFFFFFFFF, 0xFFFFFFFE


def test_a_file_with_more_tables_than_its_header_can_name_reads_back() -> None:
    """From 109 sectors of the table on, seven megabytes, more sectors name them."""
    streams = {"A": bytes(8_000_000), "B": bytes(range(256)) * 70_000}
    data = cfb.write(CompoundFile(bytes(16), streams))
    assert cfb.read(data).streams == streams
    with olefile.OleFileIO(io.BytesIO(data), raise_defects=olefile.DEFECT_INCORRECT) as opened:
        assert opened.openstream("B").read() == streams["B"]


def test_a_name_that_is_too_long_is_refused() -> None:
    """A compound file has room for 31 characters."""
    with pytest.raises(Unwritable, match="a name of 32 characters"):
        cfb.write(CompoundFile(bytes(16), {"x" * 32: b""}))


@pytest.mark.parametrize("name", ["Property", "_StringPool", "A", "AB", "a.b_C9", "Icon.ä x"])
def test_names_of_streams_read_back(name: str) -> None:
    """Two letters in a character."""
    assert names.decoded(names.encoded(name)) == (name, True)
    assert names.decoded(names.encoded(name, table=False)) == (name, False)


def test_names_are_coded_as_msitools_does() -> None:
    """The first and the last letter, a lone one, and one that is none of the 64."""
    assert names.encoded("0_A é", table=False) == chr(0x3800 + 0 + (63 << 6)) + chr(0x480A) + " é"


def test_tables_read_back() -> None:
    """Numbers below zero, empty cells, long rows and two code pages."""
    table = Table(
        columns("Key:s72* Small:I2 Large:I4 Text:L0"),
        (("a", -1, -(2**31) + 1, None), ("b", 32767, 2**31 - 1, "é"), ("c", None, None, "x" * 65535)),
    )
    for codepage in (1252, 65001):
        assert database.read(database.write({"T": table}, codepage)) == {"T": table}


def test_a_text_that_is_too_long_is_refused() -> None:
    """Its length has sixteen bits."""
    table = Table(columns("Key:s72* Text:L0"), (("a", "x" * 65536),))
    with pytest.raises(Unwritable, match="65535 bytes"):
        database.write({"T": table}, 1252)


def test_a_summary_reads_back() -> None:
    """Texts, numbers and times."""
    told: dict[int, str | int] = {
        summary.CODEPAGE: 65001,
        summary.TITLE: "日本",
        summary.CREATED: 1_795_478_400,
        summary.WORDS: 2,
    }
    assert summary.read(summary.write(told, "utf-8")) == told


def test_an_installer_reads_back() -> None:
    """Its name and release are the package's, and its certificates those that went in."""
    found = msi.unpack("x.msi", _installer())
    assert (found.format, found.name, found.version) == ("msi", "acme-thing", "20261124.1")
    assert [(one.path, one.data) for one in found.entries if one.path.startswith("HKEY")] == [(_KEY, _PEM)]
    assert (found.metadata["ProductVersion"], found.scripts) == ("26.11.2401", {})


def test_another_programs_document_is_no_installer() -> None:
    """Office's old formats are compound files, too."""
    assert not msi.recognises(cfb.write(CompoundFile(bytes(16), {"WordDocument": b"x"})))


def test_only_the_machines_stores_are_written() -> None:
    """An installer for a machine must not write into the key of whoever starts it."""
    file = _FILE.__class__(_KEY.replace("HKEY_LOCAL_MACHINE", "HKEY_CURRENT_USER"), _PEM)
    message, _ = refusal(package("msi", file, metadata=_METADATA))
    assert message.endswith("is not the machine's")


_RISING = [
    ("0", "0.0.0"), ("7", "0.7.0"), ("7.65535", "0.7.65535"), ("255.1", "0.255.1"),
    ("2000.1", "1.0.1"), ("2026.9", "1.26.9"), ("2026.10", "1.26.10"), ("2027", "1.27.0"),
    ("2106.65535", "1.106.65535"),
    ("20020101", "2.1.100"), ("20261124", "26.11.2400"), ("20261124.1", "26.11.2401"),
    ("20261124.99", "26.11.2499"), ("20261125", "26.11.2500"), ("20261231.5", "26.12.3105"),
    ("21061231", "106.12.3100"),
]  # fmt: skip


def test_versions_rise_as_releases_do() -> None:
    """Windows compares three numbers, of which the first two have a byte."""
    assert [product_version(Release(release)) for release, _ in _RISING] == [
        version for _, version in _RISING
    ]
    numbers = [tuple(map(int, version.split("."))) for _, version in _RISING]
    assert numbers == sorted(numbers)
    assert [Release(release).numbers for release, _ in _RISING] == sorted(
        Release(release).numbers for release, _ in _RISING
    )
    assert all(a < 256 and b < 256 and c < 65536 for a, b, c in numbers)


@pytest.mark.parametrize(
    "release",
    ["256", "1980.1", "2107.1", "20261124.100", "20011231", "2026.65536", "1.65536", "2026.1.1", "999999999"],
)
def test_a_release_without_a_version_is_refused(release: str) -> None:
    """Rather than that an upgrade would not be one."""
    message, _ = refusal(package("msi", _FILE, metadata=_METADATA, version=release))
    assert re.search(rf"release {re.escape(release)} has no version in an MSI: ", message)


def test_a_version_that_is_no_release_is_refused() -> None:
    """A recipe of an organisation's own may write versions otherwise."""
    message, _ = refusal(package("msi", _FILE, metadata=_METADATA, version="1-2"))
    assert "version '1-2' is no release" in message


def test_stops_a_bomb() -> None:
    """A long text that thousands of cells name."""
    table = Table(columns("Key:i4* Text:L0"), tuple((number, "x" * 65_000) for number in range(2000)))
    streams = database.write({"T": table}, 1252)
    with pytest.raises(Malformed, match="more than inspect reads"):
        msi.unpack("x.msi", cfb.write(CompoundFile(bytes(16), streams)))


def test_stops_at_more_cells_than_an_installer_can_need() -> None:
    """Two bytes of a file make a number that takes as much as twenty in memory."""
    spelled = columns(" ".join(f"{letter}:i2" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    streams = database.write({name: Table(spelled, ((1,) * 26,)) for name in "TU"}, 1252)
    streams |= {names.encoded(name): b"\1\x80" * 26 * 40_000 for name in "TU"}
    with pytest.raises(Malformed, match="more cells than inspect reads"):
        database.read(streams)


def test_stops_at_more_texts_than_an_installer_can_need() -> None:
    """Each may be empty."""
    streams = database.write({"T": Table(columns("Key:i2*"), ((1,),))}, 1252)
    streams[names.encoded("_StringPool")] += bytes(8_000_000)
    with pytest.raises(Malformed, match="more texts than inspect reads"):
        database.read(streams)


def test_stops_at_tables_of_sectors_that_the_file_has_no_room_for() -> None:
    """One whose whole content is the table of its small sectors."""
    data = bytearray(cfb.write(CompoundFile(bytes(16), {"A": bytes(200_000)})))
    data[60:64] = (0).to_bytes(4, "little")  # where A is
    with pytest.raises(Malformed, match="more tables than sectors"):
        cfb.read(bytes(data))


def test_streams_that_share_a_chain_are_read_no_further_than_they_reach() -> None:
    """The directory may let thousands of them begin where the longest does."""
    names = [f"S{number:05}" for number in range(4000)]
    data = bytearray(
        cfb.write(CompoundFile(bytes(16), {"A": bytes(20_000_000), **dict.fromkeys(names, b"x")}))
    )
    at = data.index("S00000".encode("utf-16-le")) - 128  # that of A itself, which is before them
    for _ in ("A", *names):  # each begins with the long one, and is just too long for the mini stream
        data[at + 116 : at + 128] = (0).to_bytes(4, "little") + (4096).to_bytes(8, "little")
        at += 128
    start = time.monotonic()
    assert cfb.read(bytes(data)).streams == dict.fromkeys(("A", *names), bytes(4096))
    assert time.monotonic() - start < 5


_WHOLE = _installer()


@given(at=st.integers(0, len(_WHOLE) + 100), put=st.binary(max_size=8), cut=st.booleans())
def test_damage_is_told_or_harmless(at: int, put: bytes, *, cut: bool) -> None:
    """Any bytes in any place: a certificate that is still read is the one that was there."""
    damaged = _WHOLE[:at] + put + (b"" if cut else _WHOLE[at + len(put) :])
    try:
        found = msi.unpack("x.msi", damaged)
    except Malformed:
        return
    assert {one.data for one in found.entries if "BEGIN" in one.data.decode("utf-8", "replace")} <= {_PEM}


@pytest.mark.parametrize("at", range(0, 512, 4))
def test_a_header_that_lies_is_told_or_harmless(at: int) -> None:
    """Every number of it, as the highest, as the next one and as none."""
    for number in (0, 1, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF):
        damaged = _WHOLE[:at] + number.to_bytes(4, "little") + _WHOLE[at + 4 :]
        try:
            msi.unpack("x.msi", damaged)
        except Malformed:
            continue
