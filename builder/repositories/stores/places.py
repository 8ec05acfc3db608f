"""What people name as the place of a site: a folder, a bucket, or an address to read from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from builder.errors import UsageError
from builder.repositories.stores import bucket
from builder.repositories.stores.folder import FolderStore
from builder.repositories.stores.web import WebReader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from builder.repositories.stores.lease import Clock
    from builder.repositories.stores.store import SiteReader, SiteStore

_WEB = ("https", "http")
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")


def writable(place: str, environment: Mapping[str, str], *, holder: str, clock: Clock) -> SiteStore:
    """Return the store that a place is; see `bucket.opened` for the rest. Raises UsageError for no store."""
    scheme = _scheme(place)
    if scheme in bucket.SCHEMES:
        return bucket.opened(place, environment, holder=holder, clock=clock)
    if scheme:
        raise UsageError(
            f"{place}: cannot be written to",
            hint=f"give a folder or a bucket ({_choice(bucket.SCHEMES)}); for other hosts, see "
            "'trustpack docs run-your-own-site'",
        )
    return FolderStore(Path(place))


def readable(
    place: str,
    environment: Mapping[str, str],
    *,
    holder: str,
    clock: Clock,
    ca_file: Path | None = None,
    proxy: Callable[[str, str], str | None] = lambda _scheme, _host: None,
) -> SiteReader:
    """Return what reads a place; `ca_file` and `proxy` as WebReader has them. Raises UsageError."""
    scheme = _scheme(place)
    if scheme in _WEB:
        return WebReader(place, ca_file=ca_file, proxy=proxy)
    if scheme and scheme not in bucket.SCHEMES:
        known = _choice((*_WEB, *bucket.SCHEMES))
        raise UsageError(
            f"{place}: is no address that is known here", hint=f"give a folder, or one of {known}"
        )
    return writable(place, environment, holder=holder, clock=clock)


def _scheme(place: str) -> str:
    found = _ADDRESS.match(place)
    return found[1].lower() if found else ""


def _choice(schemes: tuple[str, ...]) -> str:
    return ", ".join(f"{scheme}://" for scheme in schemes)
