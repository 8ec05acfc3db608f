"""macOS and Windows, from output written by hand after their documentation: no such system is at hand."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from tests.doctor.machine import SOURCE

if TYPE_CHECKING:
    from builder.prove.authority import Authority

_CALL = """
import json, sys
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
given = json.load(sys.stdin)
from trust_doctor.probes import macos, windows
{}
"""
# As the manual page of security(1) has it, for a store with three certificates.
_SETTINGS = """\
Number of trusted certs = 2
Cert 0: Acme Root CA
   Number of trust settings : 1
   Trust Setting 0:
      Policy OID            : SSL
      Allowed Error         : CSSMERR_TP_CERT_EXPIRED
      Result Type           : kSecTrustSettingsResultTrustRoot
Cert 1: Other Root CA
   Number of trust settings : 1
   Trust Setting 0:
      Policy OID            : SSL
      Result Type           : kSecTrustSettingsResultDeny
"""


def _call(code: str, **given: Any) -> Any:
    words = [sys.executable, "-I", "-c", _CALL.format(code), str(SOURCE)]
    done = subprocess.run(words, input=json.dumps(given), capture_output=True, text=True, check=True, env={})
    return json.loads(done.stdout)


def _der(ca: Authority) -> bytes:
    return ca.certificate.public_bytes(Encoding.DER)


def test_only_what_settings_trust_counts_on_macos(acme: Authority, other: Authority) -> None:
    """A certificate in a keychain is trusted by settings that name it, and not by those that deny it."""
    code = """
ders = [bytes.fromhex(each) for each in given["ders"]]
print(json.dumps([[each.hex() for each in part] for part in macos.split(ders, given["settings"])]))
"""
    ders = [_der(acme).hex(), _der(other).hex()]
    assert _call(code, ders=ders, settings=_SETTINGS) == [[ders[0]], [ders[1]]]
    assert _call(code, ders=ders, settings="") == [[], ders]


def _blob(der: bytes, *usages: str) -> str:
    """Return a value of the registry as Windows writes it: properties, the certificate last."""
    oids = {"server": "06082b06010505070301", "client": "06082b06010505070302"}
    content = bytes.fromhex("".join(oids[each] for each in usages))
    parts = [(3, b"\1" * 20)]
    if usages:
        parts.append((9, bytes([0x30, len(content)]) + content))
    parts.append((32, der))
    return b"".join(struct.pack("<III", name, 1, len(data)) + data for name, data in parts).hex().upper()


def _printed(*blobs: tuple[Authority, str]) -> str:
    """Return what `reg query KEY /s` prints."""
    key = "HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\SystemCertificates\\Root\\Certificates"
    lines = [""]
    for ca, blob in blobs:
        digest = ca.certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303  the registry's name for it
        lines += [f"{key}\\{digest}", f"    Blob    REG_BINARY    {blob}", ""]
    return "\r\n".join(lines)


def test_the_registrys_stores_are_read_on_windows(acme: Authority, other: Authority) -> None:
    """What is limited to other uses than servers does not count, and what is damaged harms nobody."""
    code = """
found = windows.certificates(given["said"].encode("ascii"))
print(json.dumps([each.hex() for each in found]))
"""
    both = [_der(acme).hex(), _der(other).hex()]
    plain = (acme, _blob(_der(acme)))
    assert _call(code, said=_printed(plain, (other, _blob(_der(other), "server", "client")))) == both
    assert _call(code, said=_printed(plain, (other, _blob(_der(other), "client")))) == both[:1]
    assert _call(code, said=_printed((other, "ABC"), (other, "20000000FFFFFFFF"), plain)) == both[:1]
    assert _call(code, said="") == []
