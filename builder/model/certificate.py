"""Certificates, and the bundle that an organisation ships."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.model.finding import Origin


# Where a CA is in its life.
State = Literal["incoming", "active", "retiring", "distrusted"]

# A SHA-256 in lower-case hex. Python's $ also matches before a last newline, hence what follows it.
Fingerprint = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[0-9a-f]{64}$(?!\n)", description="A SHA-256: 64 hexadecimal digits in lower case."
    ),
]
_Time = Annotated[dt.datetime, msgspec.Meta(tz=True)]
# Behind a slug of 40 and "-ca-certs.", the field of names of a tar (100 bytes) has room for so much.
_LONGEST = 36

_EMPTY: Mapping[str, Any] = MappingProxyType({})


class Certificate(msgspec.Struct, frozen=True, dict=True):
    """One certificate: its DER bytes and what people and recipes read of it.

    Names are RFC 4514 strings with control and bidirectional characters escaped; times are UTC;
    fingerprints are SHA-256 in lower-case hex; `key` reads like "RSA 2048" or "EC secp256r1". `domains` is
    what its owner means it for, as model.domains has it: nothing the certificate says, and empty for all.
    """

    der: bytes
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
    domains: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Say which it is; its bytes would fill a screen."""
        return f"Certificate({self.label!r}, {self.sha256!r})"

    @cached_property
    def pem(self) -> str:
        """The canonical PEM: 64 columns, LF, one newline at the end (RFC 7468)."""
        text = base64.b64encode(self.der).decode("ascii")
        lines = [text[i : i + 64] for i in range(0, len(text), 64)]
        return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])

    @property
    def networks(self) -> tuple[str, ...]:
        """Those of its domains that are addresses, each with a prefix."""
        return tuple(one for one in self.domains if "/" in one)

    @property
    def names(self) -> tuple[str, ...]:
        """Those of its domains that are names of DNS, each for itself and all names below it."""
        return tuple(one for one in self.domains if "/" not in one)

    @cached_property
    def thumbprint(self) -> str:
        """The name that Windows' stores have for it: its SHA-1, in upper-case hex."""
        return hashlib.sha1(self.der, usedforsecurity=False).hexdigest().upper()

    @cached_property
    def stem(self) -> str:
        """A file name stem: a readable slug and eight digits of the fingerprint.

        Of two CAs with one name and key, the one that another has issued comes last: OpenSSL takes the first.
        """
        slug = re.sub(r"[^a-z0-9]+", "-", self.label.lower()).strip("-")
        end = f"{self.sha256[:8]}" if self.self_issued else f"issued-{self.sha256[:8]}"
        return f"{slug[: _LONGEST + 8 - len(end)].strip('-') or 'ca'}-{end}"


class Distrust(msgspec.Struct, frozen=True):
    """Since when a CA is distrusted (a day, YYYY-MM-DD) and what says why, as far as is known."""

    since: str = ""
    evidence: str = ""


class CertificateSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is said of one CA wherever the certificate itself is not at hand, in the order of JSON documents.

    Lock, manifest, history, trust snapshot and difference all say it by this type, each as far as it knows:
    only fingerprint and name are always there. Names are escaped as a Certificate's are, times are UTC,
    `serial` is in hex, `since` and `until` are days (YYYY-MM-DD), and `state` is empty where it is shipped
    and nothing more is known. `domains` is what its owner means it for, empty for all names.
    """

    sha256: Fingerprint
    spki_sha256: str = ""
    subject: str
    issuer: str = ""
    serial: str = ""
    key: str = ""
    not_before: _Time | None = None
    not_after: _Time | None = None
    state: State | Literal[""] = ""
    since: str = ""
    until: str = ""
    owner: str = ""
    evidence: str = ""
    domains: tuple[str, ...] = ()

    @property
    def shipped(self) -> bool:
        """Whether clients are made to trust it."""
        return self.state != "distrusted"

    @property
    def ends(self) -> dt.datetime:
        """When it expires; raises ValueError where that is not said, as in a lock's history."""
        if self.not_after is None:
            raise ValueError(f"nothing says when {self.sha256} expires")
        return self.not_after


def summarise(
    certificate: Certificate, *, state: State | Literal[""] = "", distrust: Distrust | None = None
) -> CertificateSummary:
    """Return all that an auditor asks of one certificate."""
    return CertificateSummary(
        sha256=certificate.sha256,
        spki_sha256=certificate.spki_sha256,
        subject=certificate.subject,
        issuer=certificate.issuer,
        serial=f"{certificate.serial:x}",
        key=certificate.key,
        not_before=certificate.not_before,
        not_after=certificate.not_after,
        state=state,
        since=distrust.since if distrust else "",
        evidence=distrust.evidence if distrust else "",
        domains=certificate.domains,
    )


class Bundle(msgspec.Struct, frozen=True, dict=True):
    """The accepted certificates, without duplicates, in canonical order (label, then fingerprint).

    `distrusted` are those that are not shipped but blocked where a platform has a place for that, `reasons`
    what is known of why, by fingerprint.
    """

    certificates: tuple[Certificate, ...]
    distrusted: tuple[Certificate, ...] = ()
    reasons: Mapping[str, Distrust] = msgspec.field(default_factory=lambda: _EMPTY)

    @cached_property
    def pem(self) -> str:
        """All certificates as one canonical PEM text."""
        return "".join(certificate.pem for certificate in self.certificates)
