"""What a site's front page and feed show, as data: nothing here knows of HTML."""

from __future__ import annotations

from typing import Literal

import msgspec

from builder.model import CertificateSummary, Organisation  # noqa: TC001  msgspec reads annotations
from builder.repositories.ecosystem import Instructions  # noqa: TC001


class ReleaseNews(msgspec.Struct, frozen=True):
    """What one release changed, CA by CA; those that stay trusted are named by the state that they came into.

    `time` is when it came to the site, in seconds since 1970. `withdrawn` is why nobody is to install it any
    more (empty where it is offered), and `withdrawn_at` since when. `first` is the site's first release,
    which has nothing before it to be compared with. `documents` are paths below the site's root, by what
    they are called.
    """

    release: str
    time: int
    added: tuple[CertificateSummary, ...] = ()
    removed: tuple[CertificateSummary, ...] = ()
    distrusted: tuple[CertificateSummary, ...] = ()
    incoming: tuple[CertificateSummary, ...] = ()
    active: tuple[CertificateSummary, ...] = ()
    retiring: tuple[CertificateSummary, ...] = ()
    withdrawn: str = ""
    withdrawn_at: int = 0
    first: bool = False
    documents: dict[str, str] = {}


class Guide(msgspec.Struct, frozen=True):
    """What people type who use one package manager; `ecosystem` is the NAME of the module that says it."""

    ecosystem: str
    instructions: Instructions


class SiteKey(msgspec.Struct, frozen=True):
    """A key that clients of the site know: it signs, is to do so next, or did so before.

    `file` is its path below the site's root. `fingerprint` is OpenPGP's (40 upper-case hex digits), and for
    apk, which has none, the SHA-256 of the file (lower-case hex), for statements that of the key's DER.
    """

    kind: Literal["OpenPGP", "apk", "statements"]
    role: Literal["current", "next", "previous"]
    file: str
    fingerprint: str


class FirstInstall(msgspec.Struct, frozen=True):
    """The script for a first install: its path below the site's root, its SHA-256 (hex), and how to run it.

    `command` is shell lines that compare the digest before anything runs, each ended by a line feed.
    """

    file: str
    sha256: str
    command: str


class ProvenClient(msgspec.Struct, frozen=True):
    """One client that was asked, as a proof has it; `said` is why it is absent, a double or failed."""

    target: str
    client: str
    status: Literal["proven", "failed", "stand-in", "absent"]
    said: str = ""


class ProofTable(msgspec.Struct, frozen=True):
    """What was proven of a release; `when` is RFC 3339, in UTC."""

    release: str
    when: str
    clients: tuple[ProvenClient, ...]


class SiteView(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the page shows.

    `url`, `time`, `expires` and `counter` are the publication's. `authorities` are what the newest release
    holds, trusted and distrusted; `withdrawn` are those that an earlier release had and this one has not.
    `releases` are the newest first, and `older` ones are only counted. A site without `keys` is not signed.
    `bundle_sha256` is that of bundle.pem. `domains` has, where the newest release has a CA that is meant for
    some names, "enforced" for each target that trusts it for these alone. `limits` has what a CA's own
    certificate constrains names to, in words, by its SHA-256.
    """

    organisation: Organisation
    url: str
    time: int
    expires: int
    counter: int
    authorities: tuple[CertificateSummary, ...] = ()
    withdrawn: tuple[CertificateSummary, ...] = ()
    releases: tuple[ReleaseNews, ...] = ()
    older: int = 0
    guides: tuple[Guide, ...] = ()
    keys: tuple[SiteKey, ...] = ()
    first_install: FirstInstall | None = None
    bundle_sha256: str = ""
    domains: dict[str, str] = {}
    limits: dict[str, str] = {}
    proof: ProofTable | None = None
