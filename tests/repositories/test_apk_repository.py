"""apk's repository, read without apk-tools: openssl verifies what is signed, Python's tarfile what is in it.

The real apk-tools 2.14 and 3.0, which no Debian has, install from the same files: see the guide on what each
client checks.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from tests.packages.built import run
from tests.packages.readers import apk_streams
from tests.tools import require

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories.sites import Site

ARCHITECTURES = ("x86_64", "aarch64")


@pytest.fixture(scope="module", params=ARCHITECTURES)
def folder(request: pytest.FixtureRequest, standing_site: Site) -> Path:
    """Return an architecture's folder."""
    return standing_site.folder / "apk" / str(request.param)


def _members(plain: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
        return {one.name: stream.read() if (stream := archive.extractfile(one)) else b"" for one in archive}


def _records(index: Path) -> list[dict[str, str]]:
    text = _members(gzip.decompress(index.read_bytes()))["APKINDEX"].decode()
    return [dict(line.split(":", 1) for line in one.splitlines()) for one in text.split("\n\n") if one]


def test_openssl_verifies_the_index_and_each_package(
    folder: Path, standing_site: Site, tmp_path: Path
) -> None:
    """The first stream is a signature over the rest of an index, and over the control stream of a package."""
    for file in folder.iterdir():
        (_, plain), (control, _), *_ = apk_streams(file)
        ((name, signature),) = _members(plain + bytes(1024)).items()
        assert name.startswith(".SIGN.RSA256.")
        (tmp_path / "signature").write_bytes(signature)
        (tmp_path / "signed").write_bytes(control)
        key = standing_site.folder / name.removeprefix(".SIGN.RSA256.")
        command = (
            require("openssl"),
            "dgst",
            "-sha256",
            "-verify",
            key,
            "-signature",
            tmp_path / "signature",
        )
        assert "Verified OK\n" == run(*command, tmp_path / "signed")


def test_each_record_names_a_package_that_is_there(folder: Path) -> None:
    """Under the name that apk makes of it, with its size and the digest of its control stream."""
    records = _records(folder / "APKINDEX.tar.gz")
    names = [f"{one['P']}-{one['V']}.apk" for one in records]
    assert sorted(path.name for path in folder.glob("*.apk")) == sorted(names)
    for name, record in zip(names, records, strict=True):
        file = folder / name
        control = hashlib.sha1(apk_streams(file)[1][0], usedforsecurity=False).digest()
        expected = (folder.name, str(file.stat().st_size), f"Q1{base64.b64encode(control).decode()}")
        assert expected == (record["A"], record["S"], record["C"])
        assert int(record["I"]) > 0
