"""What is installed on a machine is held to a release: not to the package manager's database beside it.

Who can change a file there can change that database, too. What the release's files are, its manifest says.
"""

from __future__ import annotations

import contextlib
import hashlib
import stat
from typing import TYPE_CHECKING

import msgspec

from builder import inspect
from builder.errors import PackageError, VerificationError
from builder.formats.unpacked import Malformed
from builder.inspect.certificates import held
from builder.provenance.verification import Discrepancy, Examination
from builder.text import files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from builder.formats.unpacked import Unpacked
    from builder.provenance.verification import Verification
    from builder.release.manifest import Manifest

# Where each system's package manager keeps its database: that says which of the packages it would be.
_SYSTEMS = {
    "deb": ("var/lib/dpkg",),
    "rpm": ("usr/lib/sysimage/rpm", "var/lib/rpm"),
    "apk": ("lib/apk/db", "usr/lib/apk/db"),
}
# The roots that programs read, as the systems' own tools make that file: Debian and Alpine, Fedora, openSUSE.
_STORES = {
    "deb": ("etc/ssl/certs/ca-certificates.crt",),
    "apk": ("etc/ssl/certs/ca-certificates.crt",),
    "rpm": ("etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "var/lib/ca-certificates/ca-bundle.pem"),
}
# OpenSSL's own folder of them, where each has a link by its name's digest; small images have none.
_HASHED, _HASHING = "etc/ssl/certs", ("deb", "apk")
_LINKS = 8  # a link to a link ends at some time
_PYTHON = ("usr/lib/python3*", "usr/local/lib/python3*", "opt/*/lib/python3*")
_PLACES = {
    "wheel": tuple(f"{one}/{kind}-packages" for one in _PYTHON for kind in ("site", "dist")),
    "npm": ("usr/lib/node_modules", "usr/local/lib/node_modules", "usr/share/nodejs"),
    "gem": (
        "var/lib/gems/*",
        "usr/lib*/ruby/gems/*",
        "usr/local/lib/ruby/gems/*",
        "usr/share/gems",
        "usr/local/bundle",
    ),
}
_DOCS = "usr/share/doc/"  # which small images leave out


class InstalledCopy(msgspec.Struct, frozen=True):
    """A package as it should lie below a folder: its files' bytes by their paths from there.

    `own` are the folders, from there, in which nothing else should be.
    """

    file: str
    format: str
    folder: Path
    expected: Mapping[str, bytes]
    own: tuple[str, ...]

    @property
    def present(self) -> int:
        """How many of its files are there, whatever they hold."""
        return sum((self.folder / path).exists() for path in self.expected)


def copies(
    manifest: Manifest, data: Mapping[str, bytes], root: Path, places: Sequence[Path] = ()
) -> list[InstalledCopy]:
    """Return the release's packages that are installed below `root`, or in `places` for languages' packages.

    `data` are its files, of which those count that the manifest vouches for. Of a system's packages there is
    one: the one whose package manager is there. Raises VerificationError where nothing is installed.
    """
    systems: list[InstalledCopy] = []
    found: list[InstalledCopy] = []
    for entry in manifest.artifacts:
        content = data.get(entry.file, b"")
        if hashlib.sha256(content).hexdigest() != entry.sha256:
            continue
        try:
            package = inspect.unpack(entry.file, content)
        except PackageError:
            continue
        if package.format in _SYSTEMS:
            systems += [one for one in (_system(entry.file, package, root, manifest),) if one.present]
        elif package.format in _PLACES:
            folders = [each for pattern in _PLACES[package.format] for each in sorted(root.glob(pattern))]
            listed = (_language(entry.file, package, each) for each in (*places, *folders))
            found += [one for one in listed if one.present]
    systems.sort(key=lambda one: (_is_managed(root, one.format), one.present))
    if not (found or systems):
        raise VerificationError(
            f"{root}: no package of release {manifest.release} of {manifest.organisation} is installed",
            hint="--in FOLDER names where a language's packages are; --root FOLDER another system",
        )
    return [*systems[-1:], *found]


def _is_managed(root: Path, kind: str) -> bool:
    return any((root / one).exists() for one in _SYSTEMS[kind])


def _system(file: str, package: Unpacked, root: Path, manifest: Manifest) -> InstalledCopy:
    expected = {one.path.strip("/"): one.data for one in package.entries if one.kind == "file"}
    names = {package.name, manifest.organisation}
    parents = {path.rpartition("/")[0] for path in expected}
    own = tuple(
        sorted(one for one in parents if one.rpartition("/")[2] in names and not one.startswith(_DOCS))
    )
    return InstalledCopy(file, package.format, root, expected, own)


def _language(file: str, package: Unpacked, place: Path) -> InstalledCopy:
    expected = {one.path: one.data for one in package.entries if one.kind == "file"}
    if package.format == "npm":
        expected = {f"{package.name}/{path.partition('/')[2]}": each for path, each in expected.items()}
        own: tuple[str, ...] = (package.name,)
    elif package.format == "gem":
        folder = f"gems/{package.name}-{package.version}"
        expected = {f"{folder}/{path}": each for path, each in expected.items()}
        own = (folder,)
    else:
        # pip writes that one anew, with what else it has made.
        expected = {path: each for path, each in expected.items() if not path.endswith(".dist-info/RECORD")}
        own = tuple(
            sorted({path.partition("/")[0] for path in expected if "/" in path and ".dist-info/" not in path})
        )
    return InstalledCopy(file, package.format, place, expected, own)


def compare(copy: InstalledCopy) -> Iterator[Discrepancy]:
    """Yield each file of a package that is missing or changed, and each that is there beside them."""
    for path, data in copy.expected.items():
        where = copy.folder / path
        try:
            kind = where.lstat().st_mode
            if not stat.S_ISREG(kind):
                yield Discrepancy(str(where), f"is no file, as {copy.file} has it")
            elif files.read(where, files.PACKAGE_BYTES) != data:
                yield Discrepancy(str(where), f"holds something else than {copy.file} does")
        except FileNotFoundError:
            if not path.startswith(_DOCS):
                yield Discrepancy(str(where), f"is missing, and in {copy.file}")
        except OSError as error:
            yield Discrepancy(str(where), f"cannot be read: {error.strerror or error}")
    for own in copy.own:
        for each in sorted((copy.folder / own).rglob("*")):
            path = each.relative_to(copy.folder).as_posix()
            if path not in copy.expected and not each.is_dir() and "__pycache__" not in each.parts:
                yield Discrepancy(str(each), f"is there, and not in {copy.file}")


def store(copy: InstalledCopy, manifest: Manifest) -> tuple[tuple[Discrepancy, ...], Examination | None]:
    """Look whether the system's stores have the release's CAs, and none that it distrusts."""
    wanted = {one.sha256 for one in manifest.certificates}
    blocked = {one.sha256 for one in manifest.distrusted}
    wrong: list[Discrepancy] = []
    stores = dict(_stores(copy))
    for where, there in stores.items():
        wrong += [Discrepancy(where, f"lacks the CA {one}") for one in sorted(wanted - there)]
        wrong += [Discrepancy(where, f"has the distrusted CA {one}") for one in sorted(blocked & there)]
    said = f"{len(wanted)} CAs in {' and '.join(stores)}"
    return tuple(wrong), Examination("certificates", True, said) if stores else None


def _stores(copy: InstalledCopy) -> Iterator[tuple[str, set[str]]]:
    """Yield each place that the system's programs read roots from, and the fingerprints of those in it."""
    root = copy.folder
    for path in _STORES.get(copy.format, ()):
        with contextlib.suppress(OSError):
            yield str(root / path), _roots(root, root / path)
    hashed = sorted((root / _HASHED).glob("*.[0-9]")) if copy.format in _HASHING else []
    there: set[str] = set()
    for each in hashed:
        with contextlib.suppress(OSError):
            there |= _roots(root, each)
    if hashed:
        yield str(root / _HASHED), there


def _roots(root: Path, path: Path) -> set[str]:
    """Return the fingerprints of the CAs in a file; its links lead as they do in the system at `root`."""
    for _ in range(_LINKS):
        if not path.is_symlink():
            break
        target = path.readlink()
        path = root / target.relative_to("/") if target.is_absolute() else path.parent / target
    try:
        found = held(str(path), files.read(path))
    except Malformed:
        return set()  # nobody reads it: then the CAs are missing
    return {one.certificate.sha256 for one in found if isinstance(one, inspect.Held)}


def verify(found: Verification, manifest: Manifest, there: Sequence[InstalledCopy]) -> Verification:
    """Return what verifying a release found, and with it how what is installed differs from that."""
    stores = [store(one, manifest) for one in there]
    differing = [difference for one in there for difference in compare(one)]
    examined = [
        Examination("installed", True, f"{len(one.expected)} files of {one.file} in {one.folder}")
        for one in there
    ]
    return msgspec.structs.replace(
        found,
        kind="installed",
        files=found.files + sum(len(one.expected) for one in there),
        discrepancies=(*found.discrepancies, *differing, *(each for wrong, _ in stores for each in wrong)),
        examined=(*found.examined, *examined, *(one for _, one in stores if one)),
    )
