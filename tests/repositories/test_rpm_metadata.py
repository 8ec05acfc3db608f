"""The metadata of rpm's repository says what createrepo_c says of the same packages."""

from __future__ import annotations

import gzip
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest

from builder.formats import rpm
from builder.repositories.ecosystems.rpm import fragments, repodata
from tests import site_keys
from tests.packages import samples
from tests.packages.built import run
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TIME = 1_795_478_400
PACKAGES = {"acme-ca-certs.rpm": samples.recipe, "full.rpm": samples.full}
KINDS = ("primary", "filelists", "other")


def _said(xml: bytes) -> dict[str, list[str]]:
    """Return every element of each package, in its order, as one line; white space does not count."""
    tree = ET.fromstring(xml)  # noqa: S314  createrepo_c's and ours
    packages = [one for one in tree if one.tag.endswith("}package")]
    return {str(number): list(_lines(package, "")) for number, package in enumerate(packages)}


def _lines(element: ET.Element, above: str) -> Iterator[str]:
    yield f"{above}{element.tag} {sorted(element.attrib.items())} {(element.text or '').strip()}"
    for child in element:
        yield from _lines(child, f"{above}{element.tag}/")


@pytest.fixture(scope="module")
def createrepo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a folder of signed packages, and one of what createrepo_c says of them."""
    folder, out = tmp_path_factory.mktemp("packages"), tmp_path_factory.mktemp("createrepo")
    keys = site_keys.keyring()
    for name, make in PACKAGES.items():
        (folder / name).write_bytes(keys.rpm(rpm.write(make("rpm")), time=TIME))
    options = ("--no-database", "--general-compress-type=gz", "--simple-md-filenames")
    run(require("createrepo_c"), *options, "--outputdir", out, folder)
    return folder, out / "repodata"


@pytest.mark.parametrize("kind", KINDS)
def test_it_says_what_createrepo_c_says(kind: str, createrepo: tuple[Path, Path]) -> None:
    """Element by element, in the same order."""
    folder, theirs = createrepo
    files = sorted(folder.iterdir())
    described = [
        fragments.describe(file.read_bytes(), href=file.name, time=int(file.stat().st_mtime))
        for file in files
    ]
    own = [one.elements[KINDS.index(kind)] for one in described]
    xml = b"".join(repodata.packages(kind, len(own), own))
    assert len(PACKAGES) == len(_said(xml))
    assert _said(gzip.decompress((theirs / f"{kind}.xml.gz").read_bytes())) == _said(xml)
