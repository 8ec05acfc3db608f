"""What a site keeps of each package, so that adding one more never reads the others again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from builder.model import Release
from builder.repositories import listing
from builder.repositories.sitefile import Count, Second  # noqa: TC001  msgspec reads annotations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence


# Names stand in shell lines and in what limits clients, where a comma, a blank or a * would mean others, too.
_NAME = re.compile(r"(@[a-z0-9][a-z0-9._~-]*/)?[A-Za-z0-9_][A-Za-z0-9._+~@-]*")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~^:!-]*")


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


def is_plain(name: str, version: str) -> bool:
    """Tell whether a package's name and version are words that can stand in a shell line."""
    return bool(_NAME.fullmatch(name) and _VERSION.fullmatch(version))


def strange(entries: Iterable[SiteEntry]) -> SiteEntry | None:
    """Return the first package that no site of ours has, None for none: who is not signed may be anybody."""
    return next(
        (one for one in entries if not (is_plain(one.name, one.version) and listing.holds(one.path))), None
    )


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


class Shelf(msgspec.Struct, frozen=True):
    """An ecosystem's packages in the order in which they came, and their lines in each of its texts.

    `open_text` yields the bytes of one text in chunks of any size, all entries' lines one after the other.
    """

    entries: tuple[SiteEntry, ...]
    texts: tuple[str, ...]
    open_text: Callable[[str], Iterable[bytes]]

    @property
    def offered(self) -> tuple[SiteEntry, ...]:
        """The packages that are not withdrawn."""
        offered = [entry for entry in self.entries if not entry.withdrawn]
        return self.entries if len(offered) == len(self.entries) else tuple(offered)

    def lines(self, text: str, wanted: Callable[[SiteEntry], bool] | None = None) -> Iterator[bytes]:
        """Yield, in chunks, the lines of a text that belong to `wanted` entries (None: to those offered).

        Neighbours are joined, and no more than some 64 KiB are held at once.
        """
        index = self.texts.index(text)
        if wanted is None:
            taken = [not entry.withdrawn for entry in self.entries]
        else:
            taken = [wanted(entry) for entry in self.entries]
        if all(taken):
            return iter(self.open_text(text))
        lengths = (entry.lengths[index] for entry in self.entries)
        return _cut(self.open_text(text), _runs(zip(lengths, taken, strict=True)))

    def each(
        self, text: str, entries: Sequence[SiteEntry] | None = None
    ) -> Iterator[tuple[SiteEntry, bytes]]:
        """Yield each entry, or those of `entries`, with its lines in a text."""
        index = self.texts.index(text)
        chosen = None if entries is None else {id(entry) for entry in entries}
        reader = _Reader(self.open_text(text))
        for entry in self.entries:
            data = reader.take(entry.lengths[index])
            if chosen is None or id(entry) in chosen:
                yield entry, data


def newest(shelf: Shelf) -> str:
    """Return the name under which a shelf offers its newest release, empty where it offers none."""
    # Not by their order: what is signed anew comes last.
    released = [one for one in shelf.offered if one.release]
    return max(released, key=lambda one: Release(one.release).numbers).name if released else ""


def _runs(parts: Iterable[tuple[int, bool]]) -> Iterator[tuple[int, bool]]:
    """Join neighbouring lengths of one fate."""
    total, fate = 0, True
    for length, taken in parts:
        if taken is not fate and total:
            yield total, fate
            total = 0
        total, fate = total + length, taken
    if total:
        yield total, fate


def _cut(chunks: Iterable[bytes], runs: Iterator[tuple[int, bool]]) -> Iterator[bytes]:
    """Yield those bytes that lie in the taken runs."""
    left, taken = next(runs, (0, False))
    for chunk in chunks:
        view = memoryview(chunk)
        while view and left:
            part, view = view[:left], view[left:]
            left -= len(part)
            if taken:
                yield bytes(part)
            if not left:
                left, taken = next(runs, (0, False))


class _Reader:
    """Bytes that are taken from chunks in other pieces than they come in."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = b""

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes."""
        parts, missing = [self._rest], size - len(self._rest)
        while missing > 0:
            parts.append(next(self._chunks, b""))
            if not parts[-1]:
                break
            missing -= len(parts[-1])
        data = b"".join(parts)
        self._rest = data[size:]
        return data[:size]
