"""What distrusting a CA can do on each platform: being left out is always possible, being blocked is not."""

from __future__ import annotations

# Each target's sentence; where no place for distrust is named, the platform has none.
PLACES = {
    "apk": "Alpine's store has no place for distrust: the CA is left out of this package only",
    "deb": "upgrading takes this package's own entries out of /etc/ca-certificates.conf and untrusts the CA; "
    "it stays trusted where another package or the administrator has added it",
    "gem": "Ruby has no list of distrusted CAs: the CA is left out of this gem's bundle only",
    "homebrew": "OpenSSL's folder has no place for distrust: the CA is left out of this formula only",
    "npm": "Node.js has no list of distrusted CAs: the CA is left out of this package's bundle only",
    "pem": "a PEM file can only trust: the CA is left out of it",
    "rpm": "the CA is put into p11-kit's blocklist folders, so it is distrusted whoever else has added it",
    "wheel": "Python has no list of distrusted CAs: the CA is left out of this wheel's bundle only",
}
UNKNOWN = (
    "this recipe is your own: the CA is left out, and blocked where the recipe has 'content: distrusted'"
)


def place(target: str) -> str:
    """Return one sentence about what distrust does on a target."""
    return PLACES.get(target, UNKNOWN)
