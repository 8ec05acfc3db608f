"""Faults of PEM text: markers, labels, base64, line ends, and what stands around the blocks."""

from __future__ import annotations

import base64

from tests.lint import forge

_DER = forge.certificate()
_PEM = forge.pem(_DER)
_OTHER = forge.pem(forge.certificate(forge.elliptic(8), subject=forge.name("Throw-Away Other Root")))
_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
_BODY = forge.base64_lines(_DER)
_LINE = base64.b64encode(_DER)


def _marked(begin: bytes, end: bytes) -> bytes:
    return begin + b"\n" + _BODY + end + b"\n"


def _body(body: bytes) -> bytes:
    return _BEGIN + b"\n" + body + _END + b"\n"


# Spellings of BEGIN that a person overlooks; a good block follows, which must not hide the bad one.
_SPELLINGS = {
    "four-dashes-before": b"----BEGIN CERTIFICATE-----",
    "four-dashes-behind": b"-----BEGIN CERTIFICATE----",
    "six-dashes-before": b"------BEGIN CERTIFICATE-----",
    "six-dashes-behind": b"-----BEGIN CERTIFICATE------",
    "two-dashes": b"--BEGIN CERTIFICATE--",
    "three-dashes": b"---BEGIN CERTIFICATE---",
    "space-before-begin": b"----- BEGIN CERTIFICATE-----",
    "space-before-dashes": b"-----BEGIN CERTIFICATE -----",
    "two-spaces": b"-----BEGIN  CERTIFICATE-----",
    "tab": b"-----BEGIN\tCERTIFICATE-----",
    "lower-case": b"-----begin certificate-----",
    "mixed-case": b"-----Begin CERTIFICATE-----",
    "no-label": b"-----BEGIN -----",
    "no-label-and-no-space": b"-----BEGIN-----",
    "text-before": b"ca: -----BEGIN CERTIFICATE-----",
    "text-behind": b"-----BEGIN CERTIFICATE----- # our root",
    "quoted-mail": b"> -----BEGIN CERTIFICATE-----",
    "quotation-mark": b'"-----BEGIN CERTIFICATE-----',
    "colon-behind": b"-----BEGIN CERTIFICATE-----:",
    "label-with-umlaut": "-----BEGIN CERTIFICÄTE-----".encode(),
    "label-with-hyphen": b"-----BEGIN X-CERTIFICATE-----",
    "label-without-end": b"-----BEGIN CERTIFICATE",
}
_ENDINGS = {
    "end-four-dashes": b"-----END CERTIFICATE----",
    "end-lower-case": b"-----end certificate-----",
    "end-text-behind": b"-----END CERTIFICATE----- # end",
    "end-space": b"----- END CERTIFICATE-----",
}
_LABELS = (
    "X509 CRL",
    "CERTIFICATE REQUEST",
    "NEW CERTIFICATE REQUEST",
    "PUBLIC KEY",
    "RSA PUBLIC KEY",
    "DH PARAMETERS",
    "EC PARAMETERS",
    "DSA PARAMETERS",
    "ATTRIBUTE CERTIFICATE",
    "SSH2 PUBLIC KEY",
    "PGP PUBLIC KEY BLOCK",
    "PGP MESSAGE",
    "CERTIFICATE CHAIN",
    "CERT",
    "certificate",
    "X509  CERTIFICATE",
    "XCERTIFICATE",
    "SSL SESSION PARAMETERS",
    "OPENSSH CERTIFICATE",
    "TRUSTED  CERTIFICATE",
)
_BASE64 = {
    "illegal-character": _LINE[:60] + b"!" + _LINE[60:],
    "underscore-of-base64url": _LINE[:60] + b"_" + _LINE[61:],
    "hyphen-of-base64url": _LINE[:60] + b"\xe2\x80\x90" + _LINE[61:],
    "padding-in-the-middle": _LINE[:60] + b"==" + _LINE[60:],
    "one-character-lost": _LINE[:60] + _LINE[61:],
    "one-character-too-many": _LINE + b"A",
    "padding-too-long": _LINE.rstrip(b"=") + b"====",
    "padding-alone": b"====",
    "comma": _LINE[:60] + b"," + _LINE[61:],
    "backslash-n-of-json": _LINE[:64] + rb"\n" + _LINE[64:],
    "ellipsis": _LINE[:64] + b"\n...\n" + _LINE[64:],
    "html-break": _LINE[:64] + b"<br>\n" + _LINE[64:],
    "html-space": _LINE[:64] + b"&nbsp;\n" + _LINE[64:],
    "quotation-marks": b'"' + _LINE + b'"',
    "diff-prefix": b"+" + _LINE[:63] + b"\n+" + _LINE[63:],
    "merge-conflict": _LINE[:64] + b"\n<<<<<<< HEAD\n" + _LINE[64:],
    "vertical-tab": _LINE[:64] + b"\x0b" + _LINE[64:],
    "form-feed": _LINE[:64] + b"\x0c" + _LINE[64:],
    "no-break-space": _LINE[:64] + b"\xc2\xa0" + _LINE[64:],
    "byte-order-mark": b"\xef\xbb\xbf" + _LINE,
    "percent-encoded": _LINE.replace(b"+", b"%2B", 1) + b"%3D",
    "quoted-printable": _LINE[:64] + b"=\n" + _LINE[64:],
    "hexadecimal": _DER.hex(":").encode(),
    "placeholder": b"... the certificate ...",
}


def _bits_behind() -> bytes:
    """Return base64 whose last character has bits that belong to no octet."""
    made = (forge.certificate(serial=forge.integer(number)) for number in range(4711, 4800))
    data = next(data for data in made if len(data) % 3 == 2)
    text = base64.b64encode(data)
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return text[:-2] + bytes([alphabet[alphabet.index(text[-2]) + 1]]) + b"="


FAULTS = {
    **{f"malformed-marker/{name}.pem": _marked(begin, _END) + _OTHER for name, begin in _SPELLINGS.items()},
    **{f"malformed-marker/{name}.pem": _OTHER + _marked(_BEGIN, end) for name, end in _ENDINGS.items()},
    "malformed-marker/all-on-one-line.pem": b" ".join((_BEGIN, _LINE, _END)) + b"\n",
    "malformed-marker/base64-behind-begin.pem": _BEGIN + _LINE + b"\n" + _END + b"\n",
    "malformed-marker/base64-before-end.pem": _BEGIN + b"\n" + _LINE + _END + b"\n",
    "malformed-marker/text-between-joined-markers.pem": _PEM.rstrip(b"\n") + b" and " + _OTHER,
    **{
        f"unknown-label/{label.lower().replace(' ', '-')}.pem": _PEM + forge.pem(_DER, label)
        for label in _LABELS
        if label != "certificate"
    },
    "unknown-label/lower-case.pem": _PEM + forge.pem(_DER, "certificate"),
    "unbalanced-markers/no-end.pem": _BEGIN + b"\n" + _BODY,
    "unbalanced-markers/no-begin.pem": _BODY + _END + b"\n",
    "unbalanced-markers/begin-only.pem": _BEGIN + b"\n",
    "unbalanced-markers/end-only.pem": _END + b"\n",
    "unbalanced-markers/begin-twice.pem": _BEGIN + b"\n" + _PEM,
    "unbalanced-markers/end-twice.pem": _PEM + _END + b"\n",
    "unbalanced-markers/second-without-end.pem": _PEM + _BEGIN + b"\n" + _BODY,
    "unbalanced-markers/first-without-end.pem": _BEGIN + b"\n" + _BODY + _OTHER,
    "unbalanced-markers/cut-in-the-second.pem": (_PEM + _OTHER)[: len(_PEM) + 200],
    "unbalanced-markers/end-of-another-kind.pem": _marked(_BEGIN, b"-----END X509 CRL-----"),
    "unbalanced-markers/begin-of-another-kind.pem": _marked(b"-----BEGIN X509 CERTIFICATE-----", _END),
    "unbalanced-markers/crossed.pem": _marked(_BEGIN, b"-----BEGIN X509 CRL-----") + _END + b"\n",
    **{f"bad-base64/{name}.pem": _body(text + b"\n") for name, text in _BASE64.items()},
    "bad-base64/bits-behind-the-last-octet.pem": _body(_bits_behind() + b"\n"),
    "bad-base64/second-of-two.pem": _PEM + _body(_BASE64["illegal-character"] + b"\n"),
    "bad-base64/without-markers.txt": _LINE[:-5] + b"\n",
    "pem-headers/encrypted.pem": _body(b"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n" + _BODY),
    "pem-headers/comment.pem": _body(b"Comment: our root\n\n" + _BODY),
    "pem-headers/version.pem": _body(b"Version: 1\n" + _BODY),
    "empty/nothing.pem": b"",
    "empty/newline.pem": b"\n",
    "empty/spaces.pem": b"  \t \r\n ",
    "empty/block.pem": _PEM + _BEGIN + b"\n" + _END + b"\n",
    "empty/block-of-blank-lines.pem": _PEM + _BEGIN + b"\n\n\n" + _END + b"\n",
    "utf-16/little-endian.pem": _PEM.decode().encode("utf-16-le"),
    "utf-16/big-endian.pem": _PEM.decode().encode("utf-16-be"),
    "utf-16/little-endian-with-mark.pem": b"\xff\xfe" + _PEM.decode().encode("utf-16-le"),
    "utf-16/big-endian-with-mark.pem": b"\xfe\xff" + _PEM.decode().encode("utf-16-be"),
    "nul/between-blocks.pem": _PEM + b"\0\n" + _OTHER,
    "nul/at-the-end.pem": _PEM + b"\0",
    "nul/at-the-start.pem": b"\0" + b"\n" + _PEM,
    "nul/many-at-the-end.pem": _PEM + b"\0" * 64,
    "unknown-format/text.pem": b"The certificate is attached.\n",
    "unknown-format/html.pem": b"<!DOCTYPE html><title>403 Forbidden</title>\n",
    "unknown-format/json.pem": b'{"errors": ["permission denied"]}\n',
    "unknown-format/yaml.pem": b"ca.crt: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==\n",
    "unknown-format/hexadecimal.txt": _DER.hex().encode() + b"\n",
    "unknown-format/gzip.pem": b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + _DER[:40],
    "unknown-format/zip.pem": b"PK\x03\x04" + _DER[:40],
    "unknown-format/elf.pem": b"\x7fELF" + _DER[:40],
    "unknown-format/git-lfs-pointer.pem": b"version https://git-lfs.github.com/spec/v1\nsize 1234\n",
    "unknown-format/one-zero.pem": b"0",
    "unknown-format/ssh-public-key.pub": b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA== nobody@example\n",
    "bom/at-the-start.pem": b"\xef\xbb\xbf" + _PEM,
    "bom/before-the-second.pem": _PEM + b"\xef\xbb\xbf" + _OTHER,
    "line-ends/cr.pem": _PEM.replace(b"\n", b"\r"),
    "text-outside/comment.pem": b"# our root\n" + _PEM,
    "text-outside/between.pem": _PEM + b"# and the next\n" + _OTHER,
    "text-outside/behind.pem": _PEM + b"# the end\n",
    "text-outside/openssl-text.pem": b"Certificate:\n    Data:\n        Version: 3 (0x2)\n" + _PEM,
    "text-outside/bag-attributes.pem": b"Bag Attributes\n    friendlyName: root\n" + _PEM,
    "text-outside/not-ascii.pem": "# Wurzelzertifikat für alle\n".encode() + _PEM,
    "no-final-newline/one.pem": _PEM.rstrip(b"\n"),
    "no-final-newline/two.pem": (_PEM + _OTHER).rstrip(b"\n"),
    "joined-markers/two.pem": _PEM.rstrip(b"\n") + _OTHER,
    "whitespace/indented.pem": b"".join(b"    " + line + b"\n" for line in _PEM.splitlines()),
    "whitespace/trailing.pem": b"".join(line + b" \n" for line in _PEM.splitlines()),
    "whitespace/tabs.pem": b"".join(b"\t" + line + b"\n" for line in _PEM.splitlines()),
    "whitespace/blank-lines.pem": _PEM.replace(b"\n", b"\n\n"),
    "bare-base64/one-line.txt": _LINE + b"\n",
    "bare-base64/lines.txt": _BODY,
}
