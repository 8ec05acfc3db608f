"""conda packages: written as conda's documents say; what contradicts itself is not read."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import random
import zipfile
from typing import Any

import msgspec
import pytest

from builder import formats
from builder.errors import ConfigError
from builder.formats import compression, conda, tar
from builder.formats import zip as archive
from builder.formats.unpacked import Malformed
from builder.model import File, Package
from tests.unit.formats.packages import EPOCH, package

_STEM = "acme-ca-certs-2026.10-0"
_FILES = (File("ssl/certs/0a1b2c3d.0", b"pem\n"), File("share/acme/roots.pem", b"roots\n"))


def _package(*files: File, **fields: Any) -> Package:
    named = {"name": "acme-ca-certs", "version": "2026.10", "filename": f"{_STEM}.conda"}
    return msgspec.structs.replace(package("conda", *files), **(named | fields))


def _parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        return {name: found.read(name) for name in found.namelist()}


def test_a_package_is_two_tars_and_the_number_of_its_format() -> None:
    """Each path has its digest and its size; a package is for every platform."""
    parts = _parts(formats.write(_package(*_FILES)))
    assert [*parts] == ["metadata.json", f"pkg-{_STEM}.tar.zst", f"info-{_STEM}.tar.zst"]
    assert json.loads(parts["metadata.json"]) == {"conda_pkg_format_version": 2}
    information = tar.unpack("info", compression.decompress("info", parts[f"info-{_STEM}.tar.zst"]))
    said = {entry.path: entry.data for entry in information}
    index = json.loads(said["info/index.json"])
    assert (index["name"], index["version"], index["build"]) == ("acme-ca-certs", "2026.10", "0")
    assert (index["noarch"], index["subdir"], index["timestamp"]) == ("generic", "noarch", EPOCH * 1000)
    assert said["info/files"].decode().split() == sorted(file.path for file in _FILES)
    rows = {row["_path"]: row for row in json.loads(said["info/paths.json"])["paths"]}
    for file in _FILES:
        assert rows[file.path]["sha256"] == hashlib.sha256(file.data).hexdigest()
        assert rows[file.path]["size_in_bytes"] == len(file.data)


def test_it_is_read_back() -> None:
    """Name, version and files; and the record that a channel has of it."""
    data = formats.write(_package(*_FILES))
    found = conda.unpack("x", data)
    assert (found.name, found.version) == ("acme-ca-certs", "2026.10")
    assert {entry.path: entry.data for entry in found.entries} == {file.path: file.data for file in _FILES}
    record = conda.record(data)
    assert (record["size"], record["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize(
    ("fields", "files", "why"),
    [
        pytest.param({"name": "Acme"}, _FILES, "a conda package's name", id="name"),
        pytest.param({"version": "v1"}, _FILES, "a conda package's version", id="version"),
        pytest.param({"filename": "x.conda"}, _FILES, "must be called", id="file"),
        pytest.param({}, (File("ssl", b"", 0o755, "dir"),), "lists files alone", id="folder"),
    ],
)
def test_what_conda_would_not_find_is_not_written(
    fields: dict[str, str], files: tuple[File, ...], why: str
) -> None:
    """With the reason."""
    with pytest.raises(ConfigError, match=why):
        formats.write(_package(*files, **fields))


def _changed(**parts: bytes) -> bytes:
    """Return a package in which some members are others; of an empty one there is nothing."""
    members = _parts(formats.write(_package(*_FILES)))
    named = {"metadata": "metadata.json", "info": f"info-{_STEM}.tar.zst", "pkg": f"pkg-{_STEM}.tar.zst"}
    members |= {named[key]: data for key, data in parts.items()}
    return archive.write([File(path, data) for path, data in members.items() if data], EPOCH)


_OTHER = compression.zstd(tar.write([File("ssl/certs/0a1b2c3d.0", b"other\n")], EPOCH))


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        pytest.param({"metadata": b"[]"}, "no JSON object", id="no-object"),
        pytest.param({"metadata": b'{"conda_pkg_format_version": 3}'}, "of another format", id="format"),
        pytest.param({"pkg": b""}, "more or less", id="no-part"),
        pytest.param({"pkg": _OTHER}, "does not match info/paths.json", id="digest"),
        pytest.param({"info": _OTHER}, "info/index.json: is missing", id="no-index"),
        pytest.param({"info": b"(\xb5/\xfd"}, "zst", id="not-zstd"),
    ],
)
def test_what_contradicts_itself_is_not_read(parts: dict[str, bytes], why: str) -> None:
    """With the reason."""
    with pytest.raises(Malformed, match=why):
        conda.unpack("x", _changed(**parts))


def test_damage_is_told_and_never_raises_anything_else() -> None:
    """A byte anywhere, or an end anywhere."""
    data = formats.write(_package(*_FILES))
    chance = random.Random(1)  # noqa: S311  the same each time
    for _ in range(300):
        at = chance.randrange(len(data))
        for damaged in (data[:at], data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]):
            conda.recognises(damaged)
            with contextlib.suppress(Malformed):
                conda.unpack("x", damaged)


@pytest.mark.parametrize("size", [0, 1, 128 * 1024 - 1, 128 * 1024, 128 * 1024 + 1, 400_000])
def test_a_zstd_frame_of_raw_blocks_is_what_others_read(size: int) -> None:
    """By zstd's own library, from which our reader has it."""
    data = random.Random(size).randbytes(size)  # noqa: S311  the same each time
    assert compression.decompress("x", compression.zstd(data)) == data
