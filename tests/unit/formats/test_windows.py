"""Certificates in Windows' registry, and what puts them there: written, read back, and damaged."""

from __future__ import annotations

import base64
import hashlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.formats.control import Unwritable
from builder.formats.unpacked import Malformed
from builder.formats.windows import intune, pol, powershell, reg, stores
from builder.model import File
from tests.unit.formats.packages import package

_DER = bytes(range(256)) * 3  # to a store any bytes are a certificate
_NAME = hashlib.sha1(_DER, usedforsecurity=False).hexdigest().upper()
_TEXT = base64.encodebytes(_DER).decode("ascii").replace("\n", "")
_PEM = "".join(
    ["-----BEGIN CERTIFICATE-----\n", *(_TEXT[at : at + 64] + "\n" for at in range(0, len(_TEXT), 64)),
     "-----END CERTIFICATE-----\n"]
).encode()  # fmt: skip
_KEY = f"HKEY_LOCAL_MACHINE/SOFTWARE/Microsoft/SystemCertificates/Root/Certificates/{_NAME}"
_FILE = File(_KEY, _PEM)
_BLOB = struct.pack("<III", 3, 1, 20) + bytes.fromhex(_NAME) + struct.pack("<III", 32, 1, 768) + _DER


def test_a_blob_is_the_digest_and_the_certificate() -> None:
    """Each with its number, as wincrypt.h has them."""
    (one,) = stores.stored([_FILE])
    assert (one.store, one.thumbprint, one.blob) == ("Root", _NAME, _BLOB)


def test_other_properties_of_a_blob_are_passed_over() -> None:
    """Windows' tools add friendly names and purposes."""
    blob = struct.pack("<III", 11, 1, 4) + b"A\0\0\0" + _BLOB
    assert stores.entry(_KEY, blob).data == _PEM


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (File("Root/x", _PEM), "is no key of a certificate store"),
        (File(_KEY.replace(_NAME, "0" * 40), _PEM), "is not called as its certificate's SHA-1"),
        (File(_KEY, b"text"), "is not one certificate"),
        (File(_KEY, _PEM + _PEM), "is not one certificate"),
    ],
    ids=["a path of its own", "another's name", "no certificate", "two"],
)
def test_what_is_no_certificate_of_a_store_is_refused(file: File, message: str) -> None:
    """A recipe of an organisation's own may say anything."""
    with pytest.raises(Unwritable, match=message):
        reg.write(package("reg", file))


@pytest.mark.parametrize(
    ("blob", "message"),
    [
        (_BLOB[:-1], "is cut off"),
        (_BLOB + b"\1", "is cut off"),
        (_BLOB[32:44] + _DER[::-1], "not called as its certificate's SHA-1"),
        (_BLOB[:12] + bytes(20) + _BLOB[32:], "has another certificate's SHA-1"),
        (_BLOB[:32], "holds no certificate"),
        (b"", "holds no certificate"),
    ],
    ids=["short", "long", "another certificate", "another digest", "no certificate", "empty"],
)
def test_a_damaged_blob_is_told(blob: bytes, message: str) -> None:
    """What a store would take for another certificate is none here."""
    with pytest.raises(Malformed, match=message):
        stores.entry(_KEY, blob)


def test_a_reg_file_reads_back() -> None:
    """In UTF-16 with a mark and CRLF; a package without certificates is one, too."""
    data = reg.write(package("reg", _FILE, metadata={"about": "The CAs of Acme"}))
    assert data.startswith(b"\xff\xfeW\0i\0n\0")
    lines = data.decode("utf-16").split("\r\n")
    assert max(map(len, lines)) <= max(len(_KEY) + 2, 86)
    found = reg.unpack("x.reg", data)
    assert (found.name, found.version) == ("acme-thing", "20261124.1")
    assert [(one.path, one.data) for one in found.entries] == [(_KEY, _PEM)]
    assert reg.unpack("x.reg", reg.write(package("reg"))).entries == ()


def test_a_reg_file_that_removes_says_of_which_keys() -> None:
    """They hold nothing."""
    found = reg.unpack("x.reg", reg.write(package("reg", _FILE, metadata={"removes": "true"})))
    assert [(one.path, one.data) for one in found.entries] == [(f"-{_KEY}", b"")]
    assert found.metadata == {"added": "0", "removed": "1"}


def _reg(*lines: str) -> bytes:
    head = "Windows Registry Editor Version 5.00"
    return b"\xff\xfe" + "\r\n".join([head, "", *lines, ""]).encode("utf-16-le")


_AT = _KEY.replace("/", "\\")
_VALUE = f'"Blob"=hex:{_BLOB.hex(",")}'


@pytest.mark.parametrize(
    "lines",
    [
        (f"[{_AT}]", _VALUE),
        (f"[{_AT.lower()}]", _VALUE.replace("Blob", "BLOB")),
        (f"[{_AT}]", _VALUE.replace("hex:", "hex(3):")),
        (f"[{_AT}]", f"  {_VALUE}".replace("=", " = ")),
        (f"  [{_AT}] ; as regedit takes it", _VALUE),
        ("; a comment does not go on \\", f"[{_AT}]", _VALUE),
        (r"[HKEY_LOCAL_MACHINE\SOFTWARE\a]", '"a"=hex:00,\\', f"[{_AT}]", _VALUE),
        (f"[{_AT.replace('System', 'Enterprise')}]", _VALUE),
    ],
    ids=["plain", "case", "kind", "blanks", "remark", "comment", "cut off", "enterprise"],
)
def test_no_spelling_hides_a_certificate(lines: tuple[str, ...]) -> None:
    """What regedit would put into a store is told, however it is written."""
    unpacked = reg.unpack("a.reg", _reg(*lines))
    assert [entry.data for entry in unpacked.entries] == [_PEM]


def test_a_reg_file_of_too_many_lines_is_not_read() -> None:
    """Nor does anybody wait for it."""
    with pytest.raises(Malformed, match="more than 2000000 lines"):
        reg.unpack("a.reg", _reg("\r\n" * 2_000_001))


def test_a_policys_case_hides_no_certificate() -> None:
    """To Windows keys and values are alike in upper and lower case."""
    written = pol.write(package("pol", _FILE))
    for word in ("SystemCertificates", "Blob"):
        written = written.replace(word.encode("utf-16-le"), word.upper().encode("utf-16-le"))
    assert [entry.data for entry in pol.unpack("a.pol", written).entries] == [_PEM]


def test_a_policy_reads_back() -> None:
    """[key;value;type;size;data], to the byte."""
    data = pol.write(package("pol", _FILE))
    key = _KEY.replace("/", "\\").encode("utf-16-le") + b"\0\0"
    value = "Blob".encode("utf-16-le") + b"\0\0"
    sizes = struct.pack("<I", 3) + b";\0" + struct.pack("<I", len(_BLOB))
    assert data == b"PReg\1\0\0\0[\0" + key + b";\0" + value + b";\0" + sizes + b";\0" + _BLOB + b"]\0"
    assert [(one.path, one.data) for one in pol.unpack("x", data).entries] == [(_KEY, _PEM)]


_SCRIPT = (
    '#Requires -Version 5.1\n$Package = @\'\n{"package": "acme-ca", "release": "1.0", "certificates": ['
    f'{{"store": "Root", "thumbprint": "{_NAME}", "certificate": "{_TEXT}"}}]}}\n\'@ | ConvertFrom-Json\n'
).encode()
_INTUNE = (
    '{"@odata.type": "#microsoft.graph.windows10CustomConfiguration", "description": "acme-ca 1.0", '
    '"omaSettings": [{"omaUri": "./Device/Vendor/MSFT/RootCATrustedCertificates/Root/'
    f'{_NAME}/EncodedCertificate", "value": "{_TEXT}"}}]}}'
).encode()
_READ = {
    "intune": (intune, _INTUNE),
    "pol": (pol, pol.write(package("pol", _FILE))),
    "powershell": (powershell, _SCRIPT),
    "reg": (reg, reg.write(package("reg", _FILE))),
}


@pytest.mark.parametrize("kind", ["intune", "powershell"])
def test_what_carries_json_reads_back(kind: str) -> None:
    """The file itself comes first."""
    module, data = _READ[kind]
    found = module.unpack("file", data)
    assert (found.name, found.version) == ("acme-ca", "1.0")
    assert [one.data for one in found.entries] == [data, _PEM]


@given(kind=st.sampled_from([*_READ]), at=st.integers(0, 5000), put=st.binary(max_size=8), cut=st.booleans())
def test_damage_is_told_or_harmless(kind: str, at: int, put: bytes, *, cut: bool) -> None:
    """Any bytes in any place: what is still read is the certificate that was there, or none."""
    module, data = _READ[kind]
    damaged = data[:at] + put + (b"" if cut else data[at + len(put) :])
    try:
        found = module.unpack("file", damaged)
    except Malformed:
        return
    assert {one.data for one in found.entries} <= {_PEM, damaged, b""}
