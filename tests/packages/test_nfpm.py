"""The deb, rpm and apk beside what nfpm makes of the same package: every difference has a reason here."""

from __future__ import annotations

import io
import re
import subprocess
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from builder import formats, inspect
from tests import nfpm
from tests.packages import readers, samples
from tests.packages.built import run
from tests.tools import NO_HOME, require

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from builder.model import Package


def _tar(what: str, data: bytes) -> dict[str, Any]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {
            f"{what} {one.name}{'/' if one.isdir() else ''}": (
                one.mode, one.uid, one.uname, one.gname, one.mtime, one.size, one.pax_headers.get(_CHECKSUM),
            )
            for one in archive
        }  # fmt: skip


_CHECKSUM = "APK-TOOLS.checksum.SHA1"


def _deb(file: Path) -> dict[str, Any]:
    """Return fields, control files and files, as dpkg-deb reads them."""
    folder = file.with_suffix(".control")
    run(require("dpkg-deb"), "-e", file, folder)
    fields = readers.control_fields((folder / "control").read_text("utf-8"))
    files = {
        f"control file {one.name}": one.read_bytes() for one in folder.iterdir() if one.name != "control"
    }
    data = _tar("data", readers.run_bytes(require("dpkg-deb"), "--fsys-tarfile", file))
    return {f"control: {key}": value for key, value in fields.items()} | files | data


def _rpm(file: Path) -> dict[str, Any]:
    """Return every tag that rpm knows."""
    return readers.rpm_tags(run(require("rpm"), "-qp", "--nosignature", "--xml", file))


def _apk(file: Path) -> dict[str, Any]:
    """Return the description's lines and the members of both archives."""
    (_, control), (_, data) = readers.apk_streams(file)
    read = readers.apk(file)
    info: dict[str, list[str]] = {}
    for line in read.description.splitlines():
        key, _, value = line.partition(" ")
        info.setdefault(f"info: {key}", []).append(value)
    scripts = {f"script {name}": text for name, text in read.scripts.items()}
    members = {key: value for key, value in _tar("control", control).items() if not key.endswith(".PKGINFO")}
    return info | scripts | members | _tar("data", data)


_READERS: Mapping[str, Callable[[Path], dict[str, Any]]] = {"apk": _apk, "deb": _deb, "rpm": _rpm}


@pytest.fixture(params=_READERS)
def target(request: pytest.FixtureRequest) -> str:
    """Return the name of each format in turn."""
    return str(request.param)


def _both(package: Package, folder: Path) -> tuple[Path, Path]:
    """Write a package twice: as we do, and as nfpm does."""
    ours, theirs = (folder / name / package.filename for name in ("ours", "nfpm"))
    for file, write in ((ours, formats.write), (theirs, nfpm.write)):
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(write(package))
    return ours, theirs


def test_what_differs_is_what_is_explained(target: str, tmp_path: Path) -> None:
    """dpkg-deb, rpm and Python's tarfile find the same in both packages, but for what the table says."""
    differing: dict[str, tuple[Any, Any]] = {}
    for make in samples.PACKAGES.values():
        ours, theirs = map(_READERS[target], _both(make(target), tmp_path))
        keys = ours.keys() | theirs.keys()
        differing |= {k: (ours.get(k), theirs.get(k)) for k in keys if ours.get(k) != theirs.get(k)}
    explained = nfpm.explained(target)
    assert {key: differing[key] for key in differing.keys() - explained} == {}
    assert explained - differing.keys() == set()


@pytest.mark.parametrize("make", samples.PACKAGES.values(), ids=samples.PACKAGES)
def test_inspect_reads_the_same_from_both(
    target: str, make: Callable[[str], Package], tmp_path: Path
) -> None:
    """Our strict readers take nfpm's packages, too, and find the same files and scripts in them."""
    found = [inspect.read(file.name, file.read_bytes()) for file in _both(make(target), tmp_path)]
    ours, theirs = ((one.name, one.version, one.scripts, one.certificates) for one in found)
    assert ours == theirs
    files, others = ([file for file in one.files if file.kind == "file"] for one in found)
    assert files == others


# lintian begins a line with the tag's letter, rpmlint with the package.
_TAG = re.compile(r"^(?:\S+: )?[EWIP]: (?:\S+: )?([a-z][a-z0-9-]+)", re.MULTILINE)
_LINTERS: Mapping[str, list[str]] = {
    "deb": ["lintian", "--no-cfg", "--allow-root", "--pedantic", "--tag-display-limit=0"],
    "rpm": ["rpmlint"],
}


@pytest.mark.parametrize("wanted", _LINTERS)
def test_linters_find_nothing_that_they_do_not_find_in_nfpms(wanted: str, tmp_path: Path) -> None:
    """Lintian and rpmlint say no more of ours."""
    found = []
    for file in _both(samples.full(wanted), tmp_path):
        command = [require(_LINTERS[wanted][0]), *_LINTERS[wanted][1:], str(file)]
        environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": NO_HOME}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        found.append(set(_TAG.findall(done.stdout)))
    ours, theirs = found
    assert ours - theirs == set()
    assert ours
