"""`trustpack inspect` on every artifact, beside what other readers find in it."""

from __future__ import annotations

import hashlib
import json
import re

from tests.packages import readers
from tests.packages.built import Built, trustpack


def test_lists_what_other_readers_list(built: Built) -> None:
    """Paths, modes, sizes and digests are those that each ecosystem's own reader gives."""
    found = json.loads(trustpack("inspect", built.folder, "--json"))
    packages = {package["file"].rsplit("/", 1)[-1]: package for package in found["packages"]}
    assert {artifact["file"] for artifact in built.manifest["artifacts"]} == set(packages)
    for artifact in built.manifest["artifacts"]:
        name = artifact["file"]
        expected = {
            (entry.path.rstrip("/"), f"{entry.mode:04o}", _digest(entry.data))
            for entry in readers.read(artifact["target"], built.folder / name).entries
        }
        listed = packages[name]["files"]
        # A file that is its own package has no mode of its own.
        assert expected == {(file["path"], file["mode"], file["sha256"]) for file in listed}, name


def _digest(data: bytes | None) -> str:
    return "" if data is None else hashlib.sha256(data).hexdigest()


_DESCRIBES = re.compile(r"-(javadoc|spring)\.jar$|-remove-[0-9.]+\.reg$")


def test_counts_the_certificates(built: Built) -> None:
    """Every artifact holds exactly the certificates that went in, but those that only describe others."""
    found = json.loads(trustpack("inspect", built.folder, "--json"))
    for package in found["packages"]:
        none = package["format"] in {"formula", "pom"} or _DESCRIBES.search(package["file"])
        expected = set() if none else built.fingerprints
        assert expected == {held["sha256"] for held in package["certificates"]}, package["file"]


def test_passes_over_the_manifest_and_the_checksums(built: Built) -> None:
    """Of a whole dist/ only the two files that are no packages are passed over."""
    found = json.loads(trustpack("inspect", built.folder, "--json"))
    assert [name.rsplit("/", 1)[-1] for name in found["passed_over"]] == ["SHA256SUMS", "manifest.json"]
