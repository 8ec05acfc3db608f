"""What a site keeps of each package, so that adding one more never reads the others again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from builder.errors import SiteError
from builder.model import Release
from builder.model.release import GRAMMAR
from builder.repositories import listing
from builder.repositories.sitefile import Count  # noqa: TC001  msgspec reads annotations
from builder.text.lines import whole_lines
from builder.text.quoting import visible
from builder.text.times import Second  # noqa: TC001  as above

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


# An npm scope, a Maven group or a Go module's host, which have a dot, may stand before a name.
# Names stand in shell lines and in what limits clients, where a comma, a blank or a * would mean others, too.
_RELEASE = re.compile(rf"(?:{GRAMMAR.pattern})?")
_OWNER = r"@[a-z0-9][a-z0-9._~-]*/|[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::|/(?:[a-z0-9_-][a-z0-9._-]*/)*)"
_NAME = re.compile(rf"(?:{_OWNER})?[A-Za-z0-9_][A-Za-z0-9._+~@-]*")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~^:!-]*")
# How a line begins that holds what these and a site's paths can be: all words are as they are in JSON.
_PLAIN = re.compile(
    rf'^{{"release":"{_RELEASE.pattern}","name":"{_NAME.pattern}","version":"{_VERSION.pattern}",'
    rf'"path":"{listing.PATH.pattern}",'.encode(),
    re.MULTILINE,
)


class SiteEntry(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One package in one ecosystem.

    `release` is the organisation's, empty for a package of the site's own such as ORG-repository; `version`
    is the package manager's. `path` is the published file below the site's root, `size` (bytes) and `sha256`
    (hex) are that file's, and `identity` is the SHA-256 of the unsigned content, as the manifest has it.
    `added` is when it came to the site, in seconds since 1970. `lengths` are the bytes of its lines in each
    of the ecosystem's texts, `others` the paths of what else belongs to it. `signer` is the key that has
    signed the file itself, by its fingerprint or its name for apk, empty where none has. `withdrawn` is why
    nobody is to install it any more, empty where it is offered.
    """

    release: str
    name: str
    version: str
    path: str
    size: Count
    sha256: str
    identity: str
    added: Second
    lengths: tuple[Count, ...] = ()
    others: tuple[str, ...] = ()
    signer: str = ""
    withdrawn: str = ""
    withdrawn_at: Second = 0

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of all its files, the published one first."""
        return (self.path, *self.others)


RESTORE = "take the site from where it is published: trustpack repo fetch URL"
_DECODER = msgspec.json.Decoder(SiteEntry)


def line(entry: SiteEntry) -> bytes:
    """Return an entry as a kept text has it: JSON in a line, the same bytes for the same entry."""
    return msgspec.json.encode(entry, order="deterministic") + b"\n"


def parsed(chunks: Iterable[bytes], where: str, *, strictly: bool = False) -> Iterator[SiteEntry]:
    """Yield the entries of a text, some lines at a time; raise SiteError for what no trustpack wrote.

    With `strictly`, that is also what only looks like a package of a site's: see `strange`.
    """
    try:
        for lines in whole_lines(chunks):
            entries = _DECODER.decode_lines(lines)
            if strictly and (other := _strange(lines, entries)):
                what = visible(f"{other.name} {other.version}")
                raise SiteError(f"{where}: {what} is no package of a site's", hint=RESTORE)
            yield from entries
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SiteError(
            f"{where}: cannot be understood: {visible(str(error))}",
            hint=RESTORE,
        ) from None


def rank(entry: SiteEntry) -> tuple[tuple[int, int, int], int]:
    """Return what versions rise with: the release, or for a package of the site's own when it came."""
    return Release(entry.release or "0").numbers, entry.added


def is_plain(name: str, version: str) -> bool:
    """Tell whether a package's name and version are words that can stand in a shell line."""
    return bool(_NAME.fullmatch(name) and _VERSION.fullmatch(version))


def strange(entries: Iterable[SiteEntry]) -> SiteEntry | None:
    """Return the first package that no site of ours has, None for none: who is not signed may be anybody."""
    return next((one for one in entries if not _is_ours(one)), None)


def _is_ours(one: SiteEntry) -> bool:
    named = _RELEASE.fullmatch(one.release) and is_plain(one.name, one.version)
    return bool(named) and all(map(listing.holds, one.paths))


def _strange(lines: bytes, entries: Sequence[SiteEntry]) -> SiteEntry | None:
    """Return the same of whole lines, and look at each package only where that can tell more."""
    if len(_PLAIN.findall(lines)) == len(entries) and not any(one.others for one in entries):
        return None
    return strange(entries)


class Released(msgspec.Struct, frozen=True):
    """A finished package file to be taken in; `beside` has its target's other files.

    `identity` is the SHA-256 of its unsigned content, and `epoch` its time stamp in seconds since 1970.
    """

    release: str
    filename: str
    data: bytes
    identity: str
    epoch: int
    beside: tuple[tuple[str, bytes], ...] = ()
