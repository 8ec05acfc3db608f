"""The lines by which somebody who knows the site's key verifies the page, with gpg and nothing of ours."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from builder.repositories.page.view import SiteView


def lines(view: SiteView) -> str:
    """Return shell lines that fetch page, status and list, and compare; empty for a site without signatures.

    The list's name holds its digest, and the signed status names the list.
    """
    files = [key.file for key in view.keys if key.kind == "OpenPGP"]
    if not files:
        return ""
    key = shlex.quote(files[0])
    return (
        f"site={shlex.quote(view.url)}\n"
        f'curl -fsS -O "$site/index.html" -O "$site/trustpack/status" -O "$site/"{key}\n'
        f"gpg --show-keys --with-fingerprint {key}\n"
        f"gpg --no-default-keyring --keyring ./site.gpg --import {key}\n"
        "gpgv --keyring ./site.gpg --output status.json status\n"
        "list=$(grep -o 'files-[0-9a-f]*\\.txt' status.json)\n"
        'curl -fsS -O "$site/trustpack/$list"\n'
        'digest=${list#files-}; echo "${digest%.txt}  $list" | sha256sum --check\n'
        'grep "^$(sha256sum index.html | cut -d \' \' -f 1) " "$list"\n'
    )
