"""The deb, rpm and apk beside what nfpm makes of the same package: every difference has a reason here."""

from __future__ import annotations

import io
import re
import subprocess
import tarfile
import xml.etree.ElementTree as ET
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from builder import formats, inspect, render
from builder.model import File, Package, Revision
from builder.model.release import Release
from builder.render import recipe
from tests import nfpm
from tests.packages import readers
from tests.packages.built import run
from tests.tools import NO_HOME, require
from tests.unit import bundles

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from builder.model import Bundle

_EPOCH = 1_795_478_400
_RELEASE = "20261124"
_HISTORY = (
    Revision(_RELEASE, "2026-11-24", ("Trust CN=Acme Two (0123456789abcdef).",)),
    Revision("20261101", "2026-11-01", ("Trust CN=Acme One (fedcba9876543210).", "Distrust CN=Old (00).")),
)

# Why something differs, and what: a reason that explains nothing any more must go, too.
_DIFFERENCES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "deb": {
        "KiB begun of a file, and one for a folder, as dpkg-gencontrol counts": ("control: Installed-Size",),
        "by Policy 10.7, all below /etc; nfpm wants each marked as one": ("control file conffiles",),
        "dpkg-deb's archives begin with their root": ("data ./",),
    },
    "rpm": {
        "they are of other bytes": ("Payloaddigest", "Sha1header", "Sha256header", "Sigmd5", "Sigsize"),
        "they are stored, and nfpm deflates as far as it can": ("Payloadflags",),
        "digest of the archive before compression, as rpm has had it since 4.16": ("Payloaddigestalt",),
        "a folder has no size, and nfpm says 4096; rpm -V does not look": ("Filesizes", "Size"),
        "no file of ours is a device": ("Filerdevs",),
        "texts are UTF-8, as rpm has said since 4.13": ("Encoding",),
        "who wrote the package": ("Rpmversion",),
        "where no group is said, as rpmbuild has it": ("Group",),
        "noon, as rpmbuild has it: nfpm's midnight is the day before, west of Greenwich": ("Changelogtime",),
        "nfpm makes the description's first line one": ("Summary",),
        "folders are in order": ("Dirnames", "Dirindexes"),
        "relations are in order": ("Providename", "Provideversion", "Provideflags"),
        "these, too, and what a script needs its interpreter for is a flag of one requirement": (
            "Requirename", "Requireversion", "Requireflags",
        ),
    },
    "apk": {
        "it is of other bytes": ("info: datahash",),
        "Alpine's own packages have it, and its indexes repeat it": ("info: builddate",),
        "a conflict is a dependency on a package's absence; nfpm leaves it out": ("info: depend",),
        "scripts are root's, too, and apk asks for no checksum of them": (
            "control .pre-install", "control .post-install",
            "control .pre-deinstall", "control .post-deinstall",
        ),
    },
}  # fmt: skip


@lru_cache
def _bundle() -> Bundle:
    return bundles.bundle("Acme One", "Acme Two")


def _recipe(target: str) -> Package:
    """Return the package that a built-in recipe makes."""
    source = recipe.sources()[target]
    read = recipe.read(source)
    found = render.target_release(
        read, source.templates, bundles.organisation(), _bundle(), Release(_RELEASE), epoch=_EPOCH
    )
    found = msgspec.structs.replace(found, history=_HISTORY)
    return render.package(found, read.outputs[0], digests={}, filenames={})


_RELATIONS: Mapping[str, Mapping[str, Any]] = {
    "deb": {
        "depends": ["ca-certificates (>= 2020)", "libc6 | musl"],
        "breaks": ["acme-old (<< 2)"],
        "section": "net",
        "priority": "optional",
    },
    "rpm": {"depends": ["ca-certificates >= 2020", "/bin/sh"]},
    "apk": {"depends": ["ca-certificates>=2020", "musl"]},
}


def _full(target: str) -> Package:
    """Return a package with all that a format has room for."""
    shared: dict[str, Any] = {
        "replaces": ["acme-old"],
        "provides": ["acme-roots"],
        "conflicts": ["acme-older"],
    }
    if target != "apk":
        shared |= {
            "recommends": ["p11-kit"],
            "suggests": ["openssl"],
            "description": "Synopsis\nMore.\n\nAnd more.",
        }
    return Package(
        target=target,
        container=target,
        name="acme-full",
        version="2026.10.1",
        filename=f"acme-full.{target}",
        epoch=_EPOCH,
        organisation=bundles.organisation(),
        files=(
            File("/etc/acme/acme.conf", b"setting\n"),
            File("/usr/bin/acme", b"#!/bin/sh\n", 0o755),
            File("/usr/share/acme", b"", 0o755, "dir"),
            File("/usr/share/acme/ünï * [x].pem", b"x" * 5000),
            File("/usr/share/acme/" + "d" * 80 + "/" + "n" * 99, b"long\n"),
        ),
        scripts={
            name: f"#!/bin/sh\n# {name}\nexit 0\n".encode()
            for name in ("preinstall", "postinstall", "preremove", "postremove")
        },
        metadata={**shared, **_RELATIONS[target], "release": "2"},
        history=_HISTORY,
    )


_PACKAGES: Mapping[str, Callable[[str], Package]] = {"recipe": _recipe, "full": _full}


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
    fields = re.findall(r"^(\S+?): ?((?:.*)(?:\n .*)*)$", (folder / "control").read_text(), re.MULTILINE)
    files = {
        f"control file {one.name}": one.read_bytes() for one in folder.iterdir() if one.name != "control"
    }
    data = _tar("data", readers.run_bytes(require("dpkg-deb"), "--fsys-tarfile", file))
    return {f"control: {key}": value for key, value in fields} | files | data


def _rpm(file: Path) -> dict[str, Any]:
    """Return every tag that rpm knows."""
    tree = ET.fromstring(run(require("rpm"), "-qp", "--nosignature", "--xml", file))  # noqa: S314
    return {tag.get("name", ""): [value.text for value in tag] for tag in tree.iter("rpmTag")}


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
    for make in _PACKAGES.values():
        ours, theirs = map(_READERS[target], _both(make(target), tmp_path))
        keys = ours.keys() | theirs.keys()
        differing |= {k: (ours.get(k), theirs.get(k)) for k in keys if ours.get(k) != theirs.get(k)}
    explained = {key for keys in _DIFFERENCES[target].values() for key in keys}
    assert {key: differing[key] for key in differing.keys() - explained} == {}
    assert explained - differing.keys() == set()


@pytest.mark.parametrize("make", _PACKAGES.values(), ids=_PACKAGES)
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
    for file in _both(_full(wanted), tmp_path):
        command = [require(_LINTERS[wanted][0]), *_LINTERS[wanted][1:], str(file)]
        environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": NO_HOME}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        found.append(set(_TAG.findall(done.stdout)))
    ours, theirs = found
    assert ours - theirs == set()
    assert ours
