"""Configuration profiles: what is written is read again, and what others wrote or broke is told."""

from __future__ import annotations

import plistlib
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from builder import inspect
from builder.errors import PackageError
from builder.formats import WRITERS, cms, mobileconfig, write
from builder.formats.unpacked import Malformed
from builder.model import File, Package
from builder.prove import authority
from tests.tools import require
from tests.unit import bundles

if TYPE_CHECKING:
    from pathlib import Path

_ONE, _TWO = bundles.bundle("Acme One", "Acme Two").certificates
_ROOT, _PKCS1 = "com.apple.security.root", "com.apple.security.pkcs1"


def _package(**changes: Any) -> Package:
    files = (
        File(f"{_ROOT}/one.cer", _ONE.pem.encode()),
        File(f"{_PKCS1}/two.cer", _TWO.pem.encode()),
    )
    package = Package(
        target="mobileconfig",
        container="mobileconfig",
        name="internal.acme.ca",
        version="2026.10",
        filename="a.mobileconfig",
        epoch=0,
        organisation=bundles.organisation(),
        files=files,
    )
    return replace(package, **changes)


def test_a_profile_is_a_property_list_that_plistlib_reads() -> None:
    """With the payloads' types, DER, and identifiers that stay while a CA does."""
    said = plistlib.loads(write(_package()))
    payloads = said.pop("PayloadContent")
    assert said == {
        "PayloadDescription": bundles.organisation().description,
        "PayloadDisplayName": bundles.organisation().summary,
        "PayloadIdentifier": "internal.acme.ca",
        "PayloadOrganization": bundles.organisation().name,
        "PayloadRemovalDisallowed": False,
        "PayloadScope": "System",
        "PayloadType": "Configuration",
        "PayloadUUID": said["PayloadUUID"],
        "PayloadVersion": 1,
    }
    assert [(each["PayloadType"], each["PayloadContent"]) for each in payloads] == [
        (_PKCS1, _TWO.der),
        (_ROOT, _ONE.der),
    ]
    newer = plistlib.loads(write(_package(version="2026.11", files=_package().files[:1])))
    assert newer["PayloadUUID"] == said["PayloadUUID"]
    assert newer["PayloadContent"] == payloads[1:]
    other = plistlib.loads(write(_package(name="internal.beta.ca")))
    ids = [[each["PayloadUUID"], each["PayloadIdentifier"]] for each in (*payloads, *other["PayloadContent"])]
    assert len({text for pair in ids for text in pair}) == 8


def test_inspect_reads_what_was_written() -> None:
    """The certificates, each in its payload, and who says so."""
    found = inspect.read("a.mobileconfig", write(_package()))
    assert (found.format, found.name) == ("mobileconfig", "internal.acme.ca")
    assert [(one.file, one.label) for one in found.certificates] == [
        (f"{_PKCS1}/two.cer", "Acme Two"),
        (f"{_ROOT}/one.cer", "Acme One"),
    ]
    assert found.metadata["PayloadOrganization"] == bundles.organisation().name


@pytest.mark.parametrize("form", [(), ("-stream", "-indef")], ids=["definite", "indefinite"])
def test_a_signed_profile_is_read_as_the_one_that_was_signed(form: tuple[str, ...], tmp_path: Path) -> None:
    """By openssl, whose lengths may be indefinite; the signature's certificates are not the profile's."""
    signer = _signer(tmp_path)
    plain = write(_package())
    (tmp_path / "plain").write_bytes(plain)
    command = (require("openssl"), "cms", "-sign", "-nodetach", "-binary", "-outform", "DER", *form)
    files = ("-signer", signer, "-in", tmp_path / "plain", "-out", tmp_path / "signed")
    subprocess.run([*command, *files], check=True, env={"PATH": "/usr/bin:/bin"})
    signed = (tmp_path / "signed").read_bytes()
    assert mobileconfig.unsigned(signed) == plain
    assert len(cms.certificates(signed)) == 1
    one, other = inspect.read("a", plain), inspect.read("b", signed)
    assert other.certificates == one.certificates
    assert other.metadata == {**one.metadata, "Signature": "CMS"}


def _signer(folder: Path) -> Path:
    """Write a certificate with its private key, as openssl takes them."""
    import datetime as dt

    ca = authority.create("Acme MDM", now=dt.datetime.now(dt.UTC))
    leaf = authority.issue(ca, ["mdm.acme.example"], now=dt.datetime.now(dt.UTC))
    file = folder / "signer.pem"
    file.write_bytes(leaf.chain + leaf.key)
    return file


_PLIST = b'<?xml version="1.0"?><plist version="1.0"><dict><key>PayloadContent</key>'
_END = b"</array></dict></plist>"
_NO_LIST = "is no property list"
_SIGNED = bytes.fromhex("308006092a864886f70d010702")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (_PLIST + b"<array>", "is no property list"),
        (_PLIST + b"<string>x</string></dict></plist>", "is no profile with payloads"),
        (_PLIST + b"<array><string>x</string></array></dict></plist>", "payload 1: is no dictionary"),
        (_PLIST + b"<array><integer>x</integer></array></dict></plist>", "is no property list"),
        (_PLIST + b"<array><date>2026-13-40T00:00:00Z</date></array></dict></plist>", "is no property list"),
        (b'<?xml version="1.0"?><!DOCTYPE p [<!ENTITY a "b">]><plist>PayloadContent', "is no property list"),
        (_PLIST + b"<array>" * 5000 + b"</array>" * 5000 + b"</dict></plist>", "payload 1: is no dictionary"),
        (_PLIST + b"<array><dict>" + b"<key>a</key><dict>" * 2000 + b"</dict>" * 2001 + _END, _NO_LIST),
        (_PLIST + b"<array><dict><key>a</key><integer>" + b"9" * 30 + b"</integer></dict>" + _END, _NO_LIST),
        (_PLIST + b"<array/><key>a</key><integer>0x" + b"f" * 9000 + b"</integer></dict></plist>", _NO_LIST),
        (_SIGNED + b"<plist PayloadContent", "its signature cannot be read"),
        (_SIGNED + b"\xa0\x80" * 5000 + b"<plist PayloadContent", "its signature cannot be read"),
    ],
    ids=[
        "cut",
        "text",
        "no dictionary",
        "no number",
        "no date",
        "entity",
        "nested",
        "nested in a payload",
        "long number in a payload",
        "long number",
        "no CMS",
        "deep CMS",
    ],
)
def test_a_damaged_profile_is_told(data: bytes, said: str) -> None:
    """Whatever it holds: no traceback."""
    with pytest.raises(PackageError, match=said):
        inspect.read("a.mobileconfig", data)


@pytest.mark.parametrize("length", range(0, 700, 7))
def test_a_signature_that_is_cut_off_anywhere_is_told(length: int) -> None:
    """At every length; what holds all of the content may be read."""
    content = b"<?xml <plist PayloadContent"
    octets = b"\x04" + bytes([len(content)]) + content
    inner = bytes.fromhex("06092a864886f70d010701") + b"\xa0" + bytes([len(octets)]) + octets
    info = b"\x30" + bytes([len(inner)]) + inner
    parts = b"\x02\x01\x01\x31\x00" + info + b"\x31\x00"
    data = _SIGNED + b"\xa0\x80" + b"\x30" + bytes([len(parts)]) + parts + b"\0\0\0\0"
    assert cms.content(data) == content
    if length < len(data):
        with pytest.raises(Malformed):
            cms.content(data[:length])


def test_payloads_that_are_no_certificates_are_shown_as_they_are() -> None:
    """Other people's profiles have networks and restrictions, and certificates in PEM."""
    one, other = _ONE, _TWO
    profile = {
        "PayloadIdentifier": "com.example",
        "PayloadContent": [
            {"PayloadType": "com.apple.wifi.managed", "PayloadIdentifier": "com.example.wifi"},
            {"PayloadType": _ROOT, "PayloadContent": one.pem.encode()},
            {"PayloadType": "com.apple.security.pem", "PayloadContent": other.pem.encode()},
        ],
    }
    found = inspect.read("a", plistlib.dumps(profile))
    assert [each.path for each in found.files] == [
        "com.apple.security.pem/3",
        "com.apple.security.root/2",
        "com.apple.wifi.managed/com.example.wifi",
    ]
    assert found.fingerprints == {one.sha256, other.sha256}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "acme ca"}, "is not a profile's identifier"),
        ({"files": (File("com.apple.wifi/a", b""),)}, "is not TYPE/NAME"),
        ({"files": (File(f"{_ROOT}/a/b", b""),)}, "is not TYPE/NAME"),
        ({"files": (File(f"{_ROOT}/a", b"no PEM"),)}, "is not one certificate"),
    ],
    ids=["name", "type", "folder", "content"],
)
def test_what_no_profile_can_hold_is_refused(changes: dict[str, Any], said: str) -> None:
    """An error names what it is."""
    with pytest.raises(Exception, match=said):
        WRITERS["mobileconfig"].write(_package(**changes))
