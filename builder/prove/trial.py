"""A trial: one package in one clean place, and every client asked before, installed, upgraded and removed."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from builder.errors import TrustpackError
from builder.prove import http2
from builder.prove.server import listen
from builder.prove.verdict import Ran, Verdict, ask, ask_stranger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from builder.prove.authority import Leaf
    from builder.prove.server import Listener

PHASES = ("before", "installed", "upgraded", "removed")
_HELD = frozenset({"installed", "upgraded"})  # in which the package is there

_AT_ONCE = 4
_SHOWN = 5


class Status(StrEnum):
    """What a cell of the matrix is worth; only PROVEN counts as passed."""

    PROVEN = "proven"
    FAILED = "failed"
    STAND_IN = "stand-in"  # it passed, but part of the place is a double
    ABSENT = "absent"  # the client is not there


@dataclass(frozen=True, slots=True)
class Client:
    """A program that makes one HTTPS request: its command, where `{url}` stands for the server.

    `note` says what it needs beside the package, such as "with environment"; `version` is the program's own.
    It may be `http2_only`: not every server is one for it.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    version: str = ""
    http2_only: bool = False


class Ground(Protocol):
    """A clean place in which one target's package is installed by its own package manager.

    Every program in it starts with an empty environment. `stand_in` says which part of the place is a
    double, or is empty; `trust` is everything the place trusts, in any comparable form (a mapping's keys are
    named where they differ); `roots` are those that clients have by default at the moment, by the store that
    holds them; `absent` has a line "name: why" for each client that is not there.
    """

    @property
    def stand_in(self) -> str: ...
    def clients(self) -> Sequence[Client]: ...
    def absent(self) -> Sequence[str]: ...
    def run(self, client: Client, url: str) -> Ran: ...
    def install(self, package: Path) -> None: ...
    def upgrade(self, package: Path) -> None: ...
    def remove(self) -> None: ...
    def trust(self) -> object: ...
    def roots(self) -> Mapping[str, frozenset[str]]: ...


@dataclass(frozen=True, slots=True)
class Question:
    """One server, and in which phases its certificate is to be accepted; in all others it must be refused.

    The server is ours and has `leaf`, or somebody else's at `url`; it is asked about in the phases `asked`.
    """

    name: str
    leaf: Leaf | None = field(repr=False)
    accepted: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset(PHASES)
    url: str = ""


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
class Plan:
    """The packages of a trial: the first is installed, the second upgrades it where there is one."""

    target: str
    first: Path
    second: Path | None
    questions: tuple[Question, ...]

    @property
    def phases(self) -> tuple[str, ...]:
        """The phases in their order."""
        return tuple(phase for phase in PHASES if self.second or phase != "upgraded")


@dataclass(frozen=True, slots=True)
class _Diary:
    """What has been seen of one client so far."""

    client: Client
    steps: dict[str, dict[str, str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def run(
    plan: Plan,
    ground: Ground,
    only: frozenset[str] = frozenset(),
    *,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Cell]:
    """Run the trial and return a cell for each client (those in `only`, where given).

    A package that cannot be installed, upgraded or removed has failed every client.
    """
    clients = ground.clients()
    unserved = _unserved(clients, plan.questions)
    diaries = [
        _Diary(client)
        for client in clients
        if client.name not in unserved and (not only or client.name in only)
    ]
    said = _trial(plan, ground, diaries, progress)
    for diary in diaries:
        diary.faults.extend(said)
    missing = [line.partition(": ") for line in (*ground.absent(), *unserved.values())]
    absent = [
        Cell(plan.target, name, "", Status.ABSENT, {}, reason=why or "it is not installed")
        for name, _, why in missing
        if not only or name in only
    ]
    return [_cell(plan.target, ground.stand_in, diary) for diary in diaries] + absent


def _unserved(clients: Sequence[Client], questions: Sequence[Question]) -> dict[str, str]:
    """Return a line for each client whose protocol somebody else's server does not speak."""
    needy = [client.name for client in clients if client.http2_only]
    if not needy or all(http2.spoken(question.url) for question in questions if question.url):
        return {}
    return {name: f"{name}: the server does not speak HTTP/2" for name in needy}


def _trial(
    plan: Plan, ground: Ground, diaries: Sequence[_Diary], progress: Callable[[str], None]
) -> list[str]:
    """Go through the phases; return what is wrong for every client alike."""
    before, standing = ground.trust(), ground.roots()
    lost: list[str] = []
    with _listening(plan.questions) as listeners, ThreadPoolExecutor(_AT_ONCE) as pool:
        for phase in plan.phases:
            progress(f"{plan.target}: {phase}")
            try:
                _enter(phase, plan, ground)
            except TrustpackError as error:
                return [*lost, f"{phase}: {error}"]
            if phase in _HELD:
                lost += [f"{phase}: {text}" for text in _lost(standing, ground.roots())]
            questions = [question for question in plan.questions if phase in question.asked]
            # One client after the other: what a server sees in the meantime is that client's doing.
            for diary in diaries:
                answers = pool.map(lambda q, c=diary.client: _answer(ground, c, q, listeners), questions)
                _note(diary, phase, dict(zip(questions, answers, strict=True)))
    changed = _changes(before, ground.trust())
    said = [f"removed: what the place trusts is not what it trusted before{changed}"] if changed else []
    return lost + said


def _lost(before: Mapping[str, frozenset[str]], now: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """Say which roots of others a package has taken away: it may only add to them."""
    for store, roots in before.items():
        if missing := roots - now.get(store, frozenset()):
            yield f"{len(missing)} of {len(roots)} roots that the place trusted are gone from {store}"


def _note(diary: _Diary, phase: str, answers: Mapping[Question, tuple[Verdict, str]]) -> None:
    diary.steps[phase] = {question.name: verdict for question, (verdict, _) in answers.items()}
    for question, (verdict, words) in answers.items():
        expected = Verdict.ACCEPTED if phase in question.accepted else Verdict.REFUSED
        if verdict is not expected:
            diary.faults.append(f"{phase}, {question.name}: {verdict}, not {expected}: {words}")


def _cell(target: str, stand_in: str, diary: _Diary) -> Cell:
    passed = Status.STAND_IN if stand_in else Status.PROVEN
    return Cell(
        target=target,
        client=diary.client.name,
        note=diary.client.note,
        status=Status.FAILED if diary.faults else passed,
        steps=diary.steps,
        faults=tuple(diary.faults),
        stand_in=stand_in,
        version=diary.client.version,
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
    ground: Ground, client: Client, question: Question, listeners: Mapping[str, Listener]
) -> tuple[Verdict, str]:
    if question.url:
        return ask_stranger(ground, client, question.url)
    return ask(ground, client, listeners[question.name])


def _enter(phase: str, plan: Plan, ground: Ground) -> None:
    match phase:
        case "installed":
            ground.install(plan.first)
        case "upgraded" if plan.second is not None:
            ground.upgrade(plan.second)
        case "removed":
            ground.remove()


@contextlib.contextmanager
def _listening(questions: Sequence[Question]) -> Iterator[dict[str, Listener]]:
    with contextlib.ExitStack() as stack:
        yield {
            question.name: stack.enter_context(listen(question.leaf))
            for question in questions
            if question.leaf
        }
