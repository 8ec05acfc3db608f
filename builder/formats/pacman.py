"""Arch Linux packages (alpm-package(7)): one compressed tar of description, digests and files."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from builder.formats import compression, pkginfo, tar
from builder.formats.control import line, maintainer, matching, tree
from builder.formats.metadata import LINE, MetadataKey, one_of
from builder.formats.unpacked import Malformed, Unpacked, text
from builder.model import File

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from builder.formats.unpacked import Entry
    from builder.model import Package

_DIGESTS, _SCRIPT = ".MTREE", ".INSTALL"
# makepkg writes its members by name, so an .apk's first, .PKGINFO, is none of these.
_FIRST = (".BUILDINFO", ".CHANGELOG", _SCRIPT, _DIGESTS)
_NAME = re.compile(r"[a-z0-9@_+][a-z0-9@._+-]*")
_VERSION = re.compile(r"[A-Za-z0-9._+]+")
_RELATIONS = MetadataKey(
    "list",
    r"[a-z0-9@_+][a-z0-9@._+-]*([<>]?=?[0-9][A-Za-z0-9._+:-]*)?",
    "a package, perhaps with a version, such as 'ca-certificates>=20240618'",
)
_ARRAYS = {"replaces": "replaces", "conflicts": "conflict", "provides": "provides", "depends": "depend"}
# A package has one script of shell functions, none of which ours need: pacman's hooks do the work.
SCRIPTS: frozenset[str] = frozenset()
METADATA: Mapping[str, MetadataKey] = {
    "release": MetadataKey("line", r"[0-9]+(\.[0-9]+)?", "a number"),
    "arch": one_of("any"),
    "summary": LINE,
    **dict.fromkeys(_ARRAYS, _RELATIONS),
}


def write(package: Package) -> bytes:
    """Return the .pkg.tar.gz, without a signature, which pacman wants in a file of its own."""
    files = tree(package.files)
    described = [File(pkginfo.NAME, pkginfo.write(_info(package, files))), *files]
    digests = File(_DIGESTS, compression.gzip(_mtree(described, package.epoch).encode()))
    return compression.gzip(tar.write([digests, *described], package.epoch))


def _info(package: Package, files: Sequence[File]) -> Iterator[tuple[str, str]]:
    """Yield the lines of .PKGINFO, in the order of makepkg."""
    said, organisation = package.metadata, package.organisation
    version = matching("a version that pacman takes", package.version, _VERSION)
    yield "pkgname", matching("a name that pacman takes", package.name, _NAME)
    yield "pkgbase", package.name
    yield "xdata", "pkgtype=pkg"
    yield "pkgver", f"{version}-{said.get('release', '1')}"
    yield "pkgdesc", line("summary", said.get("summary", organisation.summary))
    yield "url", line("homepage", organisation.homepage)
    yield "builddate", str(package.epoch)
    yield "packager", maintainer(package)
    yield "size", str(sum(len(file.data) for file in files))
    yield "arch", "any"
    yield "license", line("license", organisation.license)
    for key, field in _ARRAYS.items():
        yield from ((field, relation) for relation in said.get(key, ()))
    # Of these, pacman keeps what an administrator changed.
    yield from (
        ("backup", file.path) for file in files if file.kind == "file" and file.path.startswith("etc/")
    )


def _mtree(files: Sequence[File], epoch: int) -> str:
    """Return what `pacman -Qkk` compares a system with, as mtree(5)."""
    lines = ["#mtree", "/set type=file uid=0 gid=0"]
    for file in files:
        words = [f"./{_quoted(file.path)}", f"time={epoch}.0", f"mode={file.mode:o}"]
        if file.kind == "dir":
            words.append("type=dir")
        else:
            md5 = hashlib.md5(file.data, usedforsecurity=False).hexdigest()
            words += [f"size={len(file.data)}", f"md5digest={md5}", f"sha256digest={_sha256(file.data)}"]
        lines.append(" ".join(words))
    return "\n".join([*lines, ""])


def _quoted(path: str) -> str:
    """Return a path with what is no plain character written as octal bytes, as libarchive does."""
    return re.sub(rb"[^!-~]|[#=\\*?\[]", lambda found: b"\\%03o" % ord(found[0]), path.encode()).decode(
        "ascii"
    )


def recognises(data: bytes) -> bool:
    """Tell whether `data` is a compressed tar that starts as makepkg's packages do."""
    kinds = {("gzip",): _FIRST, ("xz", "zstd"): (*_FIRST, pkginfo.NAME)}
    return any(
        compression.head(data, 100, kind).startswith(tuple(f"{name}\0".encode() for name in names))
        for kind, names in kinds.items()
    )


def unpack(_name: str, data: bytes) -> Unpacked:
    """Read a package and check its files against .MTREE, where it has one."""
    entries = {
        entry.path: entry for entry in tar.unpack(".pkg.tar", compression.decompress(".pkg.tar", data))
    }
    own = {path: entries.pop(path).data for path in (pkginfo.NAME, *_FIRST) if path in entries}
    info = pkginfo.read(own.get(pkginfo.NAME, b""))
    if _DIGESTS in own:
        _check(text(compression.decompress(_DIGESTS, own[_DIGESTS])), entries)
    scripts = {_SCRIPT.removeprefix("."): text(own[_SCRIPT])} if _SCRIPT in own else {}
    files = tuple(replace(entry, path=f"/{path}") for path, entry in entries.items())
    return Unpacked("pacman", info["pkgname"], info["pkgver"], info, files, scripts)


def _check(mtree: str, entries: Mapping[str, Entry]) -> None:
    digests = {}
    for words in map(str.split, mtree.splitlines()):
        if words and words[0].startswith("./"):
            fields = dict(word.partition("=")[::2] for word in words[1:])
            digests[_plain(words[0][2:])] = fields.get("sha256digest", "")
    for path, entry in entries.items():
        if entry.kind == "file" and digests.get(path) != _sha256(entry.data):
            raise Malformed(f"/{path}: does not match {_DIGESTS}")


def _plain(path: str) -> str:
    return text(re.sub(rb"\\([0-7]{3})", lambda found: bytes([int(found[1], 8) & 0xFF]), path.encode()))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
