"""The JSON that `diff --json` prints."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from builder.lint.schema import Domains  # noqa: TC001  msgspec reads annotations at run time
from builder.text.schema import DocumentJson, Moment, Sha256, Shape, Subject


class DescribedJson(Shape, frozen=True):
    """One of the two inputs."""

    name: str
    kind: Annotated[
        str, Meta(description="bundle, lock, release, list, a package's format, or opaque: unknown.")
    ]
    organisation: Annotated[str, Meta(description="Empty where it is not known.")]
    release: Annotated[str, Meta(description="Empty where it is not known.")]


class ComparedJson(Shape, frozen=True):
    """One CA."""

    sha256: Sha256
    subject: Subject
    not_after: Moment
    state: Annotated[str, Meta(description="Empty where it is not known.")]
    domains: Domains


class ChangedStateJson(ComparedJson, frozen=True):
    """One CA whose state or domains are others."""

    state_before: str
    domains_before: Domains


class ChangesJson(Shape, frozen=True):
    """CAs, by what became of them."""

    added: list[ComparedJson]
    removed: list[ComparedJson]
    kept: list[ComparedJson]
    distrusted: list[ComparedJson]
    undistrusted: Annotated[list[ComparedJson], Meta(description="Those that are no longer distrusted.")]
    states: list[ChangedStateJson]


class NamesJson(Shape, frozen=True):
    """Names of files, scripts, fields, artifacts or approvers, by what became of them."""

    added: list[str]
    removed: list[str]
    changed: list[str]


class DiffJson(DocumentJson, frozen=True):
    """How two inputs differ."""

    same: Annotated[bool, Meta(description="Whether nothing differs.")]
    old: DescribedJson
    new: DescribedJson
    certificates: ChangesJson
    parts: Annotated[
        dict[str, NamesJson],
        Meta(
            description="By kind: file, script, field, artifact, content, unreadable; of locks approver, "
            "approvals, signature. Only differences."
        ),
    ]
