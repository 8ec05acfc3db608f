"""The JSON that `trustpack verify` prints."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from builder.provenance.verification import Check  # noqa: TC001  msgspec reads annotations at run time
from builder.text.schema import DocumentJson, Shape


class DiscrepancyJson(Shape, frozen=True):
    """A file that is not what it should be."""

    file: Annotated[str, Meta(description="Its name in the folder, or its path on the site or the machine.")]
    problem: Annotated[str, Meta(description="What is wrong with it, for people.")]


class ExaminationJson(Shape, frozen=True):
    """One thing that can be verified."""

    check: Check
    done: Annotated[bool, Meta(description="Whether it was verified.")]
    said: Annotated[str, Meta(description="What was verified, or why it was not, for people.")]


class VerificationJson(DocumentJson, frozen=True):
    """Whether a release, a site or an installation is what it says; with a difference, the status is 15."""

    name: Annotated[str, Meta(description="The folder or address, as it was given.")]
    kind: Literal["release", "site", "installed"]
    organisation: Annotated[str, Meta(description="The organisation's slug.")]
    release: Annotated[str, Meta(description="The release, of a site the newest; empty for none.")]
    trustpack: Annotated[str, Meta(description="The version of trustpack that made it.")]
    files: Annotated[int, Meta(description="How many files were looked at.")]
    discrepancies: list[DiscrepancyJson]
    examined: list[ExaminationJson]
    others: Annotated[list[str], Meta(description="Files that are no part of it.")]
