"""The .apk, read by zlib and tarfile, as the format's specification says (apk-package(5))."""

from __future__ import annotations

import hashlib
import io
import tarfile

import pytest

from tests.packages import readers
from tests.packages.built import Built, fingerprints, run
from tests.tools import require

_FOLDER = "/usr/local/share/ca-certificates/"


@pytest.fixture
def streams(built: Built) -> list[tuple[bytes, bytes]]:
    """Return each gzip stream of the .apk as (compressed, plain)."""
    return readers.apk_streams(built.file("apk"))


def _info(control: bytes) -> dict[str, str]:
    with tarfile.open(fileobj=io.BytesIO(control)) as archive:
        stream = archive.extractfile(".PKGINFO")
        assert stream is not None
        lines = stream.read().decode("utf-8").splitlines()
    return dict(line.split(" = ", 1) for line in lines if not line.startswith("#"))


def test_has_a_control_and_a_data_stream(streams: list[tuple[bytes, bytes]]) -> None:
    """An unsigned package is two gzip streams; the signature will be put before them."""
    assert len(streams) == 2


def test_control_describes_the_package(built: Built, streams: list[tuple[bytes, bytes]]) -> None:
    """.PKGINFO gives name, version, architecture and dependency."""
    (artifact,) = built.artifacts("apk")
    info = _info(streams[0][1])
    assert artifact["name"] == info["pkgname"]
    assert f"{artifact['version']}-r0" == info["pkgver"]
    assert (info["arch"], info["depend"]) == ("noarch", "ca-certificates")


def test_datahash_is_that_of_the_data_stream(streams: list[tuple[bytes, bytes]]) -> None:
    """The control stream names the SHA-256 of the compressed data stream."""
    (control, data) = streams
    assert hashlib.sha256(data[0]).hexdigest() == _info(control[1])["datahash"]


def test_every_file_carries_its_checksum(streams: list[tuple[bytes, bytes]]) -> None:
    """Apk compares each file with the SHA-1 in its pax record."""
    with tarfile.open(fileobj=io.BytesIO(streams[1][1])) as archive:
        for member in archive:
            stream = archive.extractfile(member)
            if stream:
                expected = hashlib.sha1(stream.read()).hexdigest()  # noqa: S324  the format's own
                assert expected == member.pax_headers["APK-TOOLS.checksum.SHA1"]


def test_size_is_the_installed_size(built: Built, streams: list[tuple[bytes, bytes]]) -> None:
    """The size in .PKGINFO is the sum over all files."""
    sizes = [len(entry.data) for entry in readers.apk(built.file("apk")).entries if entry.data is not None]
    assert str(sum(sizes)) == _info(streams[0][1])["size"]


def test_one_certificate_in_each_file(built: Built) -> None:
    """Alpine's updater reads every file directly in its folder; nothing else may lie there."""
    files = [e for e in readers.apk(built.file("apk")).entries if e.path.startswith(_FOLDER)]
    assert len(built.fingerprints) == len(files)
    assert all("/" not in file.path.removeprefix(_FOLDER) for file in files)
    assert all(len(fingerprints(file.data or b"")) == 1 for file in files)
    assert built.fingerprints == frozenset().union(*(fingerprints(file.data or b"") for file in files))


def test_belongs_to_root(built: Built) -> None:
    """Nobody but root may write to what is installed."""
    entries = readers.apk(built.file("apk")).entries
    assert {"root:root"} == {entry.owner for entry in entries}
    assert all(not entry.mode & 0o022 for entry in entries)


def test_scripts_are_busybox_shell(demo: Built) -> None:
    """Alpine's shell reads the scripts without a complaint."""
    scripts = readers.apk(demo.file("apk")).scripts
    assert scripts
    for text in scripts.values():
        assert run(require("busybox"), "ash", "-n", "-s", data=text.encode()) == ""
