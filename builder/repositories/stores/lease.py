"""The turn in a bucket: a small object that one publisher at a time swaps for its own, with a counter in it.

S3's name for an object's version is its content's MD5, so the counter rises with each swap: the same lease
never lies there twice. A publisher that is gone leaves a lease that ends; who waits for it trusts no clock of
another machine, and takes it over only when it has not changed for as long as it counts.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Protocol

import msgspec
from msgspec.structs import replace

from builder.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator

LEASE = "trustpack/lease.json"
SECONDS = 120.0
_PATIENCE = 900.0  # seconds in which others may finish
_LOOK_AGAIN = 1.0  # seconds
_PARTS = 4  # of a lease: after one it is renewed, so that no request that is under way outlives it
_NOBODY = ""


class Clock(Protocol):
    """What tells how much time has passed, in seconds from any start, and lets it pass."""

    def monotonic(self) -> float:
        """Return the seconds since some start."""
        ...

    def sleep(self, seconds: float, /) -> None:
        """Let time pass."""
        ...


class Lease(msgspec.Struct, frozen=True):
    """Who may write; `holder` is empty where nobody does, and `counter` rises with each change."""

    counter: int
    holder: str
    seconds: float


class Versioned(msgspec.Struct, frozen=True):
    """A lease as it lies in a bucket, and the store's names for this version of it."""

    lease: Lease
    e_tag: str | None
    version: str | None


class LeaseStore(Protocol):
    """A store that swaps a lease only if nobody else has meanwhile."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    def lease(self, path: str) -> Versioned | None:
        """Return the lease, None where there is none."""
        ...

    def swap(self, path: str, lease: Lease, over: Versioned | None) -> Versioned | None:
        """Write a lease over another one, or where there is none; None where it is not that any more."""
        ...


class LeaseTurn:
    """A lease that is held."""

    def __init__(self, store: LeaseStore, lease: Versioned, clock: Clock) -> None:
        self._store = store
        self._lease = lease
        self._clock = clock
        self._since = clock.monotonic()

    def keep(self) -> None:
        """Renew it if a quarter of it is over."""
        if self._clock.monotonic() - self._since > self._lease.lease.seconds / _PARTS:
            self.renew()

    def renew(self) -> None:
        """Swap it for one that counts from now; raise OutputError where somebody has taken it over."""
        asked = self._clock.monotonic()
        new = replace(self._lease.lease, counter=self._lease.lease.counter + 1)
        swapped = _swapped(self._store, new, self._lease)
        if swapped is None:
            raise OutputError(
                f"{self._store.name}: another publisher has taken over, as this one seemed to be gone",
                hint="run it again: it goes on where that one ends",
            )
        self._lease, self._since = swapped, asked

    def give_back(self) -> None:
        """Let the next one have it at once."""
        free = Lease(self._lease.lease.counter + 1, _NOBODY, 0)
        self._store.swap(LEASE, free, self._lease)


@contextlib.contextmanager
def held(store: LeaseStore, *, holder: str, clock: Clock, seconds: float) -> Iterator[LeaseTurn]:
    """Take a store's lease and give it back at the end; wait for others before.

    Raises OutputError where they take too long, and where the store swaps what it should not.
    """
    turn = LeaseTurn(store, _taken(store, holder, clock, seconds), clock)
    try:
        yield turn
    except BaseException:
        with contextlib.suppress(OutputError):  # the first error is the one to tell
            turn.give_back()
        raise
    turn.give_back()


def _taken(store: LeaseStore, holder: str, clock: Clock, seconds: float) -> Versioned:
    end = clock.monotonic() + _PATIENCE
    watched, since = None, clock.monotonic()
    while True:
        found = store.lease(LEASE)
        now = clock.monotonic()
        if found != watched:
            watched, since = found, now
        if found is None or not found.lease.holder or now - since >= found.lease.seconds:
            _refuse_careless(store, found)
            new = Lease(found.lease.counter + 1 if found else 1, holder, seconds)
            if taken := _swapped(store, new, found):
                return taken
        elif now >= end:
            raise OutputError(f"{store.name}: somebody else is publishing to it", hint="wait for it to end")
        else:
            clock.sleep(_LOOK_AGAIN)


def _swapped(store: LeaseStore, new: Lease, over: Versioned | None) -> Versioned | None:
    """Swap a lease; an answer that was lost on its way lets the same request be refused the second time."""
    if done := store.swap(LEASE, new, over):
        return done
    found = store.lease(LEASE)
    return found if found and found.lease == new else None


def _refuse_careless(store: LeaseStore, found: Versioned | None) -> None:
    """Raise OutputError for a store that writes although what it is to replace is not what is named."""
    if found is None:
        return
    wrong = Versioned(found.lease, '"00000000000000000000000000000000"', found.version and "1")
    if store.swap(LEASE, found.lease, wrong) is not None:
        raise OutputError(
            f"{store.name}: writes whatever the condition, so that two publishers could not be kept apart",
            hint="use a store that knows If-Match: see 'trustpack docs publish-site'",
        )
