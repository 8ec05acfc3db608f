"""What the steps of `trustpack demo --ci` share: how commands are typed, and what has been seen so far."""

from __future__ import annotations

import contextlib
import os
import shlex
import site
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.errors import OutputError, ProofError, ToolError, TrustpackError
from builder.prove.handshake import HandshakeResult
from builder.prove.probes import start

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from builder.cli.demo_clients import Answers, Visitor
    from builder.cli.demo_display import Display

PROJECT = "demo"
ACCEPTED, REFUSED = HandshakeResult.ACCEPTED, HandshakeResult.REFUSED


@dataclass(frozen=True, slots=True)
class Walk:
    """The way so far: `steps` with what was typed in them, and what clients have answered."""

    folder: Path
    display: Display
    titles: Sequence[str]
    steps: list[dict[str, Any]] = field(default_factory=list)
    answers: list[dict[str, str]] = field(default_factory=list)

    @property
    def project(self) -> Path:
        """The folder that the commands run in."""
        return self.folder / PROJECT

    @contextlib.contextmanager
    def step(self) -> Iterator[None]:
        """Begin the next step; what fails in it is a ProofError that names it, unless a tool is missing."""
        number, began = len(self.steps) + 1, time.monotonic()
        title = self.titles[number - 1]
        self.steps.append({"title": title, "commands": [], "milliseconds": 0})
        self.display.begin(number, len(self.titles), title)
        try:
            yield
        except (ToolError, OutputError):
            raise
        except TrustpackError as error:
            raise ProofError(f"demo, step {number} ({title}): {error}", hint=error.hint) from error
        self.steps[-1]["milliseconds"] = round((time.monotonic() - began) * 1000)

    def say(self, *lines: str) -> None:
        """Tell what came of the step."""
        for line in lines:
            self.display.said(line)

    def typed(self, line: str) -> None:
        """Tell what somebody types."""
        self.steps[-1]["commands"].append(line)
        self.display.typed(line)

    def trustpack(self, line: str) -> list[str]:
        """Run a command of ours as it is typed; return the lines it prints; raise ProofError if it fails."""
        self.typed(f"trustpack {line}")
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
        # By PYTHONUSERBASE: a user's own packages are looked for in their home, which is another one here.
        environment = {"PATH": path, "TMPDIR": str(self.folder), "PYTHONUSERBASE": site.getuserbase()}
        command = [sys.executable, "-P", "-m", "builder", *shlex.split(line)]
        done = start(command, folder=self.project, environment=environment)
        if done.returncode != 0:
            raise ProofError(f"trustpack {line}: ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout.strip().splitlines()

    def hear(
        self, phase: str, visitor: Visitor, answers: Answers, expected: Mapping[str, HandshakeResult]
    ) -> None:
        """Tell a client's answers; raise ProofError for another than expected."""
        for ca, (answer, words) in answers.items():
            said = {"phase": phase, "target": visitor.target, "client": visitor.title, "ca": ca}
            self.answers.append({**said, "answer": str(answer), "reason": words})
            self.say(f"{visitor.target}: {visitor.title} {answer} the server of {ca}")
            if answer is not expected[ca]:
                raise ProofError(
                    f"{visitor.target}: {visitor.title} was to have {expected[ca]} that, and said: {words}"
                )
