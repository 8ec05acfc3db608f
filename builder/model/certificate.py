"""Certificates, and the bundle that an organisation ships."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from builder.model.finding import Origin


_EMPTY: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Certificate:
    """One certificate: its DER bytes and what people and recipes read of it.

    Names are RFC 4514 strings with control and bidirectional characters escaped; times are UTC;
    fingerprints are SHA-256 in lower-case hex; `key` reads like "RSA 2048" or "EC secp256r1".
    """

    der: bytes = field(repr=False)
    origin: Origin
    sha256: str
    spki_sha256: str
    subject: str
    issuer: str
    label: str
    serial: int
    not_before: dt.datetime
    not_after: dt.datetime
    key: str
    self_issued: bool

    @cached_property
    def pem(self) -> str:
        """The canonical PEM: 64 columns, LF, one newline at the end (RFC 7468)."""
        text = base64.b64encode(self.der).decode("ascii")
        lines = [text[i : i + 64] for i in range(0, len(text), 64)]
        return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])

    @cached_property
    def stem(self) -> str:
        """A file name stem: a readable slug and eight digits of the fingerprint."""
        slug = re.sub(r"[^a-z0-9]+", "-", self.label.lower()).strip("-")[:48].strip("-")
        return f"{slug or 'ca'}-{self.sha256[:8]}"


@dataclass(frozen=True, slots=True)
class Distrust:
    """Since when a CA is distrusted (a day, YYYY-MM-DD) and what says why, as far as is known."""

    since: str = ""
    evidence: str = ""


@dataclass(frozen=True)
class Bundle:
    """The accepted certificates, without duplicates, in canonical order (label, then fingerprint).

    `distrusted` are those that are not shipped but blocked where a platform has a place for that, `reasons`
    what is known of why, by fingerprint.
    """

    certificates: tuple[Certificate, ...]
    distrusted: tuple[Certificate, ...] = ()
    reasons: Mapping[str, Distrust] = field(default_factory=lambda: _EMPTY)

    @cached_property
    def pem(self) -> str:
        """All certificates as one canonical PEM text."""
        return "".join(certificate.pem for certificate in self.certificates)
