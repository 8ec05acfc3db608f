"""One publication: whose site it is, where it is, when it is signed and by what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.model import Organisation


class StatusOpener(Protocol):
    """The public keys of a site, which open what they vouch for."""

    def opened(self, text: str) -> str:
        """Return the text in a cleartext signature; raise SignatureError unless one of these keys made it."""
        ...


class PublicSiteKeys(StatusOpener, Protocol):
    """What is public of a site's keys."""

    @property
    def certificate(self) -> bytes:
        """Every public key that a client is to have, the next one's too, as armored blocks: ORG.asc."""
        ...

    @property
    def certificates(self) -> Mapping[str, bytes]:
        """Each of these public keys by its fingerprint (40 upper-case hex digits), armored."""
        ...

    @property
    def signer(self) -> str:
        """The fingerprint of the OpenPGP key that signs packages: the current one's."""
        ...

    @property
    def roles(self) -> Mapping[str, Literal["current", "next", "previous"]]:
        """What each public key is, by fingerprint or file name; the signing ones are first."""
        ...

    @property
    def apk_keys(self) -> Mapping[str, bytes]:
        """The public keys for apk, PEM, by their file names in /etc/apk/keys; the signing one is first."""
        ...

    @property
    def statement_keys(self) -> Mapping[str, bytes]:
        """The public keys for statements of provenance, PEM, by their file names; there may be none."""
        ...


class SiteKeys(PublicSiteKeys, Protocol):
    """What signs a site: its OpenPGP keys (the current one, and where one is being replaced the old one too).

    Times are seconds since 1970. With the same keys and times the same bytes are signed to the same bytes.
    A time before a key was made counts as the time when it was made.
    """

    def seal(self, payload: bytes) -> bytes:
        """Return a statement in an envelope, signed; raise SignatureError where no key is for that."""
        ...

    def clear(self, text: str, *, time: int) -> str:
        """Return `text` (which ends with a line feed) with a cleartext signature: InRelease, the status."""
        ...

    def detached(self, data: bytes, *, time: int, armored: bool = True) -> bytes:
        """Return a detached OpenPGP signature over `data`; not armored, it is by the current key alone."""
        ...

    def rpm(self, data: bytes, *, time: int) -> bytes:
        """Return an .rpm, signed or not, with our signature over its header."""
        ...

    def apk(self, data: bytes, *, time: int) -> bytes:
        """Return an unsigned .apk, or APKINDEX.tar.gz, with our signature in front."""
        ...


class Publication(msgspec.Struct, frozen=True):
    """What a site's indexes say beside their packages.

    `url` is where the site is served, without a slash at the end; absolute addresses come from it alone.
    `time` is when it is signed and `expires` until when clients take it, in seconds since 1970; `counter`
    rises with every publication. `architectures` are apk's and pacman's. Without `keys` nothing is signed.
    """

    organisation: Organisation
    url: str
    time: int
    expires: int
    counter: int
    keys: SiteKeys | None
    architectures: tuple[str, ...] = ("x86_64", "aarch64")
