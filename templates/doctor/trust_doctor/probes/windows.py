"""Windows: the stores of roots in the registry, as the system's own `reg` shows them.

Each certificate is a value of properties {u32 id, u32 1, u32 size, data}: 32 is its DER, 9 its limits.
Tried with documented output only.
"""

import os
import re
import struct

from trust_doctor.rows import Row

WANTED = frozenset()
_STORES = (
    ("the machine's roots", "HKLM\\SOFTWARE\\Microsoft\\SystemCertificates\\{}\\Certificates"),
    ("group policy's roots", "HKLM\\SOFTWARE\\Policies\\Microsoft\\SystemCertificates\\{}\\Certificates"),
    ("the domain's roots", "HKLM\\SOFTWARE\\Microsoft\\EnterpriseCertificates\\{}\\Certificates"),
    ("the user's roots", "HKCU\\SOFTWARE\\Microsoft\\SystemCertificates\\{}\\Certificates"),
)
_TRUSTED, _REFUSED = "Root", "Disallowed"
_VALUE = re.compile(rb"(?m)^\s+Blob\s+REG_BINARY\s+([0-9A-Fa-f]+)\s*$")
_DER, _USAGE = 32, 9
_SERVER = b"\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01"
_ANY = b"\x06\x04\x55\x1d\x25\x00"
_UNTRIED = "this part of the doctor has been tried with documented output only"


def rows(host):
    """Yield the row of all roots that count, and one for each store that has some."""
    if host.system != "windows" or not host.is_here:
        return
    refused = {each for _, key in _STORES for each in _read(host, key.format(_REFUSED))}
    every = {}
    for what, key in _STORES:
        found = [each for each in _read(host, key.format(_TRUSTED)) if each not in refused]
        every.update(dict.fromkeys(found))
        if found:
            yield Row("windows", what, key.format(_TRUSTED), found, note=_UNTRIED, replaces=False)
    note = "all stores of roots, without what is disallowed; " + _UNTRIED
    yield Row(
        "windows", "Windows", "Cert:\\LocalMachine\\Root, Cert:\\CurrentUser\\Root", list(every), note=note
    )


def _read(host, key):
    program = os.path.join(os.environ.get("SYSTEMROOT", "C:\\Windows"), "System32", "reg.exe")
    said = host.tool([program, "query", key, "/s"])
    return certificates(said) if said else []


def certificates(said):
    """Return the certificates in what `reg query KEY /s` prints that are good for servers."""
    found = []
    for match in _VALUE.finditer(said):
        text = match.group(1)
        octets = certificate(bytes.fromhex(text.decode("ascii"))) if len(text) % 2 == 0 else b""
        if octets:
            found.append(octets)
    return found


def certificate(blob):
    """Return the certificate in a value, empty where it has none, or is limited to other uses."""
    at, held = 0, b""
    while at + 12 <= len(blob):
        name, _, size = struct.unpack_from("<III", blob, at)
        at += 12
        data = blob[at : at + size]
        at += size
        if name == _DER:
            held = data
        elif name == _USAGE and _SERVER not in data and _ANY not in data:
            return b""
    return held
