"""The JSON that `keys` and `sign` print."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from builder.text.schema import DocumentJson, Moment, Sha256, Shape


class KeyFileJson(Shape, frozen=True):
    """A file that holds a private key."""

    file: str
    here: Annotated[bool, Meta(description="Whether it lies in the folder: the next keys' need not.")]
    encrypted: Annotated[bool, Meta(description="Whether it lies there and is encrypted.")]


class GenerationJson(Shape, frozen=True):
    """Keys for OpenPGP, apk and statements, which are made, published and replaced together."""

    number: int
    state: Annotated[
        Literal["current", "next", "retiring", "retired", "withdrawn"],
        Meta(
            description="current signs, retiring beside it; next is published before it signs; retired "
            "signs no more, and withdrawn was stolen or lost."
        ),
    ]
    since: Annotated[Moment, Meta(description="When its state began.")]
    created: Annotated[Moment, Meta(description="When its OpenPGP key was made, which is part of it.")]
    fingerprint: Annotated[str, Meta(pattern="^[0-9A-F]{40}$", description="The OpenPGP key's fingerprint.")]
    apk: Annotated[str, Meta(description="The public apk key's file, as in /etc/apk/keys.")]
    statement: Annotated[
        str, Meta(description="The public key's file for statements; empty where there is none yet.")
    ]
    statement_sha256: Annotated[
        Sha256 | Literal[""], Meta(description="That key's fingerprint: the SHA-256 of its DER.")
    ]
    openpgp_signed_by: Annotated[
        Literal["file", "agent", "program"], Meta(description="What makes OpenPGP signatures.")
    ]
    apk_signed_by: Annotated[Literal["file", "program"], Meta(description="What makes apk's signatures.")]
    statement_signed_by: Annotated[
        Literal["file", "program", ""], Meta(description="What signs statements; empty where nothing does.")
    ]
    label: Annotated[str, Meta(description="How that program calls the key; else empty.")]
    private: Annotated[list[KeyFileJson], Meta(description="The files of private keys; may be none.")]


class KeysJson(DocumentJson, frozen=True):
    """The keys of a folder: what is public of them."""

    folder: str
    organisation: Annotated[str, Meta(description="The organisation's slug.")]
    user_id: Annotated[str, Meta(description="What OpenPGP calls whose keys they are.")]
    generations: Annotated[list[GenerationJson], Meta(description="The oldest first.")]


class KeyFindingJson(Shape, frozen=True):
    """What is wrong, or worth knowing."""

    level: Annotated[
        Literal["error", "warning", "note"], Meta(description="An error keeps keys from signing.")
    ]
    where: str
    message: str
    hint: Annotated[str, Meta(description="What to do next; may be empty.")]


class KeysCheckJson(DocumentJson, frozen=True):
    """What there is to say of a folder of keys."""

    folder: str
    ready: Annotated[bool, Meta(description="Whether nothing keeps the keys from signing.")]
    findings: Annotated[list[KeyFindingJson], Meta(description="Errors first.")]


class SignedFileJson(Shape, frozen=True):
    """One file that was signed."""

    file: str
    signature: Annotated[str, Meta(description="The file that holds its signature, itself if it is inside.")]
    sha256: Annotated[Sha256, Meta(description="The signed file's digest.")]
    identity: Annotated[Sha256, Meta(description="The digest of its content without signatures.")]
    verified_by: Annotated[str, Meta(description="The other program that verified it; empty for none.")]


class SignJson(DocumentJson, frozen=True):
    """What was signed: a release's packages, or a site."""

    folder: str
    signer: Annotated[str, Meta(description="The OpenPGP key's fingerprint.")]
    signed: Annotated[list[SignedFileJson], Meta(description="A release's packages; none for a site.")]
    envelope: Annotated[
        str, Meta(description="A release's signed statement of provenance; empty where there is none.")
    ]
    left: Annotated[dict[str, str], Meta(description="Files without a signature of their own, and why.")]
    written: Annotated[
        list[str], Meta(description="The files that were written, but for what describes them.")
    ]
