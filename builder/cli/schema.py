"""The JSON that commands print which no other room knows: `init`, `demo`, errors and messages."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from builder.text.schema import DocumentJson, Shape


class InitJson(DocumentJson, frozen=True):
    """The configuration that was written."""

    file: Annotated[str, Meta(description="Its path.")]
    organisation: Annotated[str, Meta(description="The organisation's slug.")]
    certificates: Annotated[int, Meta(description="How many CA certificates its bundle has.")]
    written: Annotated[list[str], Meta(description="The files that were written.")]


class DemoFileJson(Shape, frozen=True):
    """One artifact that was built."""

    target: str
    file: str


class DemoAnswerJson(Shape, frozen=True):
    """What the client did in one phase."""

    phase: Literal["before", "installed", "removed"]
    answer: Annotated[Literal["accepted", "refused"], Meta(description="What became of the HTTPS request.")]
    reason: Annotated[str, Meta(description="The HTTP status, or why it was refused.")]


class DemoJson(DocumentJson, frozen=True):
    """What the demonstration showed; where it is not as promised, the exit status is 9."""

    artifacts: list[DemoFileJson]
    answers: list[DemoAnswerJson]


class DemoStepJson(Shape, frozen=True):
    """One step of the whole way."""

    title: str
    commands: Annotated[list[str], Meta(description="What somebody types in it.")]
    milliseconds: Annotated[int, Meta(description="How long it took.")]


class DemoHandshakeJson(Shape, frozen=True):
    """What a client did with the server of one of the two CAs."""

    phase: Literal["before", "installed", "rotated", "withdrawn"]
    target: Annotated[str, Meta(description="The package that is installed there.")]
    client: Annotated[str, Meta(description="The program and its version.")]
    ca: Annotated[str, Meta(description="Whose certificate the server has.")]
    answer: Literal["accepted", "refused"]
    reason: Annotated[str, Meta(description="The client's last words.")]


class DemoReleaseJson(Shape, frozen=True):
    """A release of the site."""

    release: str
    withdrawn: bool


class DemoMissingJson(Shape, frozen=True):
    """A package that nothing installed."""

    target: str
    reason: Annotated[str, Meta(description="What is missing here.")]


class DemoWayJson(DocumentJson, frozen=True):
    """What the whole way showed; where it is not as promised, the exit status is 9."""

    url: Annotated[str, Meta(description="Where the site was served.")]
    site: Annotated[str, Meta(description="The folder that the site was kept in; empty: nothing was.")]
    releases: list[DemoReleaseJson]
    steps: list[DemoStepJson]
    answers: list[DemoHandshakeJson]
    not_shown: list[DemoMissingJson]


class FaultJson(Shape, frozen=True):
    """One of several faults that an error tells."""

    where: Annotated[str, Meta(description="A file, an option or a target; empty where it is not known.")]
    line: Annotated[int, Meta(description="Of the file, from 1; 0 stands for the whole.")]
    message: Annotated[str, Meta(description="What is wrong.")]
    hint: Annotated[str, Meta(description="What to do next; may be empty.")]


class ErrorDetailJson(FaultJson, frozen=True):
    """What is wrong, and what to do next."""

    exit_code: Annotated[int, Meta(description="The exit status: 'trustpack docs exit-codes' lists them.")]
    errors: Annotated[list[FaultJson], Meta(description="Each of several faults; empty where it is one.")]


class ErrorJson(DocumentJson, frozen=True):
    """Why a command failed: the last line of standard error, where JSON was asked for."""

    error: ErrorDetailJson


class MessageDetailJson(Shape, frozen=True):
    """One line for whoever watches."""

    level: Literal["progress", "note", "warning"]
    text: str


class MessageJson(DocumentJson, frozen=True):
    """What a command says beside its result: a line of standard error, where JSON was asked for."""

    message: MessageDetailJson
