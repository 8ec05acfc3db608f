"""A generation of keys: for OpenPGP, apk and statements, made, published and replaced together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from builder.signing import keys, private_file, statement_key
from builder.text.values import END

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    from builder.signing.keyring import Role

State = Literal["current", "next", "retiring", "retired", "withdrawn"]
# current signs. next is published so that all clients have it before it signs. retiring signs beside current.
# retired signs nothing; what it has signed is still known for the site's. withdrawn may be in other hands.
SIGNING: tuple[State, ...] = ("current", "retiring")
ROLES: Mapping[State, Role] = {
    "current": "current",
    "retiring": "previous",
    "next": "next",
}  # of published ones
Keeper = Literal["file", "agent", "program"]


class Generation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What is public of one generation.

    Times are seconds since 1970: `created` is part of the fingerprint, `since` when its state began.
    `openpgp`, `apk` and `statement` say what makes their signatures; `label` is how a program calls the key.
    `statement_sha256` is the fingerprint of the key for statements, empty in generations that were made
    before there was one.
    """

    number: Annotated[int, msgspec.Meta(ge=1, le=99_999)]
    state: State
    created: Annotated[int, msgspec.Meta(ge=0, le=0xFFFFFFFF)]
    since: Annotated[int, msgspec.Meta(ge=0, le=0xFFFFFFFF)]
    fingerprint: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-F]{40}" + END)]
    apk_name: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]{1,60}\.rsa\.pub" + END)]
    openpgp: Keeper = "file"
    apk: Keeper = "file"
    statement: Keeper = "file"
    statement_sha256: Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{64})?" + END)] = ""
    label: str = ""

    @property
    def private(self) -> tuple[str, ...]:
        """The names of the files that hold its private keys."""
        keepers = {"openpgp": self.openpgp, "apk": self.apk}
        if self.statement_sha256:
            keepers["statement"] = self.statement
        return tuple(f"{self.number}-{kind}.pem" for kind, keeper in keepers.items() if keeper == "file")

    @property
    def certificate(self) -> str:
        """The name of the file that holds its OpenPGP certificate."""
        return f"{self.number}-openpgp.asc"


class Wanted(msgspec.Struct, frozen=True):
    """Where a new generation's keys are, unless new files are to hold them.

    `gpg` is the fingerprint of an OpenPGP key that GnuPG's agent has; `public` is the file of a public RSA
    key, PEM, whose private half the organisation's own program signs with, for OpenPGP and for apk.
    """

    gpg: str = ""
    public: Path | None = None


class Pair(msgspec.Struct, frozen=True):
    """The private keys of a generation, in memory."""

    openpgp: rsa.RSAPrivateKey
    apk: rsa.RSAPrivateKey
    statement: ec.EllipticCurvePrivateKey

    def __repr__(self) -> str:
        """Show nothing of them."""
        return f"{type(self).__name__}()"


class MadeKeys(msgspec.Struct, frozen=True):
    """A generation with its public keys, and the private ones that are to be written to `private`'s files."""

    generation: Generation
    certificate: bytes
    apk_public: bytes
    statement_public: bytes
    private: tuple[rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, ...]

    def __repr__(self) -> str:
        """Say which it is."""
        return f"{type(self).__name__}({self.generation.number})"


class MadeStatementKey(msgspec.Struct, frozen=True):
    """A generation with the key for statements that it lacked; `private` is None where a program has it."""

    generation: Generation
    public: bytes
    private: ec.EllipticCurvePrivateKey | None

    def __repr__(self) -> str:
        """Say which it is."""
        return f"{type(self).__name__}({self.generation.number})"


def make(bits: int = keys.BITS) -> Pair:
    """Make the private keys of a generation; fewer bits are for tests."""
    private_file.keep_from_core_dumps()
    return Pair(keys.new_private(bits), keys.new_private(bits), statement_key.new_private())
