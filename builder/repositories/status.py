"""The site's own word on what it holds: `trustpack/status`, JSON in a cleartext signature, written last.

It has the release, until when it counts and a counter that rises, so that whoever remembers one sees a site
that stands still or goes back; and the digest of the list, which has every other file's.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import msgspec

from builder.errors import SiteError
from builder.model.certificate import Fingerprint  # noqa: TC001  msgspec reads annotations at run time
from builder.repositories.sitefile import Count, Kind, Listed
from builder.repositories.state import OURS
from builder.text.quoting import visible
from builder.text.times import Second  # noqa: TC001  msgspec reads annotations at run time
from builder.text.values import END

if TYPE_CHECKING:
    from builder.repositories.publication import SiteKeys, StatusOpener

STATUS = f"{OURS}/status"
_ARMOR = "-----BEGIN PGP SIGNED MESSAGE-----"
_SCHEMA = 1
LIMIT = 64 * 1024  # bytes


# What is not signed may be anybody's, and is shown all the same: words without blanks and controls.
Word = Annotated[str, msgspec.Meta(pattern=r"^[!-~]*" + END)]


class Reference(msgspec.Struct, frozen=True):
    """A file of the site by its path and digest, and its size in bytes: nobody needs to read more."""

    path: str
    sha256: Fingerprint
    size: Count

    @property
    def listed(self) -> Listed:
        """It, as a list would have it."""
        return Listed(self.path, Kind.HASHED, self.size, self.sha256)


class SiteStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What a site says of itself; times are seconds since 1970, `release` the newest that it offers."""

    organisation: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]*" + END)]
    url: Word
    release: Word
    counter: Count
    time: Second
    expires: Second
    files: Reference
    state: Reference
    schema: int = _SCHEMA

    @property
    def mark(self) -> str:
        """What names this publication in the lineage of later ones."""
        return self.files.sha256[:16]


def to_text(status: SiteStatus, keys: SiteKeys | None) -> str:
    """Return the status file, signed unless there are no keys."""
    text = json.dumps(msgspec.to_builtins(status), indent=1) + "\n"
    return keys.clear(text, time=status.time) if keys else text


def is_signed(text: str) -> bool:
    """Tell whether a status file has a signature, whosever it is."""
    return text.startswith(_ARMOR)


def parse(text: str, where: str, keys: StatusOpener | None) -> SiteStatus:
    """Return what a status file says; raise SiteError or SignatureError unless `keys` vouch for it.

    Without keys it must be unsigned: what cannot be verified is not believed.
    """
    if is_signed(text) and keys is None:
        raise SiteError(
            f"{where}: is signed, and there is no key to verify it", hint="give its keys, by --keys"
        )
    if not is_signed(text) and keys is not None:
        raise SiteError(
            f"{where}: is not signed, and here are keys",
            hint="a site that was built with --unsigned is signed by 'trustpack sign SITE'",
        )
    return _decoded(keys.opened(text) if keys else text, where)


def claimed(text: str, where: str) -> SiteStatus:
    """Return what a status file says, whoever wrote it: to be shown, never to be believed.

    Raises SiteError for what is no status.
    """
    if is_signed(text):
        text = text.partition("\n\n")[2].partition("\n-----BEGIN PGP SIGNATURE-----")[0]
    return _decoded(text, where)


def _decoded(plain: str, where: str) -> SiteStatus:
    try:
        found = msgspec.json.decode(plain, type=SiteStatus)
    except (msgspec.DecodeError, RecursionError) as error:
        raise SiteError(f"{where}: cannot be understood: {visible(str(error))}") from None
    if found.schema != _SCHEMA:
        raise SiteError(f"{where}: has schema {found.schema}, and this trustpack knows {_SCHEMA}")
    for one, name in ((found.files, "files-{}.txt"), (found.state, "state-{}.jsonl")):
        # A path of somebody else's could lead out of the site.
        if one.path != f"{OURS}/{name.format(one.sha256)}":
            raise SiteError(f"{where}: names {visible(one.path)}, which is no file of a site's")
    return found
