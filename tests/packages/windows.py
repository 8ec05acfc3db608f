"""What Windows' files hold, read without the product: .reg, policies, installers, and what carries JSON."""

from __future__ import annotations

import base64
import json
import re
import ssl
import struct
from typing import TYPE_CHECKING

from tests.packages.built import run
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_KEY = re.compile(r"^\[(-?)([^\]]+)\]\r\n(?:\"Blob\"=hex:([0-9a-f,\\\r\n ]+)\r\n)?", re.MULTILINE)

_VALUE = re.compile(rb"\[\0((?:[^\0]\0)+)\0\0;\0((?:[^\0]\0)+)\0\0;\0(....);\0(....);\0", re.DOTALL)


def pem(der: bytes) -> bytes:
    """Return a certificate in PEM, in 64 columns."""
    text = ssl.DER_cert_to_PEM_cert(der)
    return text.encode("ascii")


def properties(blob: bytes) -> Mapping[int, bytes]:
    """Return a certificate's properties by their ids."""
    found, at = {}, 0
    while at < len(blob):
        kind, one, size = struct.unpack_from("<III", blob, at)
        assert one == 1
        found[kind] = blob[at + 12 : at + 12 + size]
        at += 12 + size
    assert at == len(blob)
    return found


def registry(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield each key of a .reg, with slashes, and its certificate in PEM; one that is removed has none."""
    assert data.startswith(b"\xff\xfe")  # without this mark regedit takes it for another encoding's
    text = data.decode("utf-16")
    assert text.startswith("Windows Registry Editor Version 5.00\r\n\r\n")
    assert text.count("\n") == text.count("\r\n")
    assert text.count("[") == len(_KEY.findall(text))
    for removed, key, value in _KEY.findall(text):
        path = key.replace("\\", "/")
        if removed:
            yield f"-{path}", b""
        else:
            digits = re.sub(r"[^0-9a-f]", "", value)
            yield path, pem(properties(bytes.fromhex(digits))[32])


def policy(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield each key that a Registry.pol sets, with slashes, and its certificate in PEM."""
    assert data[:8] == b"PReg\1\0\0\0"
    rest = data[8:]
    while rest:
        found = _VALUE.match(rest)
        assert found is not None
        key, value, kind, size = found.groups()
        assert (value.decode("utf-16-le"), kind) == ("Blob", struct.pack("<I", 3))
        at, end = found.end(), found.end() + struct.unpack("<I", size)[0]
        assert rest[end : end + 2] == b"]\0"
        yield key.decode("utf-16-le").replace("\\", "/"), pem(properties(rest[at:end])[32])
        rest = rest[end + 2 :]


def carried(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the certificates in PEM that a script or Intune's configuration carries, by a path for each."""
    if data.startswith(b"#Requires"):
        (text,) = re.findall(r"\n\$Package = @'\n(.*?)\n'@ ", data.decode("ascii"), re.DOTALL)
        for one in json.loads(text)["certificates"]:
            path = f"SystemCertificates/{one['store']}/Certificates/{one['thumbprint']}"
            yield path, pem(base64.b64decode(one["certificate"]))
    elif data.startswith(b"{"):
        for setting in json.loads(data)["omaSettings"]:
            path = setting["omaUri"].removeprefix("./Device/Vendor/MSFT/").removesuffix("/EncodedCertificate")
            yield path, pem(base64.b64decode(setting["value"]))


def tables(file: Path) -> dict[str, list[list[str]]]:
    """Return an installer's tables as msitools exports them: each the names of its columns, and its rows."""
    msiinfo = require("msiinfo")
    found = {}
    for name in run(msiinfo, "tables", file).splitlines():
        if name not in ("_SummaryInformation", "_ForceCodepage"):  # which are none, and exported as some
            head, _, _, *rows = run(msiinfo, "export", file, name).split("\r\n")
            found[name] = [head.split("\t"), *(row.split("\t") for row in rows if row)]
    return found


def installer(file: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the certificates that an installer writes, in PEM, and each of its tables that has rows."""
    for name, (head, *rows) in tables(file).items():
        if rows:
            text = "".join("\t".join(row) + "\n" for row in (head, *rows))
            yield f"tables/{name}.txt", text.encode("utf-8")
        if name == "Registry":
            yield from (
                (
                    f"HKEY_LOCAL_MACHINE/{key}".replace("\\", "/"),
                    pem(properties(bytes.fromhex(value[2:]))[32]),
                )
                for _, root, key, called, value, _ in rows
                if (root, called, value[:2]) == ("2", "Blob", "#x")
            )
