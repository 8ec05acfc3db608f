"""An ecosystem's packages and their lines, read in a stream: a site may have any number of them."""

from __future__ import annotations

import operator
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from builder.errors import SiteError
from builder.repositories import listing
from builder.repositories.entry import RESTORE, SiteEntry, parsed, rank
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from builder.repositories.sitefile import Listed

ENTRIES = "entries"  # the text that has the packages themselves


class Named(msgspec.Struct, frozen=True):
    """What a shelf has of one name: the newest version that is offered, and the newest of all, if any is.

    `released` tells whether any of them is a release's, and none of the site's own packages.
    """

    newest: SiteEntry | None
    last: SiteEntry
    released: bool


class Stock(msgspec.Struct, frozen=True):
    """What a shelf has, in numbers and by name, each name once in the order in which they came.

    `since` is when the first package came, in seconds since 1970. `lead` is the first package of the newest
    release that is offered, `latest` the package that is offered and came last. `signers` are all keys that
    have signed a package.
    """

    count: int = 0
    withdrawn: int = 0
    since: int = 0
    lead: SiteEntry | None = None
    latest: SiteEntry | None = None
    names: Mapping[str, Named] = {}
    signers: frozenset[str] = frozenset()

    @property
    def offered(self) -> int:
        """How many packages are not withdrawn."""
        return self.count - self.withdrawn

    @property
    def offered_names(self) -> tuple[str, ...]:
        """The names of which a version is offered."""
        return tuple(name for name, one in self.names.items() if one.newest)

    @property
    def released_names(self) -> tuple[str, ...]:
        """The names that releases have, withdrawn ones too."""
        return tuple(name for name, one in self.names.items() if one.released)


class _Name:
    """What is counted of one name: see Named; `best` and `highest` are what its two versions rise with."""

    __slots__ = ("best", "highest", "last", "newest", "released")

    def __init__(self, last: SiteEntry, newest: SiteEntry | None = None, *, released: bool = False) -> None:
        self.last, self.newest, self.released = last, newest, released
        self.highest, self.best = rank(last), rank(newest) if newest else _LOWEST


_LOWEST = ((-1, -1, -1), -1)


def stock(entries: Iterable[SiteEntry], before: Stock | None = None) -> Stock:
    """Return what there is: `entries`, after all that there was `before`."""
    was = before or Stock()
    count, withdrawn, since, lead, latest = was.count, was.withdrawn, was.since, was.lead, was.latest
    names = {name: _Name(one.last, one.newest, released=one.released) for name, one in was.names.items()}
    signers, leading = {*was.signers}, rank(lead)[0] if lead else _LOWEST[0]
    for one in entries:
        since = min(since, one.added) if count else one.added
        count += 1
        signers.add(one.signer)
        ranked = rank(one)
        if (known := names.get(one.name)) is None:
            known = names[one.name] = _Name(one)
        if ranked >= known.highest:
            known.last, known.highest = one, ranked
        known.released |= bool(one.release)
        if one.withdrawn:
            withdrawn += 1
            continue
        latest = one
        if ranked >= known.best:
            known.newest, known.best = one, ranked
        if one.release and ranked[0] > leading:
            lead, leading = one, ranked[0]
    counted = {name: Named(one.newest, one.last, one.released) for name, one in names.items()}
    return Stock(count, withdrawn, since, lead, latest, counted, frozenset(signers))


class Shelf(msgspec.Struct, frozen=True, dict=True):
    """An ecosystem's packages in the order in which they came, and their lines in each of its texts.

    `entries` can be read over and over. `open_text` yields the bytes of one text in chunks of any size, all
    entries' lines one after the other. `counted` returns what `stock` says, where that is known already.
    """

    entries: Iterable[SiteEntry]
    texts: tuple[str, ...]
    open_text: Callable[[str], Iterable[bytes]]
    counted: Callable[[], Stock] | None = None

    @cached_property
    def stock(self) -> Stock:
        """What there is, counted once."""
        return self.counted() if self.counted else stock(self.entries)

    @property
    def offered(self) -> Iterator[SiteEntry]:
        """The packages that are not withdrawn."""
        return (entry for entry in self.entries if not entry.withdrawn)

    def find(self, name: str, version: str) -> SiteEntry | None:
        """Return the package of that name and version, None where there is none."""
        if name not in self.stock.names:
            return None
        same = (one for one in self.entries if (one.name, one.version) == (name, version))
        return next(same, None)

    def lines(self, text: str, wanted: Callable[[SiteEntry], bool] | None = None) -> Iterator[bytes]:
        """Yield, in chunks, the lines of a text that belong to `wanted` entries (None: to those offered).

        Neighbours are joined, and no more than some 64 KiB are held at once.
        """
        if wanted is None and not self.stock.withdrawn:
            return iter(self.open_text(text))
        index = self.texts.index(text)
        taken = wanted or _is_offered
        parts = ((entry.lengths[index], taken(entry)) for entry in self.entries)
        return _cut(self.open_text(text), _runs(parts))

    def each(
        self, text: str, wanted: Callable[[SiteEntry], bool] = lambda _: True
    ) -> Iterator[tuple[SiteEntry, bytes]]:
        """Yield each entry that is `wanted`, with its lines in a text."""
        index = self.texts.index(text)
        reader = _Reader(self.open_text(text))
        for entry in self.entries:
            data = reader.take(entry.lengths[index])
            if wanted(entry):
                yield entry, data


class Again:
    """Entries that are made anew each time that they are asked for."""

    def __init__(self, made: Callable[[], Iterator[SiteEntry]]) -> None:
        self._made = made

    def __iter__(self) -> Iterator[SiteEntry]:
        return self._made()


def kept(
    listed: Mapping[str, Listed],
    texts: tuple[str, ...],
    read: Callable[[Listed], Iterable[bytes]],
    *,
    counted: Stock | None = None,
) -> Shelf:
    """Return the shelf whose texts are these files, of which `read` yields the content.

    `texts` are in the ecosystem's order, which lengths have too; `counted` is what there is, where known.
    Raises SiteError where a text is not there; and what is read does, for packages that no site has.
    """
    if lacking := sorted({ENTRIES, *texts} - listed.keys()):
        raise SiteError(f"the site's state: has packages without their {lacking[0]}", hint=RESTORE)
    if strange := next((one.path for one in listed.values() if not listing.holds(one.path)), ""):
        raise SiteError(f"the site's state: names {visible(strange)}, which is no file of a site's")
    file = listed[ENTRIES]
    entries = Again(lambda: parsed(read(file), file.path))

    def count() -> Stock:
        return counted or stock(_fitting(parsed(read(file), file.path, strictly=True), listed, texts))

    return Shelf(entries, texts, lambda text: read(listed[text]), count)


def _fitting(
    entries: Iterable[SiteEntry], listed: Mapping[str, Listed], texts: tuple[str, ...]
) -> Iterator[SiteEntry]:
    """Yield packages; raise SiteError if their lines are not just what the texts hold."""
    totals = [0] * len(texts)
    for one in entries:
        totals = list(map(operator.add, totals, one.lengths))
        yield one
    if totals != [listed[text].size for text in texts]:
        where = listed[ENTRIES].path
        raise SiteError(f"{where}: has other packages than the lines that are kept", hint=RESTORE)


EMPTY = Shelf((), (), lambda _: ())


def newest(shelf: Shelf, usual: str = "", wanted: Callable[[str], bool] = lambda _: True) -> str:
    """Return the name under which a shelf offers its newest release, empty where it offers none.

    It is the `usual` one where the release has that, whatever else targets of the owner's own bring; only
    names that are `wanted` count.
    """
    # Not by their order: what is signed anew comes last.
    lead, known = shelf.stock.lead, shelf.stock.names.get(usual)
    if lead and known and known.newest and known.newest.release == lead.release:
        return usual
    if lead is None or wanted(lead.name):
        return lead.name if lead else ""
    others = (one for name, one in shelf.stock.names.items() if wanted(name) and one.released)
    offered = [one.newest for one in others if one.newest]
    return max(offered, key=rank).name if offered else ""


def _is_offered(entry: SiteEntry) -> bool:
    return not entry.withdrawn


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
