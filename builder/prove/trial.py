"""A trial: one package in one clean place, and every client asked before, installed, upgraded and removed."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from builder.prove.server import listen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from builder.prove.authority import Leaf
    from builder.prove.server import Listener

HOST = "localhost"


class Verdict(StrEnum):
    """What a client did with a server's certificate."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    BROKEN = "broken"  # it never got as far as judging: not installed right, no connection, a crash


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
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a program ended: its exit status and its last words."""

    code: int
    output: str


class Ground(Protocol):
    """A clean place in which one target's package is installed by its own package manager.

    Every program in it starts with an empty environment. `stand_in` says which part of the place is a
    double, or is empty; `trust` is everything the place trusts, in any comparable form (a mapping's keys are
    named where they differ); `absent` has a line "name: why" for each client that is not there.
    """

    stand_in: str

    def clients(self) -> Sequence[Client]: ...
    def absent(self) -> Sequence[str]: ...
    def run(self, client: Client, url: str) -> Ran: ...
    def install(self, package: Path) -> None: ...
    def upgrade(self, package: Path) -> None: ...
    def remove(self) -> None: ...
    def trust(self) -> object: ...


@dataclass(frozen=True, slots=True)
class Question:
    """One server, and in which phases its certificate is to be accepted; in all others it must be refused."""

    name: str
    leaf: Leaf = field(repr=False)
    accepted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Cell:
    """One client's results: by phase, by question, what it did; `faults` says what was not as promised."""

    target: str
    client: str
    note: str
    status: Status
    steps: Mapping[str, Mapping[str, str]]
    faults: tuple[str, ...] = ()
    stand_in: str = ""


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
        upgraded = ("upgraded",) if self.second else ()
        return ("before", "installed", *upgraded, "removed")


def run(plan: Plan, ground: Ground, only: frozenset[str] = frozenset()) -> list[Cell]:
    """Run the trial and return a cell for each client (those in `only`, where given)."""
    clients = [client for client in ground.clients() if not only or client.name in only]
    answers: dict[str, dict[str, dict[str, str]]] = {client.name: {} for client in clients}
    details: dict[str, list[str]] = {client.name: [] for client in clients}
    before = ground.trust()
    with _listening(plan.questions) as listeners:
        for phase in plan.phases:
            _enter(phase, plan, ground)
            for client in clients:
                answers[client.name][phase] = {}
                for question in plan.questions:
                    verdict, words = ask(ground, client, listeners[question.name])
                    answers[client.name][phase][question.name] = verdict
                    expected = Verdict.ACCEPTED if phase in question.accepted else Verdict.REFUSED
                    if verdict is not expected:
                        details[client.name].append(
                            f"{phase}, {question.name}: {verdict}, not {expected}: {words}"
                        )
    if ground.trust() != before:
        for faults in details.values():
            faults.append("removed: what the place trusts is not what it trusted before")
    passed = Status.STAND_IN if ground.stand_in else Status.PROVEN
    cells = [
        Cell(
            target=plan.target,
            client=client.name,
            note=client.note,
            status=Status.FAILED if details[client.name] else passed,
            steps=answers[client.name],
            faults=tuple(details[client.name]),
            stand_in=ground.stand_in,
        )
        for client in clients
    ]
    missing = [name for name in ground.absent() if not only or name in only]
    return cells + [Cell(plan.target, name, "", Status.ABSENT, {}) for name in missing]


def ask(ground: Ground, client: Client, listener: Listener) -> tuple[Verdict, str]:
    """Let a client make one request and judge by both ends: its exit status and what the server saw.

    A client that fails without ever reaching the server has refused nothing.
    """
    seen = listener.seen()
    ran = ground.run(client, f"https://{HOST}:{listener.port}/")
    now = listener.seen()
    words = ran.output.strip().splitlines()[-1:] or [f"exit status {ran.code}"]
    served = now.requests > seen.requests
    if ran.code == 0 and served:
        return Verdict.ACCEPTED, words[0]
    if ran.code != 0 and not served and now.connections > seen.connections:
        return Verdict.REFUSED, words[0]
    return Verdict.BROKEN, words[0]


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
        yield {question.name: stack.enter_context(listen(question.leaf)) for question in questions}
