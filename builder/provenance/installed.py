"""What is installed on a machine is held to a release: not to the package manager's database beside it.

Who can change a file there can change that database, too. What the release's files are, its manifest says.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from builder import inspect
from builder.errors import PackageError, VerificationError
from builder.formats.unpacked import Entry
from builder.inspect.certificates import is_policy
from builder.provenance import installed_files, system_store
from builder.provenance.installed_files import InstalledCopy
from builder.provenance.verification import Examination

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from builder.formats.unpacked import Unpacked
    from builder.provenance.verification import Discrepancy, Verification
    from builder.release.manifest import Manifest

# Where each system's package manager keeps its database: that says which of the packages it would be.
_SYSTEMS = {
    "deb": ("var/lib/dpkg",),
    "rpm": ("usr/lib/sysimage/rpm", "var/lib/rpm"),
    "apk": ("lib/apk/db", "usr/lib/apk/db"),
}
_HOMES = ("root", "home/*")
_PYTHON = (
    *("usr/lib/python3*", "usr/local/lib/python3*", "opt/*/lib/python3*"),
    *(f"{home}/.local/lib/python3*" for home in _HOMES),
)
_PLACES = {
    "wheel": tuple(f"{one}/{kind}-packages" for one in _PYTHON for kind in ("site", "dist")),
    "npm": ("usr/lib/node_modules", "usr/local/lib/node_modules", "usr/share/nodejs"),
    "gem": (
        *("var/lib/gems/*", "usr/lib*/ruby/gems/*", "usr/local/lib/ruby/gems/*"),
        *("usr/share/gems", "usr/local/bundle"),
        *(f"{home}/{one}/ruby/*" for home in _HOMES for one in (".gem", ".local/share/gem")),
    ),
}
# What dpkg runs of a package, from its own folder.
_INFO, _SCRIPTS = "var/lib/dpkg/info", ("config", "preinst", "postinst", "prerm", "postrm")
_FORMATS = (*_SYSTEMS, *_PLACES)
_MODULES = "node_modules"


class Installation(msgspec.Struct, frozen=True):
    """The packages of a release that are installed, and those of which nothing was found."""

    copies: tuple[InstalledCopy, ...]
    absent: tuple[str, ...]


def find(
    manifest: Manifest, data: Mapping[str, bytes], root: Path, places: Sequence[Path] = ()
) -> Installation:
    """Return the release's packages that are installed below `root`, or in `places` for languages' packages.

    `data` are its files, of which those count that the manifest vouches for. Of systems' packages those count
    whose package manager is there. Raises VerificationError where nothing is installed, or
    nothing in one of the places.
    """
    systems: list[InstalledCopy] = []
    found: list[InstalledCopy] = []
    known: dict[str, str] = {}
    release = f"release {manifest.release} of {manifest.organisation}"
    for file, content in _intact(manifest, data):
        try:
            package = inspect.unpack(file, content)
        except PackageError:
            continue
        known[file] = package.format
        if package.format in _SYSTEMS:
            systems += [one for one in (_system(file, package, root, manifest),) if one.present]
        elif package.format in _PLACES:
            listed = _language(file, package, content, root, places)
            found += [one for one in listed if one.present]
    for place in places:
        if not any(one.folder.is_relative_to(place) for one in found):
            raise VerificationError(
                f"{place}: no package of {release} is installed there",
                hint="name the folder that it lies in, such as a virtual environment's site-packages",
            )
    systems.sort(key=lambda one: (_is_managed(root, one.format), one.present))
    if not (found or systems):
        raise VerificationError(
            f"{root}: no package of {release} is installed",
            hint="--in FOLDER names where a language's packages are; --root FOLDER another system",
        )
    kind = systems[-1].format if systems else ""
    there = (*(one for one in systems if one.format == kind), *found)
    passed_over = {*known} - {one.file for one in there}
    if systems:  # of other package managers it can have none
        passed_over = {file for file in passed_over if known[file] not in _SYSTEMS or known[file] == kind}
    return Installation(there, tuple(sorted(file for file in passed_over if known[file] in _FORMATS)))


def _intact(manifest: Manifest, data: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield the packages that are what the manifest says; of others that has been told already."""
    for entry in manifest.artifacts:
        content = data.get(entry.file, b"")
        if hashlib.sha256(content).hexdigest() == entry.sha256:
            yield entry.file, content


def _is_managed(root: Path, kind: str) -> bool:
    try:
        return any((root / one).exists() for one in _SYSTEMS[kind])
    except OSError:  # what nobody may look into is told of each file
        return False


def _system(file: str, package: Unpacked, root: Path, manifest: Manifest) -> InstalledCopy:
    expected = {one.path.strip("/"): one for one in package.entries if one.kind != "dir"}
    names = {package.name, manifest.organisation}
    parents = {path.rpartition("/")[0] for path in expected}
    own = [
        one for one in parents if one.rpartition("/")[2] in names and not one.startswith(installed_files.DOCS)
    ]
    ran = {}
    if package.format == "deb":
        ran = {f"{_INFO}/{package.name}.{kind}": package.scripts.get(kind, "") for kind in _SCRIPTS}
    return InstalledCopy(file, package.format, root, root, expected, tuple(sorted(own)), ran)


def _language(
    file: str, package: Unpacked, content: bytes, root: Path, places: Sequence[Path]
) -> Iterator[InstalledCopy]:
    """Yield a package in each folder of packages that it may be in."""
    expected = {one.path: one for one in package.entries if one.kind != "dir"}
    if package.format == "npm":
        expected = {f"{package.name}/{path.partition('/')[2]}": each for path, each in expected.items()}
        own: tuple[str, ...] = (package.name,)
    elif package.format == "gem":
        called = f"{package.name}-{package.version}"
        expected = {f"gems/{called}/{path}": each for path, each in expected.items()}
        own = (f"gems/{called}",)
        expected[f"{installed_files.CACHE}{called}.gem"] = Entry(f"{called}.gem", content)
    else:
        # pip writes that one anew, with what else it has made.
        expected = {path: each for path, each in expected.items() if not path.endswith(".dist-info/RECORD")}
        own = tuple(sorted({path.partition("/")[0] for path in expected if "/" in path}))
    folders = _folders(root, _PLACES[package.format])
    for base, place in [*((Path("/"), one) for one in places), *((root, each) for each in folders)]:
        for folder in (place, *(_nested(place) if package.format == "npm" else ())):
            yield InstalledCopy(file, package.format, base, folder, expected, own)


def _folders(root: Path, patterns: Sequence[str]) -> list[Path]:
    try:
        return [each for pattern in patterns for each in sorted(root.glob(pattern))]
    except OSError:  # of the root itself, which the system's package tells
        return []


def _nested(place: Path) -> Iterator[Path]:
    """Yield each folder of packages below one of npm's: a package may have its own copy of another."""
    try:
        for folder, inside, _ in installed_files.walk(place):
            if _MODULES in inside:
                yield folder / _MODULES
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise VerificationError(f"{error.filename}: cannot be read: {error.strerror}") from None


def _fills_store(copy: InstalledCopy) -> bool:
    """Tell whether a package's CAs are to be in the system's store, and not in browsers' policies alone."""
    return copy.format in _SYSTEMS and not any(map(is_policy, copy.expected))


def verify(found: Verification, manifest: Manifest, there: Installation) -> Verification:
    """Return what verifying a release found, and with it how what is installed differs from that."""
    differing: list[Discrepancy] = []
    examined: list[Examination] = []
    for one in there.copies:
        wrong, uncompared = installed_files.compare(one)
        said = f"{len(one.expected)} files of {one.file} in {one.folder}"
        store = system_store.verify(one, manifest) if _fills_store(one) else ([], [])
        differing += (*wrong, *store[0])
        examined += (Examination("installed", True, said), *uncompared, *store[1])
    if there.absent:
        said = f"not compared, because nothing of them was found: {', '.join(there.absent)}"
        examined.append(Examination("installed", False, said))
    return msgspec.structs.replace(
        found,
        kind="installed",
        files=found.files + sum(len(one.expected) for one in there.copies),
        discrepancies=(*found.discrepancies, *dict.fromkeys(differing)),
        examined=(*found.examined, *examined),
    )
