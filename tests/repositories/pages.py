"""Front pages to be looked at and tested: of an ordinary site, and of those that would break a careless one.

`python -m tests.repositories.pages FOLDER` writes each as HTML and as pictures: three sizes, light and dark.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from builder.model import CertificateSummary
from builder.repositories import page
from builder.repositories.ecosystem import Instructions
from builder.repositories.page import FirstInstall, Guide, ProofTable, ProvenClient, SiteKey, SiteView
from builder.repositories.publication import Publication
from builder.repositories.state import PublishedRelease, SiteState
from tests.repositories import chromium
from tests.unit import bundles

if TYPE_CHECKING:
    from collections.abc import Iterable

URL = "https://pkgs.acme.internal"
SIZES = {"desktop": (1440, 900), "tablet": (820, 1100), "phone": (360, 780)}
_NEVER = dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC)
# Markup, script, an entity, a direction turned round, a bell, and a word too long for any screen.
HOSTILE = (
    "</title></script><script>document.title='taken'</script><img src=x onerror=alert(1)>&amp;\"' \u202egro\a"
)
_LONG = "Ünbrëchbar" * 60


def digest(text: str) -> str:
    """Return some digest."""
    return hashlib.sha256(text.encode()).hexdigest()


def ca(name: str, begins: int, ends: int, **said: Any) -> CertificateSummary:
    """Return a CA, valid from the beginning of one year to that of another."""
    plain = CertificateSummary(
        sha256=digest(name),
        subject=f"CN={name},O=Acme Corporation,C=DE",
        key="RSA 4096",
        not_before=dt.datetime(begins, 3, 4, tzinfo=dt.UTC),
        not_after=dt.datetime(ends, 3, 4, tzinfo=dt.UTC),
    )
    return replace(plain, **said)


R0 = ca("Acme Root R0", 2009, 2024)
R1 = ca("Acme Root R1", 2019, 2031, state="retiring", until="2027-03-01", owner="PKI team")
R2 = ca("Acme Root R2", 2024, 2044, key="EC secp384r1", owner="PKI team")
R3 = ca("Acme Root R3", 2026, 2046, key="EC secp384r1", state="incoming", until="2027-02-01")
DEVELOPMENT = ca(
    "Acme Development CA", 2025, 2028, state="active", domains=("dev.acme.internal", "10.7.0.0/16")
)
WEB = ca("Acme Web CA 2017", 2017, 2027, state="distrusted", since="2026-10-02", evidence="https://wiki/4711")
_DAYS = {"20260110": 1768003200, "20260601": 1780272000, "20261002": 1790899200, "20261128": 1795824000}


def _release(
    release: str, trusted: Iterable[CertificateSummary], *distrusted: CertificateSummary, withdrawn: str = ""
) -> PublishedRelease:
    return PublishedRelease(
        release,
        _DAYS[release],
        _DAYS[release] + 3600,
        tuple(one.sha256 for one in trusted),
        tuple(one.sha256 for one in distrusted),
        withdrawn=withdrawn,
        withdrawn_at=_DAYS["20261002"] if withdrawn else 0,
        domains={"browsers": "enforced", "deb": "allowed", "go": "enforced", "rpm": "allowed"},
    )


STATE = SiteState(
    organisation=bundles.organisation(name="Acme Corporation"),
    url=URL,
    authorities={one.sha256: one for one in (R0, R1, R2, R3, DEVELOPMENT, WEB)},
    releases=(
        _release("20260110", (R0, R1, R2, WEB)),
        _release("20260601", (R1, R2, WEB, DEVELOPMENT), withdrawn="Acme Web CA 2017 was compromised"),
        _release("20261002", (R1, R2, DEVELOPMENT), WEB),
        _release("20261128", (R1, R2, R3, DEVELOPMENT), WEB),
    ),
)


def _guide(ecosystem: str, name: str, title: str, *commands: str, notes: tuple[str, ...] = ()) -> Guide:
    setup, install, verify, upgrade, remove = (f"{command}\n" if command else "" for command in commands)
    return Guide(ecosystem, Instructions(name, title, setup, install, verify, upgrade, remove, notes))


_SETUP = (
    f"curl -fsSO {URL}/acme-repository.deb\n"
    f"echo '{digest('deb')}  acme-repository.deb' | sha256sum --check\n"
    "sudo apt-get install ./acme-repository.deb\nsudo apt-get update"
)
GUIDES = (
    _guide(
        *("apt", "apt", "Debian, Ubuntu", _SETUP, "sudo apt-get install acme-ca-certs"),
        *("curl https://intern.acme.internal", "sudo apt-get upgrade", "sudo apt-get purge acme-ca-certs"),
        notes=("From this site apt takes packages named acme-* alone.",),
    ),
    _guide(
        *("rpm", "dnf", "Fedora, Red Hat", "sudo rpm --import acme.asc", "sudo dnf install acme-ca-certs"),
        *("trust list | grep Acme", "sudo dnf upgrade", "sudo dnf remove acme-ca-certs"),
    ),
    _guide(
        *("brew", "brew", "macOS: Homebrew", f"brew tap acme/ca {URL}/brew/acme.git"),
        *(
            "brew install acme-ca-certs",
            "brew list acme-ca-certs",
            "brew upgrade",
            "brew uninstall acme-ca-certs",
        ),
    ),
    _guide(
        *("pypi", "pip", "Python: pip", "", f"pip install --index-url {URL}/pypi/simple/ acme-certifi"),
        *("acme-certifi doctor", "pip install --upgrade acme-certifi", "pip uninstall acme-certifi"),
        notes=("Never with --extra-index-url: a public package of the same name could win.",),
    ),
    _guide(
        *("npm", "npm", "Node.js: npm", f"npm config set @acme:registry {URL}/npm/", "npm install @acme/ca"),
        *("npx acme-ca doctor", "npm update @acme/ca", "npm uninstall @acme/ca"),
    ),
)
KEYS = (
    SiteKey("OpenPGP", "current", "acme.asc", digest("1")[:40].upper()),
    SiteKey("OpenPGP", "next", "acme.asc", digest("2")[:40].upper()),
    SiteKey("apk", "current", "acme-1.rsa.pub", digest("3")),
    SiteKey("apk", "next", "acme-2.rsa.pub", digest("4")),
)
_FIRST = FirstInstall(
    "install.sh",
    digest("install"),
    f"curl -fsSO {URL}/install.sh\n"
    f"echo '{digest('install')}  install.sh' | sha256sum --check && sudo sh install.sh\n",
)
PROOF = ProofTable(
    "20261128",
    "2026-11-28T12:03:55Z",
    (
        ProvenClient("deb", "curl 7.88.1", "proven"),
        ProvenClient("homebrew", "*", "absent", "brew is not installed"),
        ProvenClient("rpm", "curl 8.14", "stand-in", "Debian's p11-kit stands in for Fedora's"),
        ProvenClient("npm", "node 18.20", "failed", "accepted a server under a distrusted CA"),
    ),
)


def view(*, time: int, valid: int = 60 * 86_400) -> SiteView:
    """Return what an ordinary site shows that was signed at `time` and is good for `valid` seconds."""
    publication = Publication(STATE.organisation, URL, time, time + valid, 12, None)
    found = page.of_state(
        STATE,
        publication,
        guides=GUIDES,
        first_install=_FIRST,
        bundle_sha256=digest("bundle"),
        proof=PROOF,
    )
    return replace(found, keys=KEYS)


def hostile(*, time: int) -> SiteView:
    """Return the view of a site whose every text is made to break the page."""
    found = view(time=time)
    bad = [
        ca(HOSTILE, 2020, 2030, subject=f"CN={HOSTILE}", owner=HOSTILE, evidence="javascript:alert(1)"),
        replace(ca(_LONG, 2020, 2030, subject=f"CN={_LONG}"), not_after=_NEVER),
        replace(R2, sha256=digest("dateless"), not_before=None, not_after=None),
        replace(R2, sha256=digest("nameless"), subject=""),
        replace(R2, sha256=digest("turned"), not_before=R2.not_after, not_after=R2.not_before),
    ]
    texts = dict.fromkeys(("setup", "install", "verify", "upgrade", "remove"), f"{HOSTILE}\n{HOSTILE}\n")
    owner = replace(found.organisation, name=HOSTILE, homepage="javascript:alert(1)", contact_name=HOSTILE)
    guides = [
        replace(each.instructions, title=f"{HOSTILE} {each.ecosystem}", notes=(HOSTILE, _LONG), **texts)
        for each in GUIDES
    ]
    clients = tuple(replace(one, client=HOSTILE, said=_LONG) for one in PROOF.clients)
    return replace(
        found,
        organisation=owner,
        url=f"https://acme.internal/{_LONG}",
        authorities=tuple(bad),
        domains={HOSTILE: "allowed", _LONG: "enforced"},
        releases=(replace(found.releases[0], added=tuple(bad), withdrawn=f"{HOSTILE} {_LONG}"),),
        guides=tuple(Guide(old.ecosystem, new) for old, new in zip(GUIDES, guides, strict=True)),
        proof=replace(PROOF, clients=clients),
    )


def unsigned(*, time: int) -> SiteView:
    """Return the view of a new site without keys, certificates and releases."""
    found = view(time=time)
    return SiteView(
        organisation=found.organisation, url=URL, time=time, expires=found.expires, counter=1, guides=GUIDES
    )


def crowded(*, time: int) -> SiteView:
    """Return the view of a site with a thousand CAs and as many changes."""
    many = tuple(ca(f"Acme Root {number}", 2010 + number % 15, 2027 + number % 25) for number in range(1000))
    found = view(time=time)
    return replace(found, authorities=many, releases=(replace(found.releases[0], added=many),), older=1960)


VIEWS = {"ordinary": view, "hostile": hostile, "unsigned": unsigned, "crowded": crowded}


def _main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    now = int(dt.datetime.now(dt.UTC).timestamp())
    with chromium.started(folder / "profile") as browser:
        for name, made in VIEWS.items():
            file = folder / f"{name}.html"
            file.write_bytes(page.render(made(time=now)))
            for size, (width, height) in SIZES.items():
                for dark in (False, True):
                    tab = browser.page(file.resolve().as_uri(), width=width, height=height, dark=dark)
                    tab.screenshot(folder / f"{name}-{size}-{'dark' if dark else 'light'}.png")
                    tab.close()


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
