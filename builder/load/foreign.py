"""What people give instead of certificates, called by its name, with the way out.

Each kind is told by its content: octets that it begins with, or words that it holds.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from builder.x509 import der

if TYPE_CHECKING:
    from collections.abc import Callable

_PEM = "write the certificates as PEM"


class Foreign(msgspec.Struct, frozen=True):
    """One kind of input that is not read: `holds` says that certificates may be hidden in it."""

    what: str
    todo: str
    holds: bool = False


_EXPORT = (
    "export the certificates as PEM: keytool -exportcert -rfc -storetype {} -keystore FILE -alias NAME "
    "-providerpath BCPROV.jar -provider org.bouncycastle.jce.provider.BouncyCastleProvider"
)
_ARCHIVE = Foreign(
    "an archive, which cannot be looked into", "unpack it, and name the files in it", holds=True
)
_BCFKS = Foreign("a BCFKS key store of Bouncy Castle", _EXPORT.format("BCFKS"), holds=True)
_OCSP_RESPONSE = Foreign("an OCSP response", "name the certificate of the CA, not an answer about one")
# gzip, bzip2, xz, zstd, zip, 7z and RAR; then what else has a mark of its own.
_MAGICS: tuple[tuple[bytes, Foreign], ...] = (
    *(
        (magic, _ARCHIVE)
        for magic in (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"PK\x03\x04")
    ),
    *((magic, _ARCHIVE) for magic in (b"7z\xbc\xaf", b"Rar!")),
    (
        b"\0\0\0\0CERT",
        Foreign(
            "a Windows certificate store (.sst)", "export it as PKCS #7 (.p7b) or each as Base-64", holds=True
        ),
    ),
    (
        b"SQLite format 3\0",
        Foreign(
            "a database of SQLite, such as cert9.db of NSS",
            f"{_PEM}: certutil -L -d sql:FOLDER -n NAME -a",
            holds=True,
        ),
    ),
    (b"age-encryption.org/", Foreign("a file that age encrypted", "decrypt it first: age -d", holds=True)),
    (
        b"-----BEGIN AGE ENCRYPTED FILE",
        Foreign("a file that age encrypted", "decrypt it first: age -d", holds=True),
    ),
    (
        b"\0\x06\x15\x61",
        Foreign("a database of Berkeley DB, such as cert8.db of NSS", f"{_PEM}: certutil -L -a", holds=True),
    ),
    (b"kych", Foreign("a keychain of macOS", f"{_PEM}: security find-certificate -a -p FILE", holds=True)),
    (b"%PDF-", Foreign("a PDF document", "name the certificate's own file")),
    (b"\x89PNG", Foreign("a picture", "name the certificate's own file")),
    (b"\xd0\xcf\x11\xe0", Foreign("a document of Windows", "name the certificate's own file")),
    (b"\x7fELF", Foreign("a program", "name the certificate's own file")),
)
_TAR, _TAR_AT = b"ustar", 257
_DMG, _DMG_FROM_END = b"koly", 512
_TEXTS: tuple[tuple[re.Pattern[bytes], Foreign], ...] = tuple(
    (re.compile(pattern, re.MULTILINE), foreign)
    for pattern, foreign in (
        (
            rb"^sops:$|\"sops\": *\{|ENC\[AES256_GCM,",
            Foreign("a file that SOPS encrypted", "decrypt it first: sops -d"),
        ),
        (
            rb"^dn::? \S",
            Foreign("LDIF", "decode what stands behind cACertificate;binary:: with base64 -d, one file each"),
        ),
        (
            rb"^kind: *[\"']?Secret\b|\"kind\": *\"Secret\"",
            Foreign(
                "a Kubernetes Secret", "kubectl get secret NAME -o jsonpath='{.data.ca\\.crt}' | base64 -d"
            ),
        ),
        (
            rb"^kind: *[\"']?ConfigMap\b|\"kind\": *\"ConfigMap\"",
            Foreign("a Kubernetes ConfigMap", "kubectl get configmap NAME -o jsonpath='{.data.ca\\.crt}'"),
        ),
        (
            rb"certificate-authority-data\"?:",
            Foreign(
                "a kubeconfig",
                "kubectl config view --raw -o jsonpath='{.clusters[0].cluster.certificate-authority-data}' "
                "| base64 -d",
            ),
        ),
        (
            rb"\"terraform_version\": *\"|\"lineage\": *\"",
            Foreign("a state of Terraform", "terraform output -raw NAME, where NAME gives the certificate"),
        ),
        (
            rb"\"sensitive\": *(?:true|false)[^{}]{0,400}\"type\"|\"format_version\": *\"",
            Foreign("JSON of Terraform", "terraform output -raw NAME, where NAME gives the certificate"),
        ),
        (
            rb"\"request_id\":|\"lease_id\":",
            Foreign("JSON of Vault", "vault read -field=certificate PATH, or fetch /v1/pki/ca/pem"),
        ),
        (
            rb"\"(?:Certificate(?:Chain|Body)?|SecretString)\": *\"|\"CertificateAuthorityArn\"",
            Foreign(
                "JSON of the AWS command line", "add --output text --query Certificate to the aws command"
            ),
        ),
        (
            rb"^(?:Windows Registry Editor|REGEDIT4)",
            Foreign(
                "an export of the Windows registry", "export the certificate from certmgr.msc as Base-64"
            ),
        ),
        (
            rb"^(?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]+-cert-v01@openssh\.com ",
            Foreign("an SSH certificate", "TLS clients do not know it: name the X.509 certificate of the CA"),
        ),
        (
            rb"^(?:ssh-|ecdsa-sha2-|sk-ssh-|sk-ecdsa-)[a-z0-9@.-]+ AAAA",
            Foreign("an SSH public key", "TLS clients do not know it: name the X.509 certificate of the CA"),
        ),
        (
            rb"^Content-Type: *(?:multipart/signed|application/(?:x-)?pkcs7)",
            Foreign(
                "a signed or encrypted message (S/MIME)", "take the certificates out: openssl smime -pk7out"
            ),
        ),
        (rb"<!DOCTYPE html|<html", Foreign("a page in HTML", "download the certificate itself")),
        (
            # A bracket alone begins a section of desktop.ini or openssl.cnf, too, and two a template.
            rb"\A\s*+(?:\{\s*+[\"}]|\[\s*+(?:[\"\[{\]0-9-]|(?:true|false|null)\b))",
            Foreign("JSON", "write the certificate's text alone into a file: jq -r"),
        ),
    )
)
# PEM that has no place in a bundle, and what it is called.
_LABELS = {
    "CERTIFICATE REQUEST": "a certificate request, not a certificate",
    "NEW CERTIFICATE REQUEST": "a certificate request, not a certificate",
    "X509 CRL": "a revocation list, not a certificate",
    "PUBLIC KEY": "a public key, not a certificate",
    "RSA PUBLIC KEY": "a public key, not a certificate",
    "SSH2 PUBLIC KEY": "an SSH public key, not a certificate",
    "OCSP RESPONSE": "an OCSP response, not a certificate",
    "ATTRIBUTE CERTIFICATE": "an attribute certificate, which TLS clients do not know",
    "DH PARAMETERS": "parameters, not a certificate",
    "EC PARAMETERS": "parameters, not a certificate",
    "PGP SIGNATURE": "an OpenPGP signature, not a certificate",
    "PGP SIGNED MESSAGE": "an OpenPGP message, not a certificate",
    "PGP MESSAGE": "an OpenPGP message, not a certificate",
    "PGP PUBLIC KEY BLOCK": "an OpenPGP public key, not a certificate",
    "SSH SIGNATURE": "an SSH signature, not a certificate",
}
_BEGIN = re.compile(rb"^-----BEGIN ([^\n-]{1,64})-----", re.MULTILINE)
_OCSP, _PBES2 = "1.3.6.1.5.5.7.48.1.1", "1.2.840.113549.1.5.13"
_SUCCESSFUL = b"\x0a\x01"
_BOUNCY_CASTLE = re.compile(rb"\0\0\0[\x01\x02]\0\0\0\x14.{20}\0[\0-\x0f]..", re.DOTALL)
_ENTRY = re.compile(rb"[\0-\x04]\0")


def recognise(data: bytes) -> Foreign | None:
    """Return what `data` is, if it is known and no certificate, bundle or trust store that is read."""
    for magic, foreign in _MAGICS:
        if data.startswith(magic):
            return foreign
    if data.startswith(_TAR, _TAR_AT):
        return _ARCHIVE
    if data.startswith(_DMG, len(data) - _DMG_FROM_END):
        return Foreign("a disk image of macOS", "open it, and name the certificate's own file", holds=True)
    if _BOUNCY_CASTLE.match(data):
        # UBER encrypts what stands behind the head; BKS has its first entry there, or its end and a digest.
        is_plain = _ENTRY.match(data, _HEAD) or (data[_HEAD : _HEAD + 1], len(data)) == (b"\0", _EMPTY_BKS)
        kind = "BKS" if is_plain else "UBER"
        return Foreign(f"a {kind} key store of Bouncy Castle", _EXPORT.format(kind), holds=True)
    return next((foreign for pattern, foreign in _TEXTS if pattern.search(data[:_LOOKED_AT])), None)


def structure(data: bytes) -> Foreign | None:
    """Return what the structure `data` is, if it is known and no certificate, request or list."""
    for fits, foreign in _STRUCTURES:
        try:
            if fits(data):
                return foreign
        except der.DerError:
            continue
    return None


def called(label: str) -> str:
    """Return what a PEM block of this label is; empty where that is not known."""
    return _LABELS.get(label, "")


def is_neighbour(data: bytes) -> str:
    """Return what PEM without anything like a certificate is, such as a signature; empty if it may be one."""
    labels = {match[1].decode("latin-1").strip() for match in _BEGIN.finditer(data.replace(b"\r\n", b"\n"))}
    known = sorted(called(label) for label in labels)
    return known[0] if known and all(known) else ""


def _is_bcfks(data: bytes) -> bool:
    start, end = der.whole(data)
    inner, stop = der.expect(data, start, end, der.SEQUENCE)
    oid, _, _, after = der.algorithm(data, inner, stop)
    der.expect(data, after, stop, der.OCTET_STRING)
    return oid == _PBES2 and der.header(data, stop, end)[0] == der.SEQUENCE


def _is_ocsp(data: bytes) -> bool:
    start, end = der.whole(data)
    return data.startswith(_SUCCESSFUL, start) and (start + 3 == end or data[start + 3] == 0xA0)  # noqa: PLR2004


_HEAD, _EMPTY_BKS, _LOOKED_AT = 32, 53, 65536
_STRUCTURES: tuple[tuple[Callable[[bytes], bool], Foreign], ...] = (
    (_is_bcfks, _BCFKS),
    (_is_ocsp, _OCSP_RESPONSE),
)
