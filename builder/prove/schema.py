"""The JSON of proof.json, which `prove --json` prints."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from builder.text.schema import DocumentJson, Moment, Sha256, Shape

_Phase = Literal["before", "installed", "pinned", "upgraded", "removed"]


class ProvenFileJson(Shape, frozen=True):
    """One artifact of the release that was proven."""

    target: str
    file: str
    sha256: Sha256


class QuestionJson(Shape, frozen=True):
    """One server that clients were asked about."""

    name: str
    asked: Annotated[list[_Phase], Meta(description="The phases in which it was asked about.")]
    accepted: Annotated[
        list[_Phase], Meta(description="Those in which it must be accepted; in others, refused.")
    ]


class CellJson(Shape, frozen=True):
    """One client in one target's testbed."""

    target: str
    client: str
    version: str
    note: Annotated[str, Meta(description="What the client needs to use the package.")]
    status: Literal["proven", "failed", "stand-in", "absent"]
    reason: Annotated[str, Meta(description="Why it is absent.")]
    stand_in: Annotated[str, Meta(description="What part of the testbed is a double; empty where none is.")]
    faults: Annotated[list[str], Meta(description="What was not as promised.")]
    steps: Annotated[
        dict[str, dict[str, str]], Meta(description="By phase and question, what the client did.")
    ]


class ProofJson(DocumentJson, frozen=True):
    """What was proven, and how."""

    kind: Annotated[str, Meta(description="recipe proof, or proof of the real bundle.")]
    holds: Annotated[bool, Meta(description="Whether something was proven and nothing failed.")]
    organisation: str
    release: str
    site: Annotated[
        str, Meta(description="The site that packages were installed from by name; empty for files.")
    ]
    when: Moment
    trustpack: Annotated[str, Meta(description="The version of trustpack.")]
    artifacts: list[ProvenFileJson]
    questions: list[QuestionJson]
    notes: Annotated[list[str], Meta(description="What could not be asked.")]
    cells: list[CellJson]
