"""The JSON of certificates.json, which packages carry, and of its lists in the manifest."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from builder.text.schema import Moment, Sha256, Shape, Subject


class TrustedJson(Shape, frozen=True):
    """One CA that clients are made to trust."""

    sha256: Annotated[Sha256, Meta(description="The certificate's SHA-256.")]
    spki_sha256: Annotated[Sha256, Meta(description="The SHA-256 of its public key.")]
    subject: Subject
    issuer: Annotated[str, Meta(description="The issuer's name: a root's own.")]
    serial: Annotated[str, Meta(description="The serial number, in hexadecimal.")]
    key: Annotated[str, Meta(description="The kind and size of the key.")]
    not_before: Annotated[Moment, Meta(description="When it begins to be valid.")]
    not_after: Annotated[Moment, Meta(description="When it ends.")]


class DistrustedJson(TrustedJson, frozen=True, omit_defaults=True):
    """One CA that is blocked where the platform has a place for that."""

    since: Annotated[str, Meta(description="The day since when it is distrusted, where it is given.")] = ""
    evidence: Annotated[str, Meta(description="Why it is distrusted, where it is given.")] = ""


class InventoryJson(Shape, frozen=True):
    """certificates.json in a package: what exactly it trusts."""

    organisation: Annotated[str, Meta(description="The organisation's slug.")]
    release: str
    certificates: list[TrustedJson]
    distrusted: list[DistrustedJson]


class ListedRecipeJson(Shape, frozen=True):
    """One target that can be built."""

    target: str
    title: str
    default: Annotated[bool, Meta(description="Whether a build that names no targets makes it.")]
    origin: Annotated[str, Meta(description="built in, or the recipe's file.")]


RecipesJson = list[ListedRecipeJson]
