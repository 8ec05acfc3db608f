"""A trial: one package in one testbed, and every client asked before, installed, upgraded and removed."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from builder.errors import TrustpackError
from builder.prove import by_name, http2
from builder.prove.handshake import HandshakeResult, ask, ask_client_only
from builder.prove.server import listen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from builder.prove.authority import Leaf
    from builder.prove.offer import Offer
    from builder.prove.server import Listener
    from builder.prove.testbed import Client, Testbed

PHASES = ("before", "installed", "pinned", "upgraded", "removed")
_HELD = frozenset({"installed", "pinned", "upgraded"})  # in which the package is there

_AT_ONCE = 4
_SHOWN = 5


class Status(StrEnum):
    """What a cell of the matrix is worth; only PROVEN counts as passed."""

    PROVEN = "proven"
    FAILED = "failed"
    STAND_IN = "stand-in"  # it passed, but part of the testbed is a double
    ABSENT = "absent"  # the client is not there


@dataclass(frozen=True, slots=True)
class Question:
    """One server, and in which phases its certificate is to be accepted; in all others it must be refused.

    The server is ours and has `leaf`, or somebody else's at `url`; it is asked about in the phases `asked`,
    and where it is `limited`, only on targets that keep to CAs' domains.
    """

    name: str
    leaf: Leaf | None = field(repr=False)
    accepted: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset(PHASES)
    url: str = ""
    limited: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """One client's results: by phase, by question, what it did; `faults` says what was not as promised.

    `reason` says why a client, or with the name EVERY a whole target, is absent.
    """

    target: str
    client: str
    note: str
    status: Status
    steps: Mapping[str, Mapping[str, str]]
    faults: tuple[str, ...] = ()
    stand_in: str = ""
    version: str = ""
    reason: str = ""


EVERY = "*"


@dataclass(frozen=True, slots=True)
class TrialSetup:
    """The packages of a trial: the first is installed, the second upgrades it where there is one.

    With an `offer`, a site's is installed by name instead, then the older one, which is upgraded.
    """

    target: str
    first: Path
    second: Path | None
    questions: tuple[Question, ...]
    offer: Offer | None = None

    def phases(self, manager: str) -> tuple[str, ...]:
        """Return the phases in their order, for a testbed's package manager."""
        if self.offer:
            left_out = frozenset() if self.offer.pinned(manager) else frozenset({"pinned", "upgraded"})
        else:
            left_out = frozenset({"pinned"} if self.second else {"pinned", "upgraded"})
        return tuple(phase for phase in PHASES if phase not in left_out)


@dataclass(frozen=True, slots=True)
class _Record:
    """What has been seen of one client so far."""

    client: Client
    steps: dict[str, dict[str, str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def run(
    setup: TrialSetup,
    testbed: Testbed,
    only: frozenset[str] = frozenset(),
    *,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Cell]:
    """Run the trial and return a cell for each client (those in `only`, where given).

    A package that cannot be installed, upgraded or removed has failed every client.
    """
    clients = testbed.clients()
    unserved = _unserved(clients, setup.questions)
    records = [
        _Record(client)
        for client in clients
        if client.name not in unserved and (not only or client.name in only)
    ]
    said = _trial(setup, testbed, records, progress)
    for record in records:
        record.faults.extend(said)
    missing = [line.partition(": ") for line in (*testbed.absent(), *unserved.values())]
    absent = [
        Cell(setup.target, name, "", Status.ABSENT, {}, reason=why or "it is not installed")
        for name, _, why in missing
        if not only or name in only
    ]
    return [_cell(setup.target, testbed.stand_in, record) for record in records] + absent


def _unserved(clients: Sequence[Client], questions: Sequence[Question]) -> dict[str, str]:
    """Return a line for each client whose protocol somebody else's server does not speak."""
    needy = [client.name for client in clients if client.http2_only]
    if not needy or all(http2.spoken(question.url) for question in questions if question.url):
        return {}
    return {name: f"{name}: the server does not speak HTTP/2" for name in needy}


def _trial(
    setup: TrialSetup, testbed: Testbed, records: Sequence[_Record], progress: Callable[[str], None]
) -> list[str]:
    """Go through the phases; return what is wrong for every client alike."""
    before, standing = testbed.trust(), testbed.roots()
    lost: list[str] = []
    with _listening(setup.questions) as listeners, ThreadPoolExecutor(_AT_ONCE) as pool:
        for phase in setup.phases(testbed.manager):
            progress(f"{setup.target}: {phase}")
            try:
                _enter(phase, setup, testbed)
            except TrustpackError as error:
                return [*lost, f"{phase}: {error}"]
            if phase in _HELD:
                lost += [f"{phase}: {text}" for text in _lost(standing, testbed.roots())]
            questions = [question for question in setup.questions if phase in question.asked]
            # One client after the other: what a server sees in the meantime is that client's doing.
            for record in records:
                answers = pool.map(lambda q, c=record.client: _answer(testbed, c, q, listeners), questions)
                _note(record, phase, dict(zip(questions, answers, strict=True)))
    changed = _changes(before, testbed.trust())
    said = [f"removed: what the testbed trusts is not what it trusted before{changed}"] if changed else []
    return lost + said


def _lost(before: Mapping[str, frozenset[str]], now: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """Say which roots of others a package has taken away: it may only add to them."""
    for store, roots in before.items():
        if missing := roots - now.get(store, frozenset()):
            yield f"{len(missing)} of {len(roots)} roots that the testbed trusted are gone from {store}"


def _note(record: _Record, phase: str, answers: Mapping[Question, tuple[HandshakeResult, str]]) -> None:
    record.steps[phase] = {question.name: verdict for question, (verdict, _) in answers.items()}
    for question, (verdict, words) in answers.items():
        expected = HandshakeResult.ACCEPTED if phase in question.accepted else HandshakeResult.REFUSED
        if verdict is not expected:
            record.faults.append(f"{phase}, {question.name}: {verdict}, not {expected}: {words}")


def _cell(target: str, stand_in: str, record: _Record) -> Cell:
    passed = Status.STAND_IN if stand_in else Status.PROVEN
    return Cell(
        target=target,
        client=record.client.name,
        note=record.client.note,
        status=Status.FAILED if record.faults else passed,
        steps=record.steps,
        faults=tuple(record.faults),
        stand_in=stand_in,
        version=record.client.version,
    )


def _changes(before: object, after: object) -> str:
    """Return what differs, for a message; nothing where both are equal."""
    if before == after:
        return ""
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return ": it differs"
    every = sorted(map(str, before.keys() | after.keys()))
    keys = [key for key in every if key not in before or key not in after or before[key] != after[key]]
    more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
    return f": {', '.join(keys[:_SHOWN])}{more}"


def _answer(
    testbed: Testbed, client: Client, question: Question, listeners: Mapping[str, Listener]
) -> tuple[HandshakeResult, str]:
    if question.url:
        return ask_client_only(testbed, client, question.url)
    return ask(testbed, client, listeners[question.name])


def _enter(phase: str, setup: TrialSetup, testbed: Testbed) -> None:
    if setup.offer:
        by_name.enter(phase, setup.offer, testbed)
        return
    match phase:
        case "installed":
            testbed.install(setup.first)
        case "upgraded" if setup.second is not None:
            testbed.upgrade(setup.second)
        case "removed":
            testbed.remove()


@contextlib.contextmanager
def _listening(questions: Sequence[Question]) -> Iterator[dict[str, Listener]]:
    with contextlib.ExitStack() as stack:
        yield {
            question.name: stack.enter_context(listen(question.leaf))
            for question in questions
            if question.leaf
        }
