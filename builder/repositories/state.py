"""What a site is made of, and all else on it is derived from: its state, `trustpack/state-….jsonl`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec.structs import replace

from builder.errors import SiteError
from builder.model import FILE_NAME, CertificateSummary, Organisation
from builder.model.release import GRAMMAR
from builder.release.manifest import DocumentKind  # noqa: TC001  msgspec reads annotations
from builder.repositories.entry import RESTORE
from builder.repositories.sitefile import Count, Listed  # noqa: TC001  as above
from builder.signing.keyring import Role  # noqa: TC001  as above
from builder.text.lines import whole_lines
from builder.text.quoting import visible
from builder.text.times import Second  # noqa: TC001  as above
from builder.text.values import END

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

OURS = "trustpack"  # the folder below the site's root that package managers do not read
_SCHEMA = 1
_AT_ONCE = 1000  # lines


class PublishedDocument(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A document about a release: its path, and of an envelope the fingerprints of the keys that signed."""

    kind: DocumentKind
    path: Annotated[str, msgspec.Meta(pattern=rf"^{OURS}/documents/[0-9a-f]{{64}}/{FILE_NAME}" + END)]
    signers: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        """What it is called in the release's folder."""
        return self.path.rpartition("/")[2]

    @property
    def sha256(self) -> str:
        """The digest of its bytes."""
        return self.path.split("/")[2]


class PublishedRelease(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A release that is on the site; times are seconds since 1970.

    `certificates` and `distrusted` are fingerprints, `states` tells of those of the first that are not just
    active, and `bundle` is the path of its roots in PEM. `documents` are what came with it. `domains` says
    for each target what becomes of CAs' domains, where a CA has some.
    """

    release: Annotated[str, msgspec.Meta(pattern=rf"^{GRAMMAR.pattern}" + END)]
    epoch: Second
    added: Second
    certificates: tuple[str, ...]
    distrusted: tuple[str, ...] = ()
    states: dict[str, str] = {}
    bundle: Annotated[str, msgspec.Meta(pattern=rf"^({OURS}/bundles/[0-9a-f]{{64}}\.pem)?" + END)] = ""
    withdrawn: str = ""
    withdrawn_at: Second = 0
    documents: tuple[PublishedDocument, ...] = ()
    domains: dict[str, str] = {}

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of all that belongs to the release itself, and to none of its packages."""
        return (*([self.bundle] if self.bundle else []), *(one.path for one in self.documents))


class SiteState(msgspec.Struct, frozen=True, kw_only=True):
    """All that a site keeps; `time` is when it was last signed, and `expires` until when that counts.

    `authorities` are the certificates that any release names, by fingerprint. `shelves` are the files of each
    ecosystem's kept texts, by text; see shelf.py. `superseded` are the files that stay for whoever has read
    an older index, with the publication that replaced each. `remembered` is what single parts keep for
    themselves (their name, and JSON of theirs). `architectures` are those for which it was derived, and
    `scripts` all that ever were install.sh, by the names that have their digests, the present one last.
    `keys` are the public keys, by fingerprint or file name, each with what it is: see PublicSiteKeys.
    `lineage` are the publications that this one follows, the last one last: the first 16 hex digits of the
    digests of their lists. `made_by` is what has made the indexes: see maker.py.
    """

    organisation: Organisation
    url: str
    counter: Count = 0
    time: Second = 0
    expires: Second = 0
    authorities: dict[str, CertificateSummary] = {}
    releases: tuple[PublishedRelease, ...] = ()
    shelves: dict[str, dict[str, Listed]] = {}
    superseded: dict[str, int] = {}
    remembered: dict[str, Any] = {}
    architectures: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    keys: tuple[tuple[str, Role], ...] = ()
    lineage: tuple[str, ...] = ()
    made_by: str = ""
    schema: int = _SCHEMA

    @property
    def offered(self) -> tuple[PublishedRelease, ...]:
        """The releases that are not withdrawn, in the order of their numbers."""
        return tuple([one for one in self.releases if not one.withdrawn])

    @property
    def withdrawn(self) -> dict[str, PublishedRelease]:
        """The others, by their names."""
        return {one.release: one for one in self.releases if one.withdrawn}


_encoder = msgspec.json.Encoder(order="deterministic")
_releases = msgspec.json.Decoder(PublishedRelease)


def to_lines(state: SiteState) -> Iterator[bytes]:
    """Yield a state as its file holds it, the same bytes for the same state, in chunks.

    JSON, a line each: the state without its releases, and then these, of which there may be thousands.
    """
    yield _encoder.encode(replace(state, releases=())) + b"\n"
    for at in range(0, len(state.releases), _AT_ONCE):
        yield _encoder.encode_lines(state.releases[at : at + _AT_ONCE])


def from_lines(chunks: Iterable[bytes], where: str) -> SiteState:
    """Return the state that a file holds; raise SiteError for what no trustpack wrote."""
    found: SiteState | None = None
    releases: list[PublishedRelease] = []
    shared: dict[object, Any] = {}
    lists: dict[tuple[str, ...], tuple[str, ...]] = {}
    try:
        for lines in whole_lines(chunks):
            if found is None:
                first, _, lines = lines.partition(b"\n")  # noqa: PLW2901
                found = msgspec.json.decode(first, type=SiteState)
            releases += [_sharing(one, shared, lists) for one in _releases.decode_lines(lines)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SiteError(f"{where}: cannot be understood: {visible(str(error))}", hint=RESTORE) from None
    if found is None:
        raise SiteError(f"{where}: is empty", hint=RESTORE)
    if found.schema != _SCHEMA:
        raise SiteError(
            f"{where}: has schema {found.schema}, and this trustpack knows {_SCHEMA}",
            hint="use the trustpack that wrote it, or a newer one",
        )
    if unknown := {key for each in lists for key in each} - found.authorities.keys():
        raise SiteError(f"{where}: tells nothing of the CA {visible(min(unknown))}", hint=RESTORE)
    return replace(found, releases=tuple(releases))


def _sharing(
    one: PublishedRelease, shared: dict[object, Any], lists: dict[tuple[str, ...], tuple[str, ...]]
) -> PublishedRelease:
    """Return a release that holds no CAs of its own where another release has the same."""
    return replace(
        one,
        certificates=lists.setdefault(one.certificates, one.certificates),
        distrusted=lists.setdefault(one.distrusted, one.distrusted),
        states=shared.setdefault(("states", *one.states.items()), one.states),
        bundle=shared.setdefault(one.bundle, one.bundle),
        domains=shared.setdefault(("domains", *one.domains.items()), one.domains),
    )
