"""The lines by which somebody who knows the site's key verifies the page, with gpg and nothing of ours."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from builder.repositories.page.view import SiteView


def fetching(view: SiteView) -> str:
    """Return shell lines that fetch page, status and keys, and show the keys; empty for an unsigned site."""
    key = _key(view)
    if not key:
        return ""
    return (
        f"site={shlex.quote(view.url)}\n"
        f'curl -fsS -O "$site/index.html" -O "$site/trustpack/status" -O "$site/"{key}\n'
        f"gpg --show-keys --with-fingerprint {key}\n"
    )


def comparing(view: SiteView) -> str:
    """Return shell lines that go on from there: the status names the list, whose name holds its digest."""
    key = _key(view)
    if not key:
        return ""
    return (
        f"gpg --no-default-keyring --keyring ./site.gpg --import {key}\n"
        "gpgv --keyring ./site.gpg --output status.json status\n"
        "list=$(grep -o 'files-[0-9a-f]*\\.txt' status.json)\n"
        'curl -fsS -O "$site/trustpack/$list"\n'
        'digest=${list#files-}; echo "${digest%.txt}  $list" | sha256sum --check\n'
        'grep "^$(sha256sum index.html | cut -d \' \' -f 1) .* index.html$" "$list"\n'
    )


def _key(view: SiteView) -> str:
    """Return the file of the OpenPGP keys, quoted for a shell; empty where there are none."""
    return next((shlex.quote(key.file) for key in view.keys if key.kind == "OpenPGP"), "")
