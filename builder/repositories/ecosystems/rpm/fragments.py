"""What the indexes say of one package: XML, made from the .rpm's header alone.

https://github.com/rpm-software-management/createrepo_c is what defines it; tests compare the two.
"""

from __future__ import annotations

import hashlib
import re
import stat
from typing import TYPE_CHECKING, NamedTuple

from builder.formats import rpm
from builder.formats.rpm import tags
from builder.formats.rpm.header import parse
from builder.formats.rpm.parts import split
from builder.formats.unpacked import text
from builder.repositories.ecosystems.rpm.xml import attributes, element

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.formats.rpm.header import Header

_IDENTITY: Mapping[str, int] = {"name": tags.NAME, "arch": tags.ARCH}
_ABOUT: Mapping[str, int] = {
    "summary": tags.SUMMARY,
    "description": tags.DESCRIPTION,
    "packager": tags.PACKAGER,
    "url": tags.URL,
}
_FORMAT: Mapping[str, int] = {
    "rpm:license": tags.LICENSE,
    "rpm:vendor": tags.VENDOR,
    "rpm:group": tags.GROUP,
    "rpm:buildhost": tags.BUILD_HOST,
    "rpm:sourcerpm": tags.SOURCE_RPM,
}
_RELATIONS: Mapping[str, str] = {
    "provides": "rpm:provides",
    "depends": "rpm:requires",
    "conflicts": "rpm:conflicts",
    "replaces": "rpm:obsoletes",
    "suggests": "rpm:suggests",
    "recommends": "rpm:recommends",
}
_SENSES = {2: "LT", 4: "GT", 8: "EQ", 10: "LE", 12: "GE"}
_FIRST = 1 << 6 | 1 << 9 | 1 << 10  # needed beforehand: an old flag, and by %pre and %post
# Files that a package can be asked for without the file lists, which no client fetches to install something.
_LISTED = re.compile(r"/etc/|.*bin/|/usr/lib/sendmail$")
_CHANGELOGS = 10  # the newest, as many as createrepo_c takes


class Described(NamedTuple):
    """A package's name, its version as rpm compares it, and its elements: primary, file lists, other."""

    name: str
    version: str
    elements: tuple[bytes, bytes, bytes]


def describe(data: bytes, *, href: str, time: int) -> Described:
    """Return what the indexes say of an .rpm that is to lie at `href`, made at `time` (seconds since 1970).

    Raises Malformed where the package contradicts itself.
    """
    unpacked = rpm.unpack(href, data)
    parts = split(data)
    header = parse("header", parts.header, 0)[0]
    digest = hashlib.sha256(data).hexdigest()
    start = len(data) - len(parts.payload) - len(parts.header)
    sizes = {
        "package": len(data),
        "installed": _number(header, tags.SIZE),
        "archive": _number(parts.signature, tags.SIG_PAYLOAD_SIZE),
    }
    primary = (
        '<package type="rpm">',
        _elements(header, _IDENTITY),
        _version(header),
        element("checksum", digest, ' type="sha256" pkgid="YES"'),
        _elements(header, _ABOUT),
        f"<time{attributes(file=time, build=_number(header, tags.BUILD_TIME))}/><size{attributes(**sizes)}/>",
        f"<location{attributes(href=href)}/><format>",
        _elements(header, _FORMAT),
        f"<rpm:header-range{attributes(start=start, end=start + len(parts.header))}/>",
        *_relations(header),
        *(file for path, file in _files(header) if _LISTED.match(path)),
        "</format></package>\n",
    )
    named = attributes(pkgid=digest, name=_text(header, tags.NAME), arch=_text(header, tags.ARCH))
    opened = f"<package{named}>{_version(header)}"
    files = (opened, *(file for _, file in _files(header)), "</package>\n")
    other = (opened, *_changelog(header), "</package>\n")
    return Described(unpacked.name, unpacked.version, (_joined(primary), _joined(files), _joined(other)))


def _joined(parts: tuple[str, ...]) -> bytes:
    return "".join(parts).encode()


def _elements(header: Header, names: Mapping[str, int]) -> str:
    return "".join(element(name, _text(header, tag)) for name, tag in names.items())


def _version(header: Header) -> str:
    epoch, version = _number(header, tags.EPOCH), _text(header, tags.VERSION)
    return f"<version{attributes(epoch=epoch, ver=version, rel=_text(header, tags.RELEASE))}/>"


def _relations(header: Header) -> Iterator[str]:
    for key, name in _RELATIONS.items():
        # rpm may hold the same relation several times: once for each script, say.
        if entries := "".join(dict.fromkeys(_entries(header, key))):
            yield f"<{name}>{entries}</{name}>"


def _entries(header: Header, key: str) -> Iterator[str]:
    names, versions, flags = (_values(header, tag) for tag in tags.RELATIONS[key])
    for name, version, flag in zip(names, versions, flags, strict=True):
        # What rpm itself must be able to do it finds out when it has the package.
        if not str(name).startswith("rpmlib("):
            first = ' pre="1"' if int(flag) & _FIRST else ""
            yield f"<rpm:entry{attributes(name=name)}{_compared(str(version), int(flag))}{first}/>"


def _compared(text: str, flag: int) -> str:
    sense = _SENSES.get(flag & tags.COMPARED)
    if sense is None:
        return ""
    epoch, _, rest = text.rpartition(":")
    version, _, release = rest.partition("-")
    last = attributes(rel=release) if release else ""
    return attributes(flags=sense, epoch=epoch or "0", ver=version) + last


def _files(header: Header) -> Iterator[tuple[str, str]]:
    """Yield each path and its element."""
    folders = _values(header, tags.DIR_NAMES)
    columns = (tags.DIR_INDEXES, tags.BASENAMES, tags.FILE_MODES, tags.FILE_FLAGS)
    for folder, name, mode, flags in zip(*(_values(header, tag) for tag in columns), strict=True):
        path = f"{folders[int(folder)]}{name}"
        ghost = ' type="ghost"' if int(flags) & tags.GHOST else ""
        yield path, element("file", path, ' type="dir"' if stat.S_ISDIR(int(mode)) else ghost)


def _changelog(header: Header) -> Iterator[str]:
    """Yield the newest notes, the oldest of them first."""
    columns = (tags.CHANGELOG_TIME, tags.CHANGELOG_NAME, tags.CHANGELOG_TEXT)
    rows = tuple(zip(*(_values(header, tag) for tag in columns), strict=True))
    for time, author, note in reversed(rows[:_CHANGELOGS]):
        yield element("changelog", str(note), attributes(author=author, date=time))


def _values(header: Header, tag: int) -> tuple[str | int, ...]:
    values = header[tag].values if tag in header else ()
    return tuple(value if isinstance(value, int) else text(value) for value in values)


def _text(header: Header, tag: int) -> str:
    """Return a tag's text, the first one where it is there in several languages."""
    return str(next(iter(_values(header, tag)), ""))


def _number(header: Header, tag: int) -> int:
    return int(next(iter(_values(header, tag)), 0))
