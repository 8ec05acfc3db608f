"""What people type to use the repository with dnf and with zypper."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from builder.repositories import clients
from builder.repositories.ecosystem import Instructions
from builder.repositories.shelf import newest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.model import Organisation
    from builder.repositories.publication import Publication
    from builder.repositories.shelf import Shelf

_VERIFY = "rpm -ql {} | grep '[.]crt$' | grep -v /blocklist/ | xargs openssl verify\n"
_OWNED = (
    "{} owns the address and the keys from then on, so that new keys come by an ordinary upgrade, and keeps "
    "dnf from taking any other package from here."
)
_ZYPPER_OWNED = "{} owns the address and the keys from then on: new keys come by an ordinary upgrade."
_ZYPPER_OPEN = (
    "zypper cannot be told which packages it may take from here; of a name that the distribution has too, it "
    "keeps the distribution's."
)
_FROZEN = "An old copy of the repository in the place of a newer one is not noticed by dnf."
_WARNED = "Of an old copy of the repository in the place of a newer one zypper warns once it has expired."


def instructions(shelf: Shelf, publication: Publication) -> Sequence[Instructions]:
    """Return what people type on Fedora and its kin, and on openSUSE and SLES."""
    organisation = publication.organisation
    names = clients.own(shelf.stock.offered_names, organisation)
    dnf = clients.written(clients.dnf_repository(organisation), clients.dnf(publication, names))
    zypper = clients.written(clients.zypper_repository(organisation), clients.zypper(publication))
    known = f"sudo rpm --import {clients.rpm_key(organisation)}\n" if publication.keys else ""
    setups = _key(publication) + dnf, _key(publication) + known + zypper
    name = newest(shelf, clients.usual(organisation), clients.not_for_browsers)
    browsers = newest(shelf, clients.usual_for_browsers(organisation), clients.for_browsers)
    return (
        *(_of_systems(name, setups, organisation, browsers) if name else ()),
        *(_of_browsers(browsers, setups, organisation) if browsers else ()),
    )


def _of_systems(
    name: str, setups: tuple[str, str], organisation: Organisation, browsers: str
) -> Sequence[Instructions]:
    own = clients.repository(organisation)
    keeping = (clients.KEEPING.format(own, browsers),) if browsers else ()
    return (
        Instructions(
            id="dnf",
            title="Fedora and Enterprise Linux (dnf)",
            setup=setups[0],
            install=f"sudo dnf install {own} {name}\n",
            verify=_VERIFY.format(name),
            upgrade=f"sudo dnf upgrade --refresh {name}\n",
            remove=f"sudo dnf remove {name} {own}\n",
            notes=(_OWNED.format(own), _FROZEN, *keeping),
        ),
        Instructions(
            id="zypper",
            title="openSUSE and SLES (zypper)",
            setup=setups[1],
            install=f"sudo zypper install {own} {name}\n",
            verify=_VERIFY.format(name),
            upgrade=f"sudo zypper refresh && sudo zypper update {name}\n",
            remove=f"sudo zypper remove {name} {own}\n",
            notes=(_ZYPPER_OWNED.format(own), _ZYPPER_OPEN, _WARNED, *keeping),
        ),
    )


def _of_browsers(name: str, setups: tuple[str, str], organisation: Organisation) -> Sequence[Instructions]:
    own = clients.repository(organisation)
    return (
        Instructions(
            id="dnf-browsers",
            title="Browsers on Fedora and Enterprise Linux (dnf)",
            setup=setups[0],
            install=f"sudo dnf install {own} {name}\n",
            verify=clients.sees_policies(name),
            upgrade=f"sudo dnf upgrade --refresh {name}\n",
            remove=f"sudo dnf remove {name}\n",
            notes=clients.BROWSER_NOTES,
        ),
        Instructions(
            id="zypper-browsers",
            title="Browsers on openSUSE and SLES (zypper)",
            setup=setups[1],
            install=f"sudo zypper install {own} {name}\n",
            verify=clients.sees_policies(name),
            upgrade=f"sudo zypper refresh && sudo zypper update {name}\n",
            remove=f"sudo zypper remove {name}\n",
            notes=clients.BROWSER_NOTES,
        ),
    )


def _key(publication: Publication) -> str:
    if publication.keys is None:
        return ""
    digest = hashlib.sha256(publication.keys.certificate).hexdigest()
    address = f"{publication.url}/{clients.certificate(publication.organisation)}"
    return clients.checked(address, clients.rpm_key(publication.organisation), digest)
