"""What the release or the site in a package's folder says that CAs are meant for; nothing verifies it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from builder.inspect import Contents, Held
    from builder.model import CertificateSummary


def with_domains(contents: Contents, folder: Path) -> Contents:
    """Return a package's contents with the domains of CAs of which it says none itself."""
    known = _known(folder)
    if not known:
        return contents
    return replace(contents, certificates=tuple(_with(one, known) for one in contents.certificates))


def _with(one: Held, known: Mapping[str, tuple[str, ...]]) -> Held:
    from msgspec import structs

    domains = known.get(one.certificate.sha256, ())
    if one.certificate.domains or not domains:
        return one
    return replace(one, certificate=structs.replace(one.certificate, domains=domains))


def _known(folder: Path) -> dict[str, tuple[str, ...]]:
    """Return the domains by SHA-256; none where neither is there, or what is cannot be read."""
    from builder.errors import OutputError, SiteError
    from builder.text.quoting import visible

    try:
        said = list(_said(folder))
    except (OutputError, SiteError):
        return {}  # which is no matter of the package's
    return {one.sha256: tuple(map(visible, one.domains)) for one in said if one.domains}


def _said(folder: Path) -> Iterable[CertificateSummary]:
    from builder.release import manifest
    from builder.repositories import site, state, status
    from builder.text import files

    if found := manifest.read_manifest(folder):
        return found.certificates
    where = folder / status.STATUS
    try:
        text = files.text(where, status.LIMIT)
    except (OSError, UnicodeDecodeError):
        return ()
    listed = status.claimed(text, str(where)).state.listed
    held = state.from_lines(site.chunks(folder, listed), str(folder / listed.path))
    return held.authorities.values()
