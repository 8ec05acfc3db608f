"""Alpine packages, read by the standard library as apk-package(5) says."""

import hashlib
import io
import tarfile
import zlib
from typing import Any

import pytest

from builder import formats
from builder.model import File
from tests.unit.formats.packages import EPOCH, SYSTEM, package, refusal

SCRIPTS = {name: f"#!/bin/sh\n# {name}\n".encode() for name in ("preinstall", "postupgrade", "postremove")}


def streams(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return each gzip stream as it is and unpacked."""
    found = []
    while data:
        stream = zlib.decompressobj(31)
        plain = stream.decompress(data)
        found.append((data[: len(data) - len(stream.unused_data)], plain))
        data = stream.unused_data
    return found


def members(plain: bytes) -> dict[str, bytes]:
    """Return what is in a tar."""
    with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
        return {one.name: stream.read() if (stream := archive.extractfile(one)) else b"" for one in archive}


def test_control_and_data_are_two_streams_and_one_archive() -> None:
    """The first has no end, so that both are one archive for apk; the second is named by its digest."""
    (control, plain), (data, files) = streams(formats.write(package("apk", *SYSTEM, scripts=SCRIPTS)))
    assert not plain.endswith(bytes(1024))
    assert [*members(plain), *members(files)] == list(members(plain + files))
    assert f"datahash = {hashlib.sha256(data).hexdigest()}\n" in members(plain)[".PKGINFO"].decode()
    assert control + data == formats.write(package("apk", *SYSTEM, scripts=SCRIPTS))


def test_each_script_has_the_name_that_apk_runs_it_by() -> None:
    """And every file its SHA-1, by which apk knows whether it was changed."""
    (_, plain), (_, files) = streams(formats.write(package("apk", *SYSTEM, scripts=SCRIPTS)))
    found = members(plain)
    assert {name: found[name] for name in found if name != ".PKGINFO"} == {
        ".post-deinstall": SCRIPTS["postremove"],
        ".post-upgrade": SCRIPTS["postupgrade"],
        ".pre-install": SCRIPTS["preinstall"],
    }
    with tarfile.open(fileobj=io.BytesIO(files)) as archive:
        for one in archive:
            stream = archive.extractfile(one)
            expected = {"APK-TOOLS.checksum.SHA1": hashlib.sha1(stream.read()).hexdigest()} if stream else {}  # noqa: S324
            assert (one.pax_headers, one.mtime, one.uid) == (expected, EPOCH, 0)


def test_every_line_of_its_description_is_apks() -> None:
    """A conflict is a dependency on the absence of a package, and triggers stand in one line."""
    metadata = {
        "release": "3",
        "summary": "Roots",
        "depends": ["ca-certificates>=20230506"],
        "conflicts": ["acme-old"],
        "replaces": ["acme-old<3"],
        "provides": ["acme-roots=1"],
        "triggers": ["/usr/share/acme", "/usr/share/b*"],
    }
    written = formats.write(package("apk", *SYSTEM, metadata=metadata, scripts={"trigger": b"#!/bin/sh\n"}))
    lines = members(streams(written)[0][1])[".PKGINFO"].decode().splitlines()
    assert lines[:-1] == [
        "pkgname = acme-thing",
        "pkgver = 20261124.1-r3",
        "pkgdesc = Roots",
        "url = https://pki.acme.internal/",
        f"builddate = {EPOCH}",
        "size = 18",
        "arch = noarch",
        "maintainer = Acme PKI <pki@acme.internal>",
        "license = Apache-2.0",
        "replaces = acme-old<3",
        "provides = acme-roots=1",
        "depend = ca-certificates>=20230506",
        "depend = !acme-old",
        "triggers = /usr/share/acme /usr/share/b*",
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": ".acme"}, "'.acme' is not an .apk's name"),
        ({"version": "1~2"}, "'1~2' is not an .apk's version"),
        ({"metadata": {"triggers": ["/x"]}}, "triggers and the script 'trigger' belong together"),
        ({"scripts": {"trigger": b"#!/bin/sh\n"}}, "triggers and the script 'trigger' belong together"),
        ({"files": (File("/" + "x" * 101, b""),)}, f"{'x' * 101}: is too long for a tar archive"),
    ],
)
def test_what_an_apk_cannot_hold_is_refused(changes: dict[str, Any], message: str) -> None:
    """By a message that says whose it is."""
    assert refusal(package("apk", **({"files": SYSTEM} | changes)))[0] == f"recipe thing: {message}"
