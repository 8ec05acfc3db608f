"""macOS: the keychains, and the settings that alone make a root in them trusted; by `security`, the system's.

Parsed from what Apple's documentation and manual pages show; no Mac has been asked.
"""

import re

from trust_doctor import der, stores
from trust_doctor.rows import Row

WANTED = frozenset()
_SECURITY = "/usr/bin/security"
_SYSTEM = "/Library/Keychains/System.keychain"
_SETTING = re.compile(r"(?m)^Cert \d+: (.*)$")
_UNTRUSTED = re.compile(r"kSecTrustSettingsResult(?:Deny|Unspecified|Invalid)")
_UNTRIED = "this part of the doctor has been tried with documented output only"


def rows(host):
    """Yield rows for the system's keychain and, as an ordinary user, one's own."""
    if host.system != "darwin":
        return
    for row in _keychain(host, "the system's keychain", _SYSTEM, ["-d"]):
        yield row
    if host.uid != 0 and host.homes:
        path = host.homes[0][1] + "/Library/Keychains/login.keychain-db"
        for row in _keychain(host, "one's own keychain", path, []):
            yield row


def _keychain(host, what, path, domain):
    said = host.tool([_SECURITY, "find-certificate", "-a", "-p", path])
    if said is None:
        return
    # Without settings this fails: "No Trust Settings were found."
    settings = (host.tool([_SECURITY, "dump-trust-settings", *domain]) or b"").decode("utf-8", "replace")
    trusted, left = split(stores.pem(said), settings)
    user = "" if domain else host.homes[0][0]
    note = "by the name that the settings have; " + _UNTRIED
    # Apple's own roots are in another keychain, and stay.
    yield Row("macos", what, path, trusted, user=user, note=note, replaces=bool(domain))
    if left:
        note = "in it, but no settings name them: a profile may make them trusted; " + _UNTRIED
        yield Row(
            "macos",
            what + ", without settings",
            path,
            left,
            effective=None,
            user=user,
            note=note,
            replaces=False,
        )


def split(ders, settings):
    """Return (the certificates that settings make trusted, the others), by the names that these show."""
    names = trusted_names(settings)
    trusted, left = [], []
    for octets in ders:
        try:
            said = dict(der.attributes(der.certificate(octets).subject))
        except der.DerError:
            continue
        is_named = any(said.get(kind) in names for kind in ("CN", "OU", "O"))
        (trusted if is_named else left).append(octets)
    return trusted, left


def trusted_names(settings):
    """Return the certificates' names in what dump-trust-settings prints, without those that it denies."""
    parts = _SETTING.split(settings)
    return {
        name.strip()
        for name, text in zip(parts[1::2], parts[2::2])
        if name.strip() and not _UNTRUSTED.search(text)
    }
