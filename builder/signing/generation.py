"""A generation of keys: one OpenPGP and one apk key, made, published and replaced together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from builder.signing import keys, private_file
from builder.text.values import END

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric import rsa

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
    `openpgp` and `apk` say what makes their signatures; `label` is how a program calls the key.
    """

    number: Annotated[int, msgspec.Meta(ge=1, le=99_999)]
    state: State
    created: Annotated[int, msgspec.Meta(ge=0, le=0xFFFFFFFF)]
    since: Annotated[int, msgspec.Meta(ge=0, le=0xFFFFFFFF)]
    fingerprint: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-F]{40}" + END)]
    apk_name: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]{1,60}\.rsa\.pub" + END)]
    openpgp: Keeper = "file"
    apk: Keeper = "file"
    label: str = ""

    @property
    def private(self) -> tuple[str, ...]:
        """The names of the files that hold its private keys."""
        kinds = [kind for kind, keeper in (("openpgp", self.openpgp), ("apk", self.apk)) if keeper == "file"]
        return tuple(f"{self.number}-{kind}.pem" for kind in kinds)

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

    def __repr__(self) -> str:
        """Show nothing of them."""
        return f"{type(self).__name__}()"


class MadeKeys(msgspec.Struct, frozen=True):
    """A generation with its public keys, and the private ones that are to be written to `private`'s files."""

    generation: Generation
    certificate: bytes
    apk_public: bytes
    private: tuple[rsa.RSAPrivateKey, ...]

    def __repr__(self) -> str:
        """Say which it is."""
        return f"{type(self).__name__}({self.generation.number})"


def make(bits: int = keys.BITS) -> Pair:
    """Make the private keys of a generation; fewer bits are for tests."""
    private_file.keep_from_core_dumps()
    return Pair(keys.new_private(bits), keys.new_private(bits))
