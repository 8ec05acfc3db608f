"""Keys that sign nothing, but know what was to be signed: so a site's signatures are verified, not made anew.

An index is derived with marks in the place of signatures. Where the site has another file than the mark, that
must be a signature, by one of the site's keys, over just what the mark stands for.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal, Protocol

from builder.errors import SignatureError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from builder.repositories.publication import PublicSiteKeys


class Unverifiable(Exception):  # noqa: N818  never leaves this room, which names the file
    """What is wrong with a signature."""


class SignatureVerifier(Protocol):
    """What verifies signatures by a site's public keys alone; all raise SignatureError."""

    def opened(self, text: str) -> str:
        """Return the text in a cleartext signature."""
        ...

    def exact(self, text: str) -> str:
        """Return the same, of a message in which not one byte is other than trustpack writes it."""
        ...

    def detached(self, data: bytes, signature: bytes) -> None:
        """Verify a detached signature, armored or not."""
        ...

    def apk(self, data: bytes) -> bytes:
        """Return a signed .apk or index without its signature."""
        ...

    def statement(self, envelope: bytes, where: str) -> bytes:
        """Return the statement in an envelope."""
        ...


class Retracing:
    """Marks in the place of signatures; see SiteKeys."""

    def __init__(self, keys: PublicSiteKeys, verifier: SignatureVerifier) -> None:
        self._keys = keys
        self._verifier = verifier
        self._wanted: dict[str, tuple[Callable[[bytes, bytes], None], bytes]] = {}

    def __contains__(self, sha256: str) -> bool:
        """Tell whether a digest is that of a mark."""
        return sha256 in self._wanted

    def verify(self, sha256: str, found: bytes) -> None:
        """Raise Unverifiable unless `found` is the signature that a mark stands for."""
        verify, data = self._wanted[sha256]
        try:
            verify(data, found)
        except SignatureError as error:
            raise Unverifiable(f"its signature is none by the site's keys: {error}") from None
        except UnicodeDecodeError:
            raise Unverifiable("is no signed text") from None

    @property
    def certificate(self) -> bytes:
        """The site's own."""
        return self._keys.certificate

    @property
    def certificates(self) -> Mapping[str, bytes]:
        """The site's own."""
        return self._keys.certificates

    @property
    def signer(self) -> str:
        """The site's own."""
        return self._keys.signer

    @property
    def roles(self) -> Mapping[str, Literal["current", "next", "previous"]]:
        """The site's own."""
        return self._keys.roles

    @property
    def apk_keys(self) -> Mapping[str, bytes]:
        """The site's own."""
        return self._keys.apk_keys

    @property
    def statement_keys(self) -> Mapping[str, bytes]:
        """The site's own."""
        return self._keys.statement_keys

    def opened(self, text: str) -> str:
        """Return the text in a cleartext signature."""
        return self._keys.opened(text)

    def clear(self, text: str, *, time: int) -> str:
        """Return a mark for a text with a cleartext signature."""
        return self._mark(self._clear, text.encode(), time).decode()

    def detached(self, data: bytes, *, time: int, armored: bool = True) -> bytes:
        """Return a mark for a detached signature; both of its forms are verified alike."""
        del armored
        return self._mark(self._verifier.detached, data, time)

    def rpm(self, data: bytes, *, time: int) -> bytes:
        """Refuse: packages are not signed where a site is only checked."""
        raise AssertionError(len(data), time)

    def seal(self, payload: bytes) -> bytes:
        """Refuse: statements come with their signatures."""
        raise AssertionError(len(payload))

    def apk(self, data: bytes, *, time: int) -> bytes:
        """Return a mark for a signed index."""
        return self._mark(self._apk, data, time)

    def _mark(self, verify: Callable[[bytes, bytes], None], data: bytes, time: int) -> bytes:
        name = getattr(verify, "__name__", "")
        mark = f"{name} {hashlib.sha256(data).hexdigest()} {time}\n".encode()
        self._wanted[hashlib.sha256(mark).hexdigest()] = (verify, data)
        return mark

    def _clear(self, data: bytes, found: bytes) -> None:
        # No signature covers blanks at line ends.
        if self._verifier.opened(found.decode()) != _without_blanks(data.decode()):
            raise Unverifiable("is signed, and does not match the packages on the site")

    def _apk(self, data: bytes, found: bytes) -> None:
        if self._verifier.apk(found) != data:
            raise Unverifiable("is signed, and does not match the packages on the site")


def _without_blanks(text: str) -> str:
    return "".join(line.rstrip(" \t\r") + "\n" for line in text.removesuffix("\n").split("\n"))
