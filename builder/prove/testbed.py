"""A testbed: where one package is installed by its own package manager, and its clients."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Ran:
    """How a program ended: its exit status and its last words."""

    code: int
    output: str


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


class Testbed(Protocol):
    """A clean machine, or part of one, in which one target's package is installed by its own package manager.

    Every program in it starts with an empty environment. `stand_in` says which part of the testbed is a
    double, or is empty; `trust` is everything it trusts, in any comparable form (a mapping's keys are
    named where they differ); `roots` are those that clients have by default at the moment, by the store that
    holds them; `absent` has a line "name: why" for each client that is not there.

    `manager` is the id of the instructions that are typed in it to install by name from a site (empty: none).
    `type_in` runs them as somebody who may administer it types them, and raises ProofError where they fail;
    afterwards the package is `there` or not. Before the first, `know_nothing` makes it ask no other site.
    """

    @property
    def stand_in(self) -> str: ...
    def clients(self) -> Sequence[Client]: ...
    def absent(self) -> Sequence[str]: ...
    def run(self, client: Client, url: str) -> Ran: ...
    def install(self, package: Path) -> None: ...
    def upgrade(self, package: Path) -> None: ...
    def remove(self) -> None: ...
    @property
    def manager(self) -> str: ...
    def know_nothing(self) -> None: ...
    def type_in(self, lines: str, *, there: bool) -> None: ...
    def trust(self) -> object: ...
    def roots(self) -> Mapping[str, frozenset[str]]: ...
