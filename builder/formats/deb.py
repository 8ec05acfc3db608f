"""Debian binary packages (deb(5)): an ar archive of debian-binary, control.tar and data.tar."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from builder.formats import ar, compression, tar
from builder.formats.control import Unwritable, line, maintainer, matching, tree
from builder.formats.metadata import LINE, TEXT, MetadataKey, one_of
from builder.formats.unpacked import Malformed, Unpacked, text
from builder.model import File

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from builder.formats.unpacked import Entry
    from builder.model import Package

_SCRIPTS = {"preinstall": "preinst", "postinstall": "postinst", "preremove": "prerm", "postremove": "postrm"}
SCRIPTS = frozenset(_SCRIPTS)
_READ_SCRIPTS = (*_SCRIPTS.values(), "config")
_CONTROL_LIMIT = 4 * 1024 * 1024

# Policy 5.6.1, 5.6.12 and 7.1: https://www.debian.org/doc/debian-policy/ch-controlfields.html
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_VERSION = re.compile(r"[0-9][A-Za-z0-9.+~]*")
_RELATION = r"[a-z0-9][a-z0-9+.-]+(:[a-z0-9-]+)?( \((<<|<=|=|>=|>>) [0-9][A-Za-z0-9.+~:-]*\))?"
_RELATIONS = (
    "pre_depends",
    "depends",
    "recommends",
    "suggests",
    "enhances",
    "conflicts",
    "breaks",
    "replaces",
    "provides",
)
# Essential, Protected and the like are not among them: such a package can hardly be removed again.
_FIELDS = ("origin", "bugs", *_RELATIONS, "section", "priority", "multi_arch")
METADATA: Mapping[str, MetadataKey] = {
    "release": MetadataKey("line", r"[A-Za-z0-9.+~]+", "a Debian revision such as '1'"),
    "arch": one_of("all"),
    "summary": LINE,
    "description": TEXT,
    "origin": LINE,
    "bugs": LINE,
    **dict.fromkeys(
        _RELATIONS,
        MetadataKey(
            "list", rf"{_RELATION}( \| {_RELATION})*", "a relation such as 'ca-certificates (>= 20230311)'"
        ),
    ),
    "section": MetadataKey("line", r"[a-z0-9-]+(/[a-z0-9-]+)?", "a section such as 'misc'"),
    "priority": one_of("optional", "standard", "important", "extra"),
    "multi_arch": one_of("foreign", "allowed", "no"),
    "triggers": MetadataKey(  # of man page deb-triggers
        "list",
        r"(interest|activate)(-await|-noawait)? [!-~]+",
        "a trigger such as 'interest-noawait /usr/share/ca-certificates'",
    ),
    "conffiles": MetadataKey("list", r"/.+", "an absolute path"),
}


def write(package: Package) -> bytes:
    """Return the .deb: its description, the sums of its files, its scripts, and the files."""
    entries = tree(package.files)
    members = {
        "debian-binary": b"2.0\n",
        "control.tar.gz": compression.gzip(_archive(_control(package, entries), package.epoch)),
        "data.tar.gz": compression.gzip(_archive(entries, package.epoch)),
    }
    return ar.write(members, package.epoch)


def _archive(files: Sequence[File], epoch: int) -> bytes:
    """Return a tar of `files` as dpkg-deb makes one, with all paths below "."."""
    inside = (File(f"./{file.path}", file.data, file.mode, file.kind) for file in files)
    return tar.write([File(".", b"", 0o755, "dir"), *inside], epoch)


def _control(package: Package, entries: Sequence[File]) -> list[File]:
    files = [entry for entry in entries if entry.kind == "file"]
    sums = "".join(f"{_md5(file.data)}  {file.path}\n" for file in files)
    lists = {"conffiles": _conffiles(package, files), "triggers": package.metadata.get("triggers", ())}
    stanza = "".join(f"{key}: {value}\n" for key, value in _stanza(package, entries) if value)
    return [
        File("control", stanza.encode()),
        File("md5sums", sums.encode()),
        *(
            File(name, "".join(f"{item}\n" for item in items).encode())
            for name, items in lists.items()
            if items
        ),
        *(File(_SCRIPTS[name], data, 0o755) for name, data in package.scripts.items()),
    ]


def _stanza(package: Package, entries: Sequence[File]) -> Iterator[tuple[str, str]]:
    """Yield the fields of the control file, in the order that dpkg writes them."""
    said = package.metadata
    version = matching("a .deb's version", package.version, _VERSION)
    yield "Package", matching("a .deb's name", package.name, _NAME)
    yield "Version", f"{version}-{said['release']}" if "release" in said else version
    yield "Architecture", "all"
    yield "Maintainer", maintainer(package)
    yield "Installed-Size", str(sum(map(_kibibytes, entries)))
    for key in _FIELDS:
        value = said.get(key, "")
        yield key.replace("_", "-").title(), value if isinstance(value, str) else ", ".join(value)
    yield "Homepage", line("homepage", package.organisation.homepage)
    yield "Description", _folded(package)


def _kibibytes(entry: File) -> int:
    """Return the size that dpkg-gencontrol counts: KiB begun of a file, one for a folder."""
    return -(-len(entry.data) // 1024) if entry.kind == "file" else 1


def _folded(package: Package) -> str:
    """Return the synopsis, and the extended description as continuation lines."""
    said = [package.metadata[key] for key in ("summary", "description") if key in package.metadata]
    synopsis, *rest = (
        ("\n".join(said) or line("summary", package.organisation.summary)).strip("\n").split("\n")
    )
    return "\n ".join([synopsis, *(text if text.strip() else "." for text in rest)])


def _conffiles(package: Package, files: Sequence[File]) -> Sequence[str]:
    """Return what dpkg keeps an administrator's changes of: by Policy 10.7, every file below /etc."""
    paths = [f"/{file.path}" for file in files]
    chosen: Sequence[str] | None = package.metadata.get("conffiles")
    if chosen is None:
        return [path for path in paths if path.startswith("/etc/")]
    if missing := [path for path in chosen if path not in paths]:
        raise Unwritable(f"conffiles: '{missing[0]}' is not a file of the package")
    return chosen


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def recognises(data: bytes) -> bool:
    """Tell whether `data` is an ar archive that starts as a Debian package does."""
    return data.startswith(ar.MAGIC + b"debian-binary")


def unpack(_name: str, data: bytes) -> Unpacked:
    """Read a .deb and check its files against its own md5sums."""
    members = ar.read(data)
    if members.get("debian-binary", b"")[:2] != b"2.":
        raise Malformed("debian-binary: the format is not 2.x")
    control = {e.path: e.data for e in _tar(members, "control.tar", _CONTROL_LIMIT) if e.kind == "file"}
    entries = tuple(replace(e, path="/" + e.path) for e in _tar(members, "data.tar", compression.LIMIT))
    fields = _fields(text(control.pop("control", b"")))
    if "Package" not in fields or "Version" not in fields:
        raise Malformed("control: names no package and version")
    _check_sums(text(control.pop("md5sums", b"")), entries)
    scripts = {name: text(control.pop(name)) for name in _READ_SCRIPTS if name in control}
    # What is left (triggers, conffiles, templates, …) is declared, not run.
    metadata = fields | {name: text(raw) for name, raw in sorted(control.items())}
    return Unpacked("deb", fields["Package"], fields["Version"], metadata, entries, scripts)


def control(data: bytes) -> str:
    """Return the control file of a .deb as it is, with one line feed at its end; raises Malformed."""
    found = {e.path: e.data for e in _tar(ar.read(data), "control.tar", _CONTROL_LIMIT) if e.kind == "file"}
    return text(found.get("control", b"")).strip("\n") + "\n"


def _tar(members: dict[str, bytes], stem: str, limit: int) -> tuple[Entry, ...]:
    names = [name for name in members if name == stem or name.startswith(f"{stem}.")]
    if len(names) != 1:
        raise Malformed(f"{stem}: {'is missing' if not names else 'is a duplicate entry'}")
    plain = members[names[0]]
    if names[0] != stem:
        plain = compression.decompress(names[0], plain, limit=limit)
    return tar.unpack(names[0], plain)


def _fields(control: str) -> dict[str, str]:
    """Read RFC 822 like control fields; a continuation line keeps its line break."""
    fields: dict[str, str] = {}
    known: set[str] = set()
    for stanza in re.split(r"\n(?![ \t])", control.strip()):
        key, colon, value = stanza.partition(":")
        # apt and dpkg do not tell capitals: of two such fields apt takes the second.
        if not colon or key.lower() in known:
            raise Malformed(f"control: '{key}' is no field, or a duplicate entry")
        known.add(key.lower())
        fields[key] = value.strip()
    return fields


def _check_sums(md5sums: str, entries: tuple[Entry, ...]) -> None:
    """Check each sum that is given; dpkg itself demands none."""
    files = {entry.path: entry.data for entry in entries if entry.kind == "file"}
    for summed in md5sums.splitlines():
        digest, _, path = summed.partition("  ")
        found = files.get(f"/{path}")
        if found is None:
            raise Malformed(f"md5sums: {path} is not in the package")
        if _md5(found) != digest:
            raise Malformed(f"/{path}: does not match md5sums")
