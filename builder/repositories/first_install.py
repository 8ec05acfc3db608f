"""install.sh: what makes the site known to a machine that knows nothing of it yet, and how to run it safely.

It carries the public keys, and holds nothing of any release: one that was checked once stays the same.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from builder.render import template
from builder.render.shipped import ROOT
from builder.repositories import clients
from builder.repositories.shelf import EMPTY, newest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from builder.repositories.publication import Publication, SiteKeys
    from builder.repositories.shelf import Shelf

NAME = "install.sh"
_TEMPLATES = ROOT / "templates" / "site"
_MANAGERS = ("apt", "rpm", "apk")


def script(publication: Publication, shelves: Mapping[str, Shelf]) -> bytes:
    """Return install.sh for a site with these packages; empty where it could vouch for nothing.

    An unsigned site has none, nor has one without a package for any system.
    """
    usual = clients.usual(publication.organisation)
    wanted = clients.not_for_browsers
    packages = {name: newest(shelves.get(name, EMPTY), usual, wanted) for name in _MANAGERS}
    if publication.keys is None or not any(packages.values()):
        return b""
    scope = {
        **_about(publication, packages, _further(publication, shelves, packages)),
        **_keys(publication.keys),
        **_paths(publication),
        **_texts(publication, shelves),
    }
    return template.page(_TEMPLATES, "install.sh.j2", scope).rstrip(b"\n") + b"\n"


def kept_name(data: bytes) -> str:
    """Return the name under which a script stays on the site for good."""
    return f"install-{hashlib.sha256(data).hexdigest()}.sh"


def command(url: str, sha256: str) -> str:
    """Return the lines that fetch the script, and run it only where it has this digest.

    Whoever serves it may have a certificate that only what it installs makes trusted: the digest decides. In
    a folder of its own nobody else can change it between the comparison and the run.
    """
    return (
        'cd "$(mktemp -d)" &&\n'
        f"curl -fsSkLo install.sh {url}/install-{sha256}.sh &&\n"
        f'echo "{sha256}  install.sh" | sha256sum -c - && sudo sh install.sh\n'
    )


def command_without_curl(url: str, sha256: str) -> str:
    """Return the same for a Debian or Ubuntu that has neither curl nor wget."""
    insecure = "-o Acquire::https::Verify-Peer=false -o Acquire::https::Verify-Host=false"
    return (
        f"/usr/lib/apt/apt-helper {insecure} \\\n"
        f"    download-file {url}/install-{sha256}.sh install.sh SHA256:{sha256} && sh install.sh\n"
    )


def _further(
    publication: Publication, shelves: Mapping[str, Shelf], packages: Mapping[str, str]
) -> dict[str, str]:
    """Return what else releases have for each manager, names in a line: of targets of the owner's own."""
    organisation = publication.organisation
    found = {name: clients.own(_names(shelves, name), organisation) for name in _MANAGERS}
    known = {*packages.values(), clients.repository(organisation)}
    return {name: " ".join(one for one in names if one not in known) for name, names in found.items()}


def _names(shelves: Mapping[str, Shelf], manager: str) -> Sequence[str]:
    return shelves.get(manager, EMPTY).stock.released_names


def _about(
    publication: Publication, packages: Mapping[str, str], further: Mapping[str, str]
) -> dict[str, object]:
    organisation = publication.organisation
    tag = clients.apk_tag(organisation)
    return {
        "org": organisation,
        "url": publication.url,
        "host": urlsplit(publication.url).hostname or "",
        "slug": organisation.slug,
        "repository": clients.repository(organisation),
        "packages": packages,
        "further": further if any(further.values()) else {},
        "apk_names": tuple(f"{name}@{tag}" for name in (clients.repository(organisation), packages["apk"])),
    }


def _keys(keys: SiteKeys) -> dict[str, object]:
    """Return the keys in base64, so that each is one line; `key_ids` are rpm's two words for each of them."""
    names = list(keys.apk_keys)
    return {
        "openpgp": _encoded(keys.certificate),
        "apk_keys": tuple((f"apk_key_{at}", _encoded(key)) for at, key in enumerate(keys.apk_keys.values())),
        "apk_paths": tuple((clients.apk_key(name), f"apk_key_{at}") for at, name in enumerate(names)),
        "key_ids": tuple(
            f"{fingerprint.lower()}:{fingerprint[-8:].lower()}" for fingerprint in keys.certificates
        ),
    }


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _paths(publication: Publication) -> dict[str, object]:
    organisation = publication.organisation
    return {
        "apt_key": clients.apt_key(organisation),
        "apt_sources": clients.apt_sources(organisation),
        "apt_preferences": clients.apt_preferences(organisation),
        "rpm_key": clients.rpm_key(organisation),
        "dnf_repository": clients.dnf_repository(organisation),
        "zypper_repository": clients.zypper_repository(organisation),
        "apk_repository": clients.apk_repository(organisation),
    }


def _texts(publication: Publication, shelves: Mapping[str, Shelf]) -> dict[str, object]:
    def names(ecosystem: str) -> Sequence[str]:
        return clients.own(_names(shelves, ecosystem), publication.organisation)

    texts = {
        "sources": clients.sources(publication, names("apt")),
        "preferences": clients.preferences(publication, names("apt")),
        "dnf": clients.dnf(publication, names("rpm")),
        "zypper_first": clients.zypper(publication, checking=False),
    }
    found: dict[str, object] = {name: tuple(text.splitlines()) for name, text in texts.items()}
    return {**found, "apk": clients.apk(publication).rstrip("\n")}
