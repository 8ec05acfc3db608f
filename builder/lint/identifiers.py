"""Extensions by their object identifiers: what handshakes.csv calls each."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.x509 import Extension

# Extensions that clients know or people use, by what handshakes.csv calls them.
CALLED: Mapping[str, str] = {
    "2.5.29.9": "directory-attributes",
    "2.5.29.14": "key-identifier",
    "2.5.29.15": "key-usage",
    "2.5.29.16": "private-key-period",
    "2.5.29.17": "alternative-name",
    "2.5.29.18": "issuer-alternative-name",
    "2.5.29.19": "basic-constraints",
    "2.5.29.30": "name-constraints",
    "2.5.29.31": "crl-points",
    "2.5.29.32": "policies",
    "2.5.29.33": "policy-mappings",
    "2.5.29.35": "authority-identifier",
    "2.5.29.36": "policy-constraints",
    "2.5.29.37": "extended-key-usage",
    "2.5.29.46": "freshest-crl",
    "2.5.29.54": "inhibit-any-policy",
    "1.3.6.1.5.5.7.1.1": "authority-access",
    "1.3.6.1.5.5.7.1.3": "qualified-statements",
    "1.3.6.1.5.5.7.1.7": "ip-blocks",
    "1.3.6.1.5.5.7.1.8": "as-numbers",
    "1.3.6.1.5.5.7.1.11": "subject-access",
    "1.3.6.1.5.5.7.1.12": "logotype",
    "1.3.6.1.5.5.7.1.24": "tls-feature",
    "1.3.6.1.5.5.7.48.1.5": "ocsp-no-check",
    "1.3.6.1.4.1.311.20.2": "microsoft-template-name",
    "1.3.6.1.4.1.311.21.1": "microsoft-ca-version",
    "1.3.6.1.4.1.311.21.2": "microsoft-previous-hash",
    "1.3.6.1.4.1.311.21.7": "microsoft-template",
    "1.3.6.1.4.1.311.21.10": "microsoft-policies",
    "1.3.6.1.4.1.11129.2.4.2": "certificate-timestamps",
    "1.3.6.1.4.1.11129.2.4.3": "precertificate-poison",
    "2.16.840.1.113730.1.1": "netscape-type",
    "2.16.840.1.113730.1.2": "netscape-base-url",
    "2.16.840.1.113730.1.3": "netscape-revocation-url",
    "2.16.840.1.113730.1.4": "netscape-ca-revocation-url",
    "2.16.840.1.113730.1.7": "netscape-renewal-url",
    "2.16.840.1.113730.1.8": "netscape-policy-url",
    "2.16.840.1.113730.1.12": "netscape-server-name",
    "2.16.840.1.113730.1.13": "netscape-comment",
}
# A client may know those of them that nobody here has heard of: what it makes of one says nothing of others.
_STANDARD = ("2.5.29.", "1.3.6.1.5.5.7.", "2.16.840.1.113730.")
UNKNOWN = "unknown-form"  # what no row can answer: a form that nobody has tried


def called(extension: Extension) -> str:
    """Return what handshakes.csv calls an extension whose value is as it should be, critical or not."""
    how = "critical-" if extension.critical else ""
    if extension.oid in CALLED:
        return how + CALLED[extension.oid]
    if extension.oid.startswith(_STANDARD):
        return UNKNOWN
    return f"unknown-{how}extension"
