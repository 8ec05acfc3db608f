"""Private keys in every form: whatever else is in the file, they must be found and never shown.

The keys are the numbers of forge.py and a 512-bit RSA key; what cannot be made without chance
(encrypted keys, OpenSSH's and PGP's containers) holds the words "throw-away" instead of a key.
"""

from __future__ import annotations

import base64
import json

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import PrivateFormat

from tests.lint import forge

_ROOT = forge.pem(forge.certificate())
_DER = forge.certificate()
_FILLER = b"throw-away " * 8
_TRADITIONAL, _PKCS8 = PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8
_RSA, _EC, _ED = forge.rsa_key(1024), forge.elliptic(), forge.edwards()
_DSA = forge.seq(*(forge.integer(number) for number in (0, (1 << 1023) + 1, (1 << 159) + 1, 2, 5, 7)))
_PBES2 = forge.seq(
    forge.oid("1.2.840.113549.1.5.13"),
    forge.seq(
        forge.seq(forge.oid("1.2.840.113549.1.5.12"), forge.seq(forge.octets(b"salt"), forge.integer(1))),
        forge.seq(forge.oid("2.16.840.1.101.3.4.1.42"), forge.octets(bytes(16))),
    ),
)
_ENCRYPTED = forge.seq(_PBES2, forge.octets(_FILLER))
_OPENSSH = b"openssh-key-v1\0" + _FILLER
_FORMS = {
    "pkcs1-rsa": (_RSA.encoded(_TRADITIONAL), "RSA PRIVATE KEY"),
    "sec1-ec": (_EC.encoded(_TRADITIONAL), "EC PRIVATE KEY"),
    "dsa": (_DSA, "DSA PRIVATE KEY"),
    "pkcs8-rsa": (_RSA.encoded(_PKCS8), "PRIVATE KEY"),
    "pkcs8-ec": (_EC.encoded(_PKCS8), "PRIVATE KEY"),
    "pkcs8-ed25519": (_ED.encoded(_PKCS8), "PRIVATE KEY"),
    "pkcs8-ed448": (forge.edwards(large=True).encoded(_PKCS8), "PRIVATE KEY"),
    "pkcs8-p384": (forge.elliptic(7, ec.SECP384R1()).encoded(_PKCS8), "PRIVATE KEY"),
    "pkcs8-encrypted": (_ENCRYPTED, "ENCRYPTED PRIVATE KEY"),
}
_LABELLED = {
    "openssh": forge.pem(_OPENSSH, "OPENSSH PRIVATE KEY"),
    "pgp": b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n"
    + base64.b64encode(_FILLER)
    + b"\n=AAAA\n-----END PGP PRIVATE KEY BLOCK-----\n",
    "pgp-secret": forge.pem(_FILLER, "PGP SECRET KEY BLOCK"),
    "any": forge.pem(_FILLER, "ANY PRIVATE KEY"),
    "tss2": forge.pem(_FILLER, "TSS2 PRIVATE KEY"),
    "ssh2": b"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n"
    + base64.b64encode(_FILLER)
    + b"\n---- END SSH2 ENCRYPTED PRIVATE KEY ----\n",
    "ssh1-style": b"----BEGIN PRIVATE KEY----\n" + base64.b64encode(_FILLER) + b"\n----END PRIVATE KEY----\n",
    "lower-case": forge.pem(_FILLER, "private key"),
    "legacy-encrypted": b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
    b"DEK-Info: AES-128-CBC,00\n\n" + base64.b64encode(_FILLER) + b"\n-----END RSA PRIVATE KEY-----\n",
    "putty": b"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPrivate-Lines: 1\n"
    + base64.b64encode(_FILLER)
    + b"\n",
    "age": b"# created: 2026\nAGE-SECRET-KEY-1" + b"Q" * 52 + b"8H00W3\n",
    "jwk": json.dumps({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "d": "Bw"}).encode(),
    "jwk-symmetric": json.dumps({"kty": "oct", "k": "dGhyb3ctYXdheQ"}).encode(),
    "jwk-set": json.dumps({"keys": [{"kty": "RSA", "n": "AA", "e": "AQAB", "d": "Bw"}]}).encode(),
    "xml-rsa": b"<RSAKeyValue><Modulus>AA==</Modulus><D>Bw==</D></RSAKeyValue>\n",
    "xml-dsa": b"<DSAKeyValue><Y>AA==</Y><X>Bw==</X></DSAKeyValue>\n",
}
_HIDDEN = {
    **{f"base64-of-{name}": base64.b64encode(data) for name, (data, _) in _FORMS.items()},
    "base64-of-pkcs12-encrypted": base64.b64encode(
        forge.seq(
            forge.seq(
                forge.oid("1.2.840.113549.1.12.1.3"), forge.seq(forge.octets(b"salt"), forge.integer(1))
            ),
            forge.octets(_FILLER),
        )
    ),
    "base64-of-openssh": base64.b64encode(_OPENSSH),
    "base64-of-pem": base64.b64encode(forge.pem(_EC.encoded(_PKCS8), "PRIVATE KEY")),
    "base64-of-pem-behind-root": forge.base64_lines(_ROOT + forge.pem(_EC.encoded(_PKCS8), "PRIVATE KEY")),
    "hexadecimal": _EC.encoded(_PKCS8).hex().encode(),
    "hexadecimal-with-colons": _RSA.encoded(_TRADITIONAL).hex(":").encode(),
}
_NEWLINE, _MARK = b"\r\n", b"\xef\xbb\xbf"
_PKCS8_PEM = forge.pem(_EC.encoded(_PKCS8), "PRIVATE KEY")

FAULTS = {
    **{f"private-key/{name}.der": data for name, (data, _) in _FORMS.items()},
    **{f"private-key/{name}.pem": forge.pem(data, label) for name, (data, label) in _FORMS.items()},
    **{f"private-key/{name}-behind-root.pem": _ROOT + forge.pem(*form) for name, form in _FORMS.items()},
    **{f"private-key/{name}-as-certificate.pem": forge.pem(data) for name, (data, _) in _FORMS.items()},
    **{f"private-key/labelled-{name}.txt": text for name, text in _LABELLED.items()},
    "private-key/before-root.pem": _PKCS8_PEM + _ROOT,
    "private-key/behind-root-without-newline.pem": _ROOT.rstrip() + _PKCS8_PEM,
    "private-key/without-end.pem": _ROOT + _PKCS8_PEM.partition(b"-----END")[0],
    "private-key/with-end-of-certificate.pem": _PKCS8_PEM.replace(b"END PRIVATE KEY", b"END CERTIFICATE"),
    "private-key/crlf.pem": (_ROOT + _PKCS8_PEM).replace(b"\n", b"\r\n"),
    "private-key/cr.pem": (_ROOT + _PKCS8_PEM).replace(b"\n", b"\r"),
    "private-key/indented.pem": _ROOT + _PKCS8_PEM.replace(b"\n", b"\n    "),
    "private-key/quoted.pem": _ROOT + b"> " + _PKCS8_PEM.replace(b"\n", b"\n> "),
    "private-key/commented-out.pem": _ROOT + b"# " + _PKCS8_PEM.replace(b"\n", b"\n# "),
    "private-key/utf-16-with-mark.pem": b"\xff\xfe" + (_ROOT + _PKCS8_PEM).decode().encode("utf-16-le"),
    "private-key/utf-16.pem": (_ROOT + _PKCS8_PEM).decode().encode("utf-16-be"),
    "private-key/two-spaces-in-label.pem": _ROOT + _PKCS8_PEM.replace(b"PRIVATE KEY", b"PRIVATE  KEY"),
    "private-key/public-key-label.pem": _ROOT + forge.pem(_EC.encoded(_PKCS8), "PUBLIC KEY"),
    "private-key/parameters-label.pem": _ROOT + forge.pem(_EC.encoded(_TRADITIONAL), "EC PARAMETERS"),
    "private-key/pkcs7-label.pem": _ROOT + forge.pem(_EC.encoded(_PKCS8), "PKCS7"),
    "private-key/trusted-label.pem": forge.pem(_EC.encoded(_PKCS8), "TRUSTED CERTIFICATE"),
    "private-key/bare-base64.txt": base64.b64encode(_EC.encoded(_PKCS8)) + b"\n",
    "private-key/bare-base64-rsa.txt": forge.base64_lines(_RSA.encoded(_TRADITIONAL)),
    "private-key/behind-certificate.der": _DER + _EC.encoded(_PKCS8),
    "private-key/behind-certificate-in-block.pem": forge.pem(_DER + _EC.encoded(_TRADITIONAL)),
    "private-key/behind-trusted-certificate.pem": forge.pem(_DER + _RSA.encoded(), "TRUSTED CERTIFICATE"),
    **{
        f"private-key/{name}-behind-root-unmarked.pem": _ROOT + text + b"\n" for name, text in _HIDDEN.items()
    },
    **{f"private-key/{name}-in-text.txt": b"the key\n" + text + b"\n" for name, text in _HIDDEN.items()},
    "private-key/base64-before-root-unmarked.pem": _HIDDEN["base64-of-pkcs8-ec"] + b"\n" + _ROOT,
    "private-key/base64-in-yaml.txt": b"tls.key: " + _HIDDEN["base64-of-pem"] + b"\n",
    "private-key/base64-of-pem-with-form-feed.txt": _HIDDEN["base64-of-pem"].replace(b"JTiB", b"JTiB\f"),
    "private-key/base64-behind-mark.txt": _MARK + forge.base64_lines(_RSA.encoded(_PKCS8)),
    "private-key/base64-behind-spaces.txt": b"\n  " + _HIDDEN["base64-of-pkcs8-ed25519"],
    "private-key/base64-in-utf-16.txt": _HIDDEN["base64-of-pkcs8-rsa"].decode().encode("utf-16-le"),
    "private-key/base64-in-damaged-block.pem": forge.pem(_RSA.encoded(_PKCS8)).replace(b"\n", b"\n!", 9),
    "private-key/base64-in-block-with-headers.pem": forge.pem(_EC.encoded(_PKCS8)).replace(
        b"\n", b"\nA: b\n\n", 1
    ),
    "private-key/behind-newline.der": _NEWLINE + _EC.encoded(_PKCS8),
    "private-key/behind-mark.der": _MARK + _RSA.encoded(_TRADITIONAL),
    "private-key/before-newline.der": _ED.encoded(_PKCS8) + _NEWLINE,
    "private-key/behind-two-certificates.der": _DER * 2 + _EC.encoded(_PKCS8),
    "private-key/behind-two-certificates-in-block.pem": forge.pem(_DER * 2 + _EC.encoded(_PKCS8)),
    "private-key/cut-off-behind-two-certificates.der": _DER * 2 + _RSA.encoded(_PKCS8)[:-100],
    "private-key/pem-behind-certificate.der": _DER + _PKCS8_PEM,
    "private-key/cut-off-pkcs8.der": _RSA.encoded(_PKCS8)[:-100],
    "private-key/cut-off-pkcs1.der": _RSA.encoded(_TRADITIONAL)[:-100],
}
