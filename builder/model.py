"""The nouns of the pipeline: frozen data that every stage takes and returns."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

# What an artifact's file may be called, as a regular expression: no folder, nothing hidden, nothing to quote.
FILE_NAME = r"[A-Za-z0-9_@+~][A-Za-z0-9._@+~-]*"

# What a file of a package can be made of: the bundle, or what is known of it.
Content = Literal[
    "",
    "certificate",
    "trusted",
    "distrusted",
    "bundle",
    "inventory",
    "changelog",
    "debian-changelog",
]

_EMPTY: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """Where something was read: a path as the user gave it and a line from 1 (0: the whole file)."""

    path: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path


class Severity(IntEnum):
    """How bad a finding is; an error stops a build."""

    NOTE = 1
    WARNING = 2
    ERROR = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing lint says about an input; `fingerprint` is a SHA-256 in hex, or empty."""

    rule: str
    severity: Severity
    origin: Origin
    message: str
    hint: str = ""
    fingerprint: str = ""


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


@dataclass(frozen=True, slots=True)
class Revision:
    """What one release changed, a sentence a note; `date` is its UTC day, YYYY-MM-DD.

    In a package `release` is the version that the target gives it.
    """

    release: str
    date: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Organisation:
    """Whose bundle it is; `defaulted` names the fields that nobody configured."""

    slug: str
    name: str
    homepage: str
    contact_name: str
    contact_email: str
    license: str
    summary: str
    description: str
    site: str = ""
    npm_scope: str = ""
    defaulted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a recipe's table of contents: where a file goes and what fills it.

    Exactly one of `source` (a static file, copied byte for byte), `template` (rendered) and
    `content` (made from the bundle) is set; a directory has none. `path` holds `{placeholders}`.
    """

    path: str
    kind: Literal["file", "dir"] = "file"
    source: str = ""
    template: str = ""
    content: Content = ""
    mode: int = 0o644
    when: Mapping[str, Any] = field(default_factory=lambda: _EMPTY)


@dataclass(frozen=True, slots=True)
class Output:
    """One artifact of a recipe: its container format, file name, contents, scripts and metadata."""

    id: str
    container: str
    filename: str
    files: tuple[Entry, ...]
    scripts: Mapping[str, Entry] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=lambda: _EMPTY)


@dataclass(frozen=True, slots=True)
class Setting:
    """A choice a recipe offers; the first of `choices` is the default."""

    choices: tuple[str, ...]
    help: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """What one target ships, and what people are told about it."""

    target: str
    title: str
    name: str
    name_pattern: str
    version: str
    outputs: tuple[Output, ...]
    install: str
    verify: str
    remove: str
    scoped_name: str = ""
    settings: Mapping[str, Setting] = field(default_factory=dict)
    tags: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class File:
    """One rendered file (or directory) of a package, ready to be archived."""

    path: str
    data: bytes = field(repr=False)
    mode: int = 0o644
    kind: Literal["file", "dir"] = "file"


@dataclass(frozen=True, slots=True)
class Package:
    """One rendered artifact: everything its container format needs, and nothing that varies.

    `epoch` is the time stamp of every file, in seconds since 1970.
    """

    target: str
    container: str
    name: str
    version: str
    filename: str
    epoch: int
    organisation: Organisation
    files: tuple[File, ...]
    scripts: Mapping[str, bytes] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=lambda: _EMPTY)
    history: tuple[Revision, ...] = ()


@dataclass(frozen=True, slots=True)
class Artifact:
    """One finished file of dist/; `recipe` is a digest of what it was made by."""

    target: str
    name: str
    version: str
    filename: str
    data: bytes = field(repr=False)
    sha256: str
    install: str
    verify: str
    remove: str
    recipe: str = ""
