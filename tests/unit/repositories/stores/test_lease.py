"""Turns in a bucket: one at a time, whoever is killed, whatever two clocks say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builder.errors import OutputError
from builder.repositories.stores.lease import Lease, LeaseTurn, Versioned, held

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager


class _Clock:
    """A clock that goes on only when somebody sleeps, and then lets others act."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.meanwhile: Callable[[], None] = lambda: None

    def monotonic(self) -> float:
        """Return its time."""
        return self.now

    def sleep(self, seconds: float, /) -> None:
        """Go on."""
        self.now += seconds
        self.meanwhile()


class _Leases:
    """A store's lease, with an ETag of its content as S3 has it."""

    name = "s3://site"

    def __init__(self) -> None:
        self.found: Versioned | None = None
        self.careless = False
        self.loses_answers = False

    def lease(self, _path: str) -> Versioned | None:
        """Return it."""
        return self.found

    def swap(self, _path: str, lease: Lease, over: Versioned | None) -> Versioned | None:
        """Swap it if its ETag is still that of `over`."""
        if not self.careless and (over and over.e_tag) != (self.found and self.found.e_tag):
            return None
        self.found = Versioned(lease, f'"{lease}"', None)
        return None if self.loses_answers else self.found


def _held(store: _Leases, clock: _Clock, holder: str = "me") -> AbstractContextManager[LeaseTurn]:
    return held(store, holder=holder, clock=clock, seconds=120)


def test_a_dead_publishers_lease_ends() -> None:
    """A lease that nobody renews is taken over after its time, by the clock of who waits."""
    store, clock = _Leases(), _Clock()
    store.found = Versioned(Lease(7, "dead", 120.0), '"7"', None)
    with _held(store, clock):
        assert Lease(8, "me", 120.0) == store.found.lease
    assert (120, Lease(9, "", 0)) == (clock.now - 1000, store.found.lease)


def test_a_live_publisher_is_waited_for() -> None:
    """A lease that is renewed is never taken over, and an error tells after a quarter of an hour."""
    store, clock = _Leases(), _Clock()
    store.found = Versioned(Lease(1, "other", 120.0), '"1"', None)

    def renew() -> None:
        if clock.now % 50 == 0:
            count = store.found.lease.counter + 1 if store.found else 0
            store.found = Versioned(Lease(count, "other", 120.0), f'"{count}"', None)

    clock.meanwhile = renew
    with pytest.raises(OutputError, match="somebody else is publishing"), _held(store, clock):
        pass
    assert "other" == store.found.lease.holder


def test_lost_lease() -> None:
    """Who was taken for dead is told when it renews, and does not give back what is another's."""
    store, clock = _Leases(), _Clock()

    def fall_asleep() -> None:
        with _held(store, clock) as turn:
            clock.now += 31
            with _held(store, clock, "other"):
                turn.keep()

    with pytest.raises(OutputError, match="another publisher has taken over"):
        fall_asleep()
    assert store.found is not None
    assert Lease(3, "", 0) == store.found.lease


def test_renewed_when_a_quarter_is_over() -> None:
    """A lease that is fresh is kept as it is."""
    store, clock = _Leases(), _Clock()
    with _held(store, clock) as turn:
        for wait, counter in ((29, 1), (2, 2), (29, 2), (2, 3)):
            clock.now += wait
            turn.keep()
            assert store.found is not None
            assert counter == store.found.lease.counter


def test_same_content_never_returns() -> None:
    """A lease that was read before two publications is not swapped after them, held or not (ABA)."""
    store, clock = _Leases(), _Clock()
    with _held(store, clock, "a"):
        pass
    before = store.found
    for name in ("b", "a"):
        with _held(store, clock, name):
            pass
    assert before is not None
    assert store.swap("", Lease(before.lease.counter + 1, "late", 120.0), before) is None


def test_lost_answer() -> None:
    """A swap whose answer was lost on its way is recognised as ours."""
    store, clock = _Leases(), _Clock()
    store.loses_answers = True
    with _held(store, clock) as turn:
        turn.renew()
        assert isinstance(turn, LeaseTurn)
    assert store.found is not None
    assert 3 == store.found.lease.counter


def test_careless_store() -> None:
    """A store that writes whatever the condition is refused, once there is something to try it with."""
    store, clock = _Leases(), _Clock()
    store.careless = True
    with _held(store, clock):
        pass
    with pytest.raises(OutputError, match="writes whatever the condition"), _held(store, clock):
        pass
