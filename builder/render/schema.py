"""The JSON that packages carry and print, of its lists in the manifest, and of what `recipes` prints."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from builder.text.schema import DocumentJson, Moment, Sha256, Shape, Subject


class TrustedJson(Shape, frozen=True, omit_defaults=True):
    """One CA that clients are made to trust."""

    sha256: Annotated[Sha256, Meta(description="The certificate's SHA-256.")]
    spki_sha256: Annotated[Sha256, Meta(description="The SHA-256 of its public key.")]
    subject: Subject
    issuer: Annotated[str, Meta(description="The issuer's name: a root's own.")]
    serial: Annotated[str, Meta(description="The serial number, in hexadecimal.")]
    key: Annotated[str, Meta(description="The kind and size of the key.")]
    not_before: Annotated[Moment, Meta(description="When it begins to be valid.")]
    not_after: Annotated[Moment, Meta(description="When it ends.")]
    domains: Annotated[
        list[str], Meta(description="The names that it is meant for; none stands for all.")
    ] = msgspec.field(default_factory=list)


class DistrustedJson(TrustedJson, frozen=True, omit_defaults=True):
    """One CA that is blocked where the platform has a place for that."""

    since: Annotated[str, Meta(description="The day since when it is distrusted, where it is given.")] = ""
    evidence: Annotated[str, Meta(description="Why it is distrusted, where it is given.")] = ""


class InventoryJson(DocumentJson, frozen=True):
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


class RecipesJson(DocumentJson, frozen=True):
    """Every target that can be built."""

    recipes: list[ListedRecipeJson]


class ShownRecipeJson(DocumentJson, frozen=True):
    """One target's recipe and templates."""

    target: str
    origin: Annotated[str, Meta(description="built in, or the recipe's file.")]
    file: Annotated[str, Meta(description="The recipe's path.")]
    recipe: Annotated[str, Meta(description="Its text, in YAML: `trustpack schema recipe` describes it.")]
    templates: Annotated[list[str], Meta(description="The paths of its templates.")]


class ExportedRecipeJson(DocumentJson, frozen=True):
    """What was copied beside trustpack.yaml."""

    target: str
    files: Annotated[list[str], Meta(description="The paths of the copies.")]


class RuntimeJson(Shape, frozen=True):
    """What runs the clients."""

    name: Annotated[str, Meta(description="python, pypy, node, bun, deno, ruby, jruby …")]
    version: str
    path: Annotated[str | None, Meta(description="The executable; null where it is not known.")]


class RootJson(Shape, frozen=True):
    """One root that the package brings."""

    subject: Subject
    sha256: Sha256
    not_after: Moment
    expired: bool


class VariableJson(Shape, frozen=True):
    """One environment variable by which clients find roots."""

    name: str
    value: str
    clients: Annotated[str, Meta(description="Who reads it.")]
    holds_these_roots: Annotated[bool | None, Meta(description="null where it names no roots.")]
    effect: Annotated[str, Meta(description="What that means, in a sentence.")]


class DoctorJson(DocumentJson, frozen=True):
    """Whether an installed wheel, npm package or gem is active, and why not."""

    package: Annotated[str, Meta(description="The package's name.")]
    version: Annotated[str, Meta(description="The package's version.")]
    release: Annotated[str, Meta(description="The organisation's release.")]
    organisation: Annotated[str, Meta(description="The organisation's slug.")]
    runtime: RuntimeJson
    bundle: Annotated[
        str | None, Meta(description="The PEM file with these roots; null where there is none.")
    ]
    certificates: list[RootJson]
    active: Annotated[
        bool, Meta(description="Whether a default client of this process trusts all of these roots.")
    ]
    through: Annotated[list[str], Meta(description="The ways by which clients get them.")]
    variables: list[VariableJson]
    problems: Annotated[list[str], Meta(description="What keeps a client from trusting, and damage.")]
    notes: Annotated[list[str], Meta(description="What else is worth knowing.")]
