"""Alpine packages of format 2 (apk-package(5)): gzip streams of signature, control and data."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from builder.formats import compression, pkginfo, tar
from builder.formats.control import Unwritable, line, maintainer, matching, tree
from builder.formats.metadata import LINE, MetadataKey, one_of
from builder.formats.unpacked import Malformed, Unpacked, text
from builder.model import File

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from builder.formats.unpacked import Entry
    from builder.model import Package

_FORMAT_3 = b"ADB"
_SIGNATURE = ".SIGN."
_CHECKSUM = "APK-TOOLS.checksum.SHA1"

_SCRIPTS = {
    "preinstall": ".pre-install",
    "postinstall": ".post-install",
    "preupgrade": ".pre-upgrade",
    "postupgrade": ".post-upgrade",
    "preremove": ".pre-deinstall",
    "postremove": ".post-deinstall",
    "trigger": ".trigger",
}
SCRIPTS = frozenset(_SCRIPTS)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]*")
_VERSION = re.compile(r"[0-9]+(\.[0-9]+)*[a-z]?(_(alpha|beta|pre|rc|cvs|svn|git|hg|p)[0-9]*)*")
_RELATIONS = MetadataKey(
    "list",
    r"[A-Za-z0-9][A-Za-z0-9+._:/-]*([<>~]?=?[0-9][A-Za-z0-9._-]*)?",
    "a package, perhaps with a version, such as 'ca-certificates>=20230311'",
)
METADATA: Mapping[str, MetadataKey] = {
    "release": MetadataKey("line", r"[0-9]+", "a number"),
    "arch": one_of("noarch"),
    "summary": LINE,
    **dict.fromkeys(("depends", "conflicts", "replaces", "provides"), _RELATIONS),
    "triggers": MetadataKey("list", r"/[!-~]+", "a folder's absolute path, perhaps with * in it"),
}


def write(package: Package) -> bytes:
    """Return the .apk: a gzip stream of what is said of the package, and one of its files; no signature."""
    entries = tree(package.files)
    data = compression.gzip(tar.write(entries, package.epoch, pax=_checksum))
    # Only the last stream has end-of-archive blocks: apk reads all of them as one archive.
    return compression.gzip(tar.write(_control(package, entries, data), package.epoch, end=False)) + data


def _checksum(file: File) -> Mapping[str, str]:
    return {_CHECKSUM: _sha1(file.data)} if file.kind == "file" else {}


def _control(package: Package, entries: Sequence[File], data: bytes) -> list[File]:
    if ("triggers" in package.metadata) != ("trigger" in package.scripts):
        raise Unwritable("triggers and the script 'trigger' belong together")
    return [
        File(pkginfo.NAME, pkginfo.write(_info(package, entries, data))),
        *(File(_SCRIPTS[name], script, 0o755) for name, script in package.scripts.items()),
    ]


def _info(package: Package, entries: Sequence[File], data: bytes) -> Iterator[tuple[str, str]]:
    """Yield the lines of .PKGINFO, in the order of abuild."""
    said, organisation = package.metadata, package.organisation
    version = matching("an .apk's version", package.version, _VERSION)
    yield "pkgname", matching("an .apk's name", package.name, _NAME)
    yield "pkgver", f"{version}-r{said.get('release', '0')}"
    yield "pkgdesc", line("summary", said.get("summary", organisation.summary))
    yield "url", line("homepage", organisation.homepage)
    yield "builddate", str(package.epoch)
    yield "size", str(sum(len(entry.data) for entry in entries))
    yield "arch", "noarch"
    yield "maintainer", maintainer(package)
    yield "license", line("license", organisation.license)
    for key in ("replaces", "provides"):
        yield from ((key, relation) for relation in said.get(key, ()))
    yield from (("depend", relation) for relation in said.get("depends", ()))
    yield from (("depend", f"!{relation}") for relation in said.get("conflicts", ()))
    if triggers := said.get("triggers"):
        yield "triggers", " ".join(triggers)
    yield "datahash", hashlib.sha256(data).hexdigest()


def recognises(data: bytes) -> bool:
    """Tell whether `data` is a gzipped tar that starts with a signature or .PKGINFO, or a newer .apk."""
    first = (_SIGNATURE.encode(), pkginfo.NAME.encode() + b"\0")
    return data.startswith(_FORMAT_3) or compression.head(data, 100).startswith(first)


def unpack(_name: str, data: bytes) -> Unpacked:
    """Read an .apk; check the data stream against `datahash` and each file against its own checksum."""
    if data.startswith(_FORMAT_3):
        raise Malformed("is an .apk of format 3; inspect reads format 2")
    parts = compression.gunzip_each(".apk", data)
    names = ["signature", "control", "data"][3 - len(parts) :]
    if len(parts) not in {2, 3}:
        raise Malformed(f"{len(parts)} gzip streams where an .apk has two or three")
    plain = dict(zip(names, parts, strict=True))
    signatures = tar.unpack("signature", plain["signature"][1]) if "signature" in plain else ()
    if any(not entry.path.startswith(_SIGNATURE) for entry in signatures):
        raise Malformed("signature: holds something else")
    control = {entry.path: entry.data for entry in tar.unpack("control", plain["control"][1])}
    info = pkginfo.read(control.pop(pkginfo.NAME, b""))
    if hashlib.sha256(plain["data"][0]).hexdigest() != info.get("datahash"):
        raise Malformed("data: does not match datahash")
    scripts = {path.removeprefix("."): text(raw) for path, raw in sorted(control.items())}
    if signatures:
        info["signature"] = ", ".join(entry.path for entry in signatures)
    return Unpacked("apk", info["pkgname"], info["pkgver"], info, _data(plain["data"][1]), scripts)


def _data(plain: bytes) -> tuple[Entry, ...]:
    members = tar.unpack_with_pax("data", plain)
    for member in members:
        entry = member.entry
        if entry.kind == "file" and member.pax.get(_CHECKSUM) != _sha1(entry.data):
            raise Malformed(f"/{entry.path}: does not match its checksum")
    return tuple(replace(member.entry, path="/" + member.entry.path) for member in members)


def _sha1(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()
