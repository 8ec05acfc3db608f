"""The JSON that `lint` and `explain` print."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from builder.model.recipe import Keeping  # noqa: TC001  msgspec reads annotations at run time
from builder.text.schema import DocumentJson, Moment, Sha256, Shape, Subject

Domains = Annotated[list[str], Meta(description="The names that it is meant for; none stands for all.")]


class VerdictJson(Shape, frozen=True):
    """What one runtime of --for makes of servers under a root."""

    outcome: Literal["accepts", "refuses", "within constraints", "not measured"]
    because: Annotated[list[str], Meta(description="The rules and properties that are to blame.")]
    builds: Annotated[
        list[str], Meta(description="Who refuses, where other measured builds of the runtime accept.")
    ] = msgspec.field(default_factory=list)


class LintedJson(Shape, frozen=True):
    """One certificate that the packages would hold."""

    label: Annotated[str, Meta(description="A short name for people.")]
    subject: Subject
    issuer: str
    sha256: Sha256
    spki_sha256: Annotated[Sha256, Meta(description="The SHA-256 of its public key.")]
    file: Annotated[str, Meta(description="Where it was read, as the input was named.")]
    line: Annotated[int, Meta(description="From 1; 0 stands for the whole file.")]
    not_before: Moment
    not_after: Moment
    key: Annotated[str, Meta(description="The kind and size of the key.")]
    runtimes: Annotated[dict[str, VerdictJson], Meta(description="By runtime, as --for names them.")]


class FindingJson(Shape, frozen=True):
    """One thing that is wrong, or worth knowing."""

    rule: str
    severity: Literal["error", "warning", "note"]
    file: str
    line: Annotated[int, Meta(description="From 1; 0 stands for the whole file.")]
    fingerprint: Annotated[
        str, Meta(description="The certificate's SHA-256; empty where it is about a file.")
    ]
    message: str
    why: Annotated[str, Meta(description="Why the rule matters.")]
    todo: Annotated[str, Meta(description="What to do about it.")]


class KnownRootsJson(Shape, frozen=True):
    """How old the list of public and removed roots is that certificates were compared with."""

    as_of: Annotated[str, Meta(description="A day, as 2026-10-18.")]
    source: str
    days_old: int


class MeantJson(Shape, frozen=True):
    """One CA that its owner means for some names only."""

    sha256: Sha256
    subject: Subject
    domains: Domains


class ConstrainedJson(Shape, frozen=True):
    """One CA whose own certificate constrains names."""

    sha256: Sha256
    subject: Subject
    permitted: list[str]
    excluded: list[str]


class UndoneJson(Shape, frozen=True):
    """One CA without domains through which a limited one is trusted for all names."""

    sha256: Sha256
    subject: Subject
    limited: Annotated[str, Meta(description="The SHA-256 of the CA that has domains.")]
    why: Annotated[
        Literal["same key", "issued by it"], Meta(description="What it has to do with the limited CA.")
    ]


class LimitsJson(Shape, frozen=True):
    """The CAs that are not for all names, and who keeps to that."""

    meant: list[MeantJson]
    targets: Annotated[
        dict[str, Keeping],
        Meta(
            description="By target, what becomes of domains; empty where no CA has any. Refused: it is not "
            "built; allowed: the CA is trusted for all names."
        ),
    ]
    constrained: list[ConstrainedJson]
    kept_by: Annotated[
        list[str], Meta(description="Runtimes that keep to such constraints, as was measured.")
    ]
    ignored_by: Annotated[list[str], Meta(description="Those that do not.")]
    undone: list[UndoneJson]


class LintJson(DocumentJson, frozen=True):
    """What lint found."""

    certificates: list[LintedJson]
    findings: list[FindingJson]
    known_roots: KnownRootsJson
    limits: LimitsJson


class RuleJson(Shape, frozen=True):
    """One rule of the linter."""

    rule: str
    severity: Literal["error", "warning", "note"]
    group: Annotated[Literal["input", "certificate", "bundle"], Meta(description="What it is about.")]
    why: Annotated[str, Meta(description="Why it matters.")]
    todo: Annotated[str, Meta(description="What to do about it.")]
    override: Annotated[bool, Meta(description="Whether an error of it can be accepted all the same.")]


class ExplainJson(DocumentJson, frozen=True):
    """The rules of the linter: those asked for, or all."""

    rules: list[RuleJson]
