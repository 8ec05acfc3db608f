"""Every rule there is: what it is called, how bad it is, why it matters and what to do about it.

The one place for these facts: findings, `trustpack explain`, SARIF and the tests read them here.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal

import msgspec

from builder.errors import UsageError
from builder.model import Finding, Severity

if TYPE_CHECKING:
    from builder.model import Origin

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE


class Rule(msgspec.Struct, frozen=True):
    """One rule: `why` it matters and what to do (`todo`), a sentence each.

    `final` rules have no override: either no certificate could be named, or no reason is good enough.
    """

    id: str
    group: Literal["input", "certificate", "bundle"]
    severity: Severity
    why: str
    todo: str
    final: bool = False


def _input(severity: Severity, id_: str, why: str, todo: str) -> Rule:
    return Rule(id_, "input", severity, why, todo, final=True)


def _certificate(severity: Severity, id_: str, why: str, todo: str) -> Rule:
    return Rule(id_, "certificate", severity, why, todo)


def _bundle(severity: Severity, id_: str, why: str, todo: str, *, final: bool = False) -> Rule:
    return Rule(id_, "bundle", severity, why, todo, final=final)


_REISSUE = (
    "issue the CA certificate anew without the fault, or record an override with a reason and an end date"
)
_NEXT = "issue the CA certificate anew without the fault, before machines get a runtime that refuses it"
_EXPORT = "export the file again from where it came"
_NORMALISED = "nothing must be done: the packages hold a clean copy"

_ALL = (
    # What a file may be.
    _input(
        ERROR,
        "private-key",
        "whoever reads the package could issue certificates that every machine trusts",
        "remove the key from the input, keep it where only the CA reads it, and ask who else has seen it",
    ),
    _input(
        ERROR,
        "unreadable",
        "an input that cannot be read may hold the certificate that machines need",
        "check the path and its permissions",
    ),
    _input(
        ERROR,
        "not-a-file",
        "a pipe, socket or device can give other bytes each time, or never end",
        "name a regular file or a folder, or pass - and pipe into standard input",
    ),
    _input(
        ERROR,
        "too-large",
        "no CA bundle is this large, and clients would load it at every start",
        "name the file that holds only the CA certificates",
    ),
    _input(
        ERROR,
        "too-many",
        "no CA bundle holds this many certificates or files, and clients would load them at every start",
        "name only the CA certificates that the organisation runs",
    ),
    _input(ERROR, "empty", "an empty input would remove every CA from the machines", _EXPORT),
    _input(
        ERROR,
        "no-certificates",
        "an input without certificates would remove every CA from the machines",
        "name a PEM, DER, PKCS #7, PKCS #12 or JKS file that holds CA certificates",
    ),
    _input(
        ERROR,
        "unknown-format",
        "what is not understood cannot be checked",
        "name a PEM, DER, PKCS #7, PKCS #12 or JKS file that holds CA certificates",
    ),
    _input(
        ERROR,
        "utf-16",
        "OpenSSL and everything built on it find no certificate in UTF-16 text",
        "convert it: iconv -f UTF-16 -t UTF-8 OLD > NEW, or Set-Content -Encoding ascii in PowerShell",
    ),
    _input(ERROR, "nul", "clients stop reading a text at a NUL byte, each at another place", _EXPORT),
    _input(
        ERROR,
        "malformed-marker",
        "clients skip a certificate whose BEGIN or END line is not exact, without a word",
        "write each marker on a line of its own: -----BEGIN CERTIFICATE----- and -----END CERTIFICATE-----",
    ),
    _input(
        ERROR,
        "unbalanced-markers",
        "a BEGIN without its END means that part of a certificate is missing",
        _EXPORT,
    ),
    _input(
        ERROR,
        "unknown-label",
        "a block that is not a certificate is skipped by some clients and stops others",
        "leave only CERTIFICATE blocks in the file",
    ),
    _input(
        ERROR,
        "pem-headers",
        "clients disagree about headers inside a PEM block, and headers can mean encryption",
        "remove the lines between BEGIN and the base64 text",
    ),
    _input(ERROR, "bad-base64", "clients decode damaged base64 into different bytes, or none", _EXPORT),
    _input(
        ERROR, "truncated", "part of the certificate is missing, and some clients skip it silently", _EXPORT
    ),
    _input(
        ERROR,
        "trailing-data",
        "some clients accept bytes behind a certificate and some refuse the whole file",
        _EXPORT,
    ),
    _input(
        ERROR,
        "not-der",
        "signatures are over DER only: clients refuse other encodings, or read them differently",
        _EXPORT,
    ),
    _input(
        ERROR,
        "malformed-certificate",
        "one certificate that OpenSSL cannot parse makes it refuse the whole file",
        _EXPORT,
    ),
    _input(
        ERROR,
        "not-a-certificate",
        "clients can trust certificates only",
        "name the CA's certificate: requests, revocation lists and bare public keys are something else",
    ),
    _input(
        ERROR,
        "password-needed",
        "a trust store whose password is unknown cannot be read or checked",
        "give its password with --password-file, or export the certificates as PEM",
    ),
    _input(
        ERROR,
        "damaged-store",
        "a trust store that is cut off or changed may lack certificates, or hold others",
        _EXPORT,
    ),
    _input(
        ERROR,
        "distrusted-certificate",
        "the trust settings beside this certificate say that it must not be trusted for TLS servers",
        "remove it, or export it without its trust settings: openssl x509 -clrtrust -clrreject",
    ),
    _input(
        ERROR,
        "url-not-pinned",
        "whoever answers for the address would decide what every machine trusts",
        "append #sha256= and the SHA-256 of the file or of its certificates, learned over another way",
    ),
    _input(
        ERROR,
        "url-mismatch",
        "the content is not the one that was pinned: it was rotated, or somebody changed it",
        "compare with the CA's owner; pin the new SHA-256 only if they confirm it",
    ),
    _input(
        ERROR,
        "url-failed",
        "without an answer the machines would lose the CA",
        "check the address and the network, or name a file instead",
    ),
    _input(WARNING, "bom", "OpenSSL misses a certificate behind a byte order mark", _NORMALISED),
    _input(
        WARNING, "line-ends", "OpenSSL finds no certificate between lines that end in CR alone", _NORMALISED
    ),
    _input(
        WARNING, "text-outside", "Kubernetes and some clients refuse text between certificates", _NORMALISED
    ),
    _input(
        WARNING,
        "no-final-newline",
        "files joined without a newline between them lose certificates in OpenSSL",
        _NORMALISED,
    ),
    _input(
        WARNING,
        "joined-markers",
        "OpenSSL refuses a file in which END and the next BEGIN share a line",
        _NORMALISED,
    ),
    _input(WARNING, "whitespace", "OpenSSL misses a certificate whose lines are indented", _NORMALISED),
    _input(
        WARNING,
        "trusted-certificate",
        "only OpenSSL reads TRUSTED CERTIFICATE: Go, Node and Python ignore or refuse it",
        "nothing must be done: the packages hold the plain certificate, without OpenSSL's trust settings",
    ),
    _input(WARNING, "bare-base64", "no client reads base64 without BEGIN and END lines", _NORMALISED),
    _input(
        WARNING,
        "passed-over",
        "a file that is passed over is trusted by nobody",
        "name it as an input of its own if it holds a CA certificate, or move it elsewhere",
    ),
    # What a CA certificate must be.
    _certificate(ERROR, "not-v3", "only version 3 certificates can say that they are a CA", _REISSUE),
    _certificate(
        ERROR,
        "not-a-ca",
        "a certificate that says CA:FALSE vouches for nobody: clients refuse what it signed",
        "name the CA's certificate; a self-signed server certificate needs a small CA of its own",
    ),
    _certificate(
        ERROR,
        "no-basic-constraints",
        "Java, Go and Python from 3.13 on refuse a CA that does not say it is one",
        _REISSUE,
    ),
    _certificate(
        ERROR,
        "no-cert-sign",
        "a key usage without keyCertSign forbids this key to sign certificates, and clients obey",
        _REISSUE,
    ),
    _certificate(
        ERROR,
        "no-server-auth",
        "an extended key usage without serverAuth makes most clients refuse every server under this CA",
        _REISSUE,
    ),
    _certificate(
        ERROR,
        "unknown-critical-extension",
        "clients must refuse a certificate with a critical extension that they do not know",
        _REISSUE,
    ),
    _certificate(
        WARNING,
        "critical-extension",
        "clients refuse a certificate with a critical extension that they do not know, and some know fewer",
        "issue the next CA certificate with this extension not critical",
    ),
    _certificate(
        WARNING,
        "unsupported-constraint",
        "some clients refuse a certificate that constrains names of a kind that they do not process",
        "constrain the next one to domains, addresses and mailboxes alone",
    ),
    _certificate(
        WARNING,
        "constraint-with-scheme",
        "RFC 5280 wants a host's name there, so that what it constrains is anybody's guess",
        "issue the next CA certificate with the host's name alone",
    ),
    _certificate(
        ERROR, "duplicate-extension", "RFC 5280 forbids it, and clients refuse or pick one", _REISSUE
    ),
    _certificate(
        ERROR,
        "malformed-extension",
        "RFC 5280 fixes its form: for some damage clients refuse certificate or file, and overlook other",
        _REISSUE,
    ),
    _certificate(
        ERROR,
        "algorithm-mismatch",
        "Java, Go and Python from 3.13 on refuse a certificate that names two signature algorithms",
        _REISSUE,
    ),
    _certificate(
        ERROR,
        "bad-self-signature",
        "the certificate was changed after it was signed, or is not the one it claims to be",
        "export it again from the CA and compare fingerprints over another way",
    ),
    _certificate(
        ERROR,
        "expired",
        "OpenSSL, Python, Node and Go refuse servers under an expired root; Java and Deno accept them",
        "remove it; or set bundle.expired: drop in trustpack.yaml or pass --expired drop (or keep)",
    ),
    _certificate(
        ERROR,
        "not-yet-valid",
        "most clients refuse servers under this root until its time has come; Java and Deno do not",
        "wait, or record an override that ends on the day it becomes valid",
    ),
    _certificate(
        ERROR, "validity-reversed", "a certificate that ends before it begins is valid at no time", _REISSUE
    ),
    _certificate(
        ERROR,
        "weak-rsa",
        "RSA far below 2048 bits can be broken: Deno, curl, Ruby, PHP and Node from 24 on refuse 1024",
        "replace the CA by one with RSA 3072 or more, or P-256 or P-384",
    ),
    _certificate(
        WARNING,
        "short-rsa",
        "OpenSSL takes 2040 to 2047 bits for as safe as 2048, and so do most clients; Deno refuses them",
        "replace the CA by one with RSA 3072 or more, or P-256 or P-384",
    ),
    _certificate(
        ERROR,
        "oversized-rsa",
        "Deno refuses RSA keys above 8192 bits, and each handshake would be slow everywhere",
        "replace the CA by one with RSA 4096, or P-256 or P-384",
    ),
    _certificate(
        ERROR,
        "rsa-exponent",
        "an exponent of 1 or an even one protects nothing, and Go from 1.24 on refuses one of 2^31 or more",
        "replace the CA by one with the exponent 65537",
    ),
    _certificate(
        WARNING,
        "small-exponent",
        "clients accept small odd exponents, which are safe only where all of a signature is checked",
        "give the next CA a key with the exponent 65537",
    ),
    _certificate(
        WARNING,
        "rsa-pss-key",
        "Go, Bun and Deno refuse a root whose RSA key is for RSASSA-PSS alone",
        "give the next CA a plain RSA key, which signs by RSASSA-PSS, too, or P-256",
    ),
    _certificate(
        ERROR,
        "dsa",
        "Go, Bun, Deno and Java refuse DSA keys",
        "replace the CA by one with RSA or P-256",
    ),
    _certificate(
        ERROR,
        "unsupported-key",
        "Java and Deno refuse curves other than P-256, P-384 and P-521, and Node from 24 on crashes on some",
        "replace the CA by one with RSA or P-256",
    ),
    _certificate(
        ERROR,
        "weak-signature",
        "certificates with MD2, MD4 or MD5 signatures can be forged",
        "replace the CA by one that signs with SHA-256",
    ),
    _certificate(
        ERROR,
        "sha1-signature",
        "somebody else's SHA-1 signature can be forged",
        "let the issuer sign it anew with SHA-256",
    ),
    _certificate(
        ERROR,
        "unknown-signature",
        "Node, Ruby, PHP and Python up to 3.12 refuse a root with a signature that they do not know",
        _REISSUE,
    ),
    _certificate(
        ERROR,
        "serial-too-long",
        "RFC 5280 allows 20 octets, and no client need read more, though all that were measured do",
        _REISSUE,
    ),
    _certificate(
        WARNING,
        "serial-not-positive",
        "RFC 5280 demands a positive serial number, and Go from 1.23 on refuses negative ones",
        "issue the next CA certificate with a positive serial number",
    ),
    _certificate(
        WARNING,
        "sha1-self-signature",
        "nobody checks a root's own signature, but scanners complain about SHA-1",
        "sign the next root with SHA-256",
    ),
    _certificate(
        WARNING,
        "expires-soon",
        "machines need time to get the next root before servers use it",
        "create the next root now and ship both",
    ),
    _certificate(
        WARNING,
        "long-lived",
        "a root that lives over 25 years outlives its key's strength and its keepers",
        "plan its replacement",
    ),
    _certificate(
        WARNING,
        "rsa-2048-after-2030",
        "NIST SP 800-57 allows 2048-bit RSA until 2030",
        "plan a root with RSA 3072 or more, or P-384",
    ),
    _certificate(
        WARNING,
        "no-key-identifier",
        "Python from 3.13 on refuses a root without a subject key identifier",
        _NEXT,
    ),
    _certificate(WARNING, "no-key-usage", "Python from 3.13 on refuses a root without a key usage", _NEXT),
    _certificate(
        WARNING,
        "basic-constraints-not-critical",
        "Python from 3.13 on refuses a root whose basic constraints are not critical",
        _NEXT,
    ),
    _certificate(
        WARNING,
        "empty-subject",
        "Python from 3.13 on, Java and curl up to 7.88 refuse a root without a name",
        _NEXT,
    ),
    _certificate(
        WARNING,
        "lax-encoding",
        "Go refuses the certificate for an encoding that other clients let pass",
        "issue the next CA certificate with names in UTF8String and with its key as RFC 3279 writes it",
    ),
    _certificate(
        WARNING,
        "deceptive-name",
        "control, bidirectional or invisible characters make one name look like another",
        "compare the fingerprint with the CA's owner; the characters are escaped wherever they are shown",
    ),
    _certificate(
        NOTE,
        "unconstrained",
        "a root without name constraints can vouch for any site on the internet",
        "guard its key accordingly; constrain the next one to the organisation's names",
    ),
    # What a bundle must be.
    _bundle(
        WARNING,
        "duplicate",
        "the same certificate twice adds nothing, and Kubernetes refuses it",
        _NORMALISED,
    ),
    _bundle(
        WARNING,
        "same-subject",
        "clients that look issuers up by name may try the wrong key first",
        "nothing must be done if the CA changed its key; otherwise ask its owner which one is real",
    ),
    _bundle(
        WARNING,
        "same-key",
        "removing one of the certificates does not remove trust in their common key",
        "nothing must be done if the CA renewed its certificate; remember to remove both one day",
    ),
    _bundle(
        ERROR,
        "leaf",
        "a server's or client's certificate is no CA: nothing under it will verify",
        "name the certificate of the CA that issued it",
    ),
    _bundle(
        ERROR,
        "intermediate",
        "Node, Ruby, PHP and Python up to 3.12 do not trust an intermediate alone; Go, Java and curl do",
        "name its root and let servers send the intermediate; "
        "or set bundle.intermediates: drop in trustpack.yaml or pass --intermediates drop (or keep)",
    ),
    _bundle(
        ERROR,
        "public-root",
        "clients trust this public CA already, and stop when it is withdrawn; a package would go on",
        "remove it; or set bundle.public_roots: drop in trustpack.yaml or pass --public-roots drop (or keep)",
    ),
    _bundle(
        ERROR,
        "removed-root",
        "Mozilla removed this public CA from its list, and its reason may hold here too",
        "remove it, or record an override with a reason and an end date",
    ),
    _bundle(
        ERROR,
        "compromised-root",
        "this CA's private key is public: anybody can read the traffic of machines that trust it",
        "remove it everywhere, now",
        final=True,
    ),
    _bundle(
        NOTE,
        "old-list",
        "roots that Mozilla removed after the list was made are not found by it",
        "upgrade trustpack",
    ),
    _bundle(
        ERROR,
        "distrusted-key",
        "p11-kit blocks a key whichever certificate holds it, and other targets would go on to trust it",
        "distrust every certificate of that key, and ship the CA's next one under a new key",
        final=True,
    ),
    _bundle(
        ERROR,
        "nothing-left",
        "a bundle without certificates would remove every CA from the machines",
        "keep at least one CA certificate",
        final=True,
    ),
    _bundle(
        ERROR,
        "override-ended",
        "an override past its end date hides nothing any more",
        "mend the certificate, or decide again and set a new end date",
        final=True,
    ),
    _bundle(
        WARNING,
        "override-unused",
        "an override that matches nothing may hide something later",
        "remove it from trustpack.yaml",
        final=True,
    ),
)

RULES = {rule.id: rule for rule in _ALL}


def found(
    rule: str, origin: Origin, message: str, *, fingerprint: str = "", severity: Severity | None = None
) -> Finding:
    """Return the finding that `rule` makes at `origin`, as bad as the rule says unless told otherwise."""
    known = RULES[rule]
    return Finding(
        rule=rule,
        severity=known.severity if severity is None else severity,
        origin=origin,
        message=message,
        hint=known.todo,
        fingerprint=fingerprint,
    )


def unknown(rule: str) -> UsageError:
    """Return the error about a rule that does not exist, with the nearest one that does."""
    near = get_close_matches(rule, RULES, n=1)
    hint = f"did you mean {near[0]}?" if near else "trustpack explain lists them all"
    return UsageError(f"{rule}: there is no such rule", hint=hint)
