"""A site's public keys as the site itself has them, for whoever has some of them from elsewhere.

Whoever trusts one that has signed the list and the state knows the others by it, and what each is for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from builder.errors import SiteError
from builder.repositories import clients
from builder.repositories import site as sites
from builder.signing import armor, openpgp, statement_key
from builder.signing.packets import Unsupported
from builder.signing.site_verifier import SiteVerifier
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from builder.repositories.publication import StatusOpener
    from builder.repositories.site import Site
    from builder.signing.keyring import Role
    from builder.signing.openpgp import PublicKey

_FOLDER = "give the folder of its public keys, with keys.json: 'trustpack keys' has made it"


class PublishedKeys(msgspec.Struct, frozen=True):
    """See PublicSiteKeys; `given` is what somebody has from elsewhere, which alone opens the status."""

    given: StatusOpener
    certificate: bytes
    certificates: Mapping[str, bytes]
    roles: Mapping[str, Role]
    apk_keys: Mapping[str, bytes]
    statement_keys: Mapping[str, bytes]

    @property
    def signer(self) -> str:
        """The fingerprint of the key that signs packages."""
        return next(iter(self.certificates))

    def opened(self, text: str) -> str:
        """Return the text in a cleartext signature; raise SignatureError unless a given key has made it."""
        return self.given.opened(text)


def read(folder: Path, given: SiteVerifier) -> tuple[PublishedKeys, SiteVerifier]:
    """Return the keys of the site in a folder, which the `given` ones vouch for, and what verifies by them.

    Of a kind of which some were given, these alone are believed; of OpenPGP's, those that the site names,
    too. Raises SignatureError, and SiteError where the site does not say what each of its keys is for.
    """
    site = sites.read(folder, given)
    if site is None:
        raise SiteError(f"{folder}: holds no site", hint="name a site's folder or its address")
    found = _published(site, given)
    certificates = [one for one, _ in _certificates(found.certificate, "it").values()]
    keys = dict.fromkeys([*given.keys, *certificates])
    apk, statement = given.apk_keys or found.apk_keys, given.statement_keys or found.statement_keys
    return found, SiteVerifier(tuple(keys), apk, statement)


def _published(site: Site, given: StatusOpener) -> PublishedKeys:
    roles = dict(site.state.keys)
    if not roles:
        raise SiteError(f"{site.folder}: does not say which of its keys is the current one", hint=_FOLDER)
    name = clients.certificate(site.state.organisation)
    content = _content(site, name)
    armored = {one: text for one, (_, text) in _certificates(content, f"{site.folder}/{name}").items()}
    files = [one for one in roles if one not in armored]
    statements = [one for one in files if one.endswith(statement_key.ENDING)]
    found = PublishedKeys(
        given=given,
        certificate=content,
        certificates={one: armored[one] for one in roles if one in armored},
        roles=roles,
        apk_keys={one: _content(site, one) for one in files if one not in statements},
        statement_keys={one: _content(site, one) for one in statements},
    )
    if found.certificates.keys() != armored.keys() or not armored:
        raise SiteError(f"{site.folder}/{name}: has other keys than the site's state says", hint=_FOLDER)
    return found


def _certificates(data: bytes, where: str) -> Mapping[str, tuple[PublicKey, bytes]]:
    """Return each key in armored blocks by its fingerprint, and its own block; raise SiteError."""
    found = {}
    try:
        for packets in armor.blocks(data.decode("ascii"), armor.PUBLIC):
            public, _ = openpgp.read_certificate(packets)
            found[public.fingerprint] = public, armor.armor(armor.PUBLIC, packets).encode()
    except (Unsupported, ValueError):
        raise SiteError(f"{where}: has a key that cannot be read", hint=_FOLDER) from None
    return found


def _content(site: Site, path: str) -> bytes:
    """Return a file of the site; raise SiteError where it is another one, or none of the site's."""
    for listed in site.touched([path]):
        if listed.path == path:
            return b"".join(sites.chunks(site.folder, listed))
    raise SiteError(f"{site.folder}: has no {visible(path)}, which its state names", hint=_FOLDER)
