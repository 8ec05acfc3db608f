"""Wheels: RECORD's digests and the order of members, read by the standard library and the wheel package."""

import base64
import csv
import hashlib
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from builder import formats
from builder.model import File
from tests.unit.formats.packages import package, refusal

INFO = "acme_thing-1.dist-info"
WHEEL = (
    File(f"{INFO}/METADATA", b"Metadata-Version: 2.1\nName: acme-thing\nVersion: 1\n"),
    File(f"{INFO}/WHEEL", b"Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
    File("acme_thing/__init__.py", b"x = 1\n"),
    File('acme_thing/odd, "name".txt', b"odd"),
    File("acme_thing/ünï.pem", b"pem"),
    File("zzz.pth", b"import acme_thing\n"),
)


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")


def test_a_wheels_record_digests_every_other_file() -> None:
    """Recomputed here from PEP 376 and PEP 427: urlsafe base64, no padding, CSV quoting, RECORD bare."""
    with zipfile.ZipFile(io.BytesIO(formats.write(package("wheel", *WHEEL)))) as found:
        names = found.namelist()
        rows = list(csv.reader(io.StringIO(found.read(f"{INFO}/RECORD").decode())))
        expected = [
            [
                name,
                "sha256="
                + base64.urlsafe_b64encode(hashlib.sha256(found.read(name)).digest()).decode().rstrip("="),
                str(len(found.read(name))),
            ]
            for name in names[:-1]
        ]
    assert sorted(rows[:-1]) == sorted(expected)
    assert rows[:-1] == sorted(rows[:-1])
    assert rows[-1] == [f"{INFO}/RECORD", "", ""]


def test_a_wheels_metadata_comes_last_and_record_last_of_all() -> None:
    """As PEP 427 recommends."""
    with zipfile.ZipFile(io.BytesIO(formats.write(package("wheel", *WHEEL)))) as found:
        assert found.namelist() == [
            "acme_thing/__init__.py",
            'acme_thing/odd, "name".txt',
            "acme_thing/ünï.pem",
            "zzz.pth",
            f"{INFO}/METADATA",
            f"{INFO}/WHEEL",
            f"{INFO}/RECORD",
        ]


def test_the_wheel_package_verifies_every_digest(tmp_path: Path) -> None:
    """`wheel unpack` checks RECORD while it reads."""
    file = tmp_path / "acme_thing-1-py3-none-any.whl"
    file.write_bytes(formats.write(package("wheel", *WHEEL)))
    subprocess.run(
        [sys.executable, "-m", "wheel", "unpack", file, "-d", tmp_path],
        check=True,
        capture_output=True,
        env={},
    )
    assert (tmp_path / "acme_thing-1" / "zzz.pth").read_bytes() == b"import acme_thing\n"


@pytest.mark.parametrize("count", [0, 2])
def test_a_wheel_has_one_metadata(count: int) -> None:
    """None or two are an error."""
    files = [File(f"x{i}.dist-info/METADATA", b"") for i in range(count)]
    assert (
        refusal(package("wheel", *files))[0] == "recipe thing: a wheel needs exactly one .dist-info/METADATA"
    )
