"""What interpreters say of themselves: asked one by one with --run, which root never does.

Each gets a fixed line, an emptied environment and a time limit; what it prints is anybody's.
"""

import base64
import binascii
import json

from trust_doctor import stores

_PYTHON = """
import base64, json, ssl, sys
c = ssl.create_default_context()
try:
    c.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="localhost")
except Exception:
    pass
p = ssl.get_default_verify_paths()
said = {"held": [base64.b64encode(d).decode() for d in c.get_ca_certs(True)], "folder": p.capath}
said["version"] = list(sys.version_info[:3])
try:
    import certifi
    said["certifi"] = certifi.where()
except Exception:
    pass
print(json.dumps(said))
"""
_NODE = """
const t = require('tls');
const held = t.getCACertificates ? t.getCACertificates('default') : [];
const said = {version: process.versions.node, knows: Boolean(t.getCACertificates), pem: held.join('\\n')};
console.log(JSON.stringify(said));
"""
_RUBY = """
require 'openssl'; require 'json'
x = OpenSSL::X509
puts JSON.generate(version: RUBY_VERSION, file: x::DEFAULT_CERT_FILE, folder: x::DEFAULT_CERT_DIR)
"""


def python(host, program):
    """Return (version, certificates, certifi's path) as an interpreter says, None where it does not."""
    said = _said(host, [program, "-I", "-c", _PYTHON])
    if said is None:
        return None
    held = [_octets(text) for text in _texts(said.get("held"))]
    folder = said.get("folder")
    if isinstance(folder, str) and folder.startswith("/"):
        held += host.certificates(folder) or []
    return _version(said.get("version")), [each for each in held if each], str(said.get("certifi") or "")


def node(host, program):
    """Return (version, certificates) as a Node.js says; None where it does not answer, or cannot tell."""
    said = _said(host, [program, "-e", _NODE])
    if said is None or not said.get("knows"):
        return None
    return str(said.get("version", ""))[:20], stores.pem(str(said.get("pem", "")).encode("ascii", "ignore"))


def ruby(host, program):
    """Return (version, certificates, the file or folder that its OpenSSL reads), None without an answer."""
    said = _said(host, [program, "--disable=gems", "-e", _RUBY])
    if said is None:
        return None
    paths = [said.get(key) for key in ("file", "folder")]
    held = {}
    for path in paths:
        if isinstance(path, str) and path.startswith("/") and host.exists(path):
            held.update(dict.fromkeys(host.certificates(path) or ()))
    return str(said.get("version", ""))[:20], list(held), next((str(path) for path in paths if path), "")


def java(host, home):
    """Return the certificates that a JDK's own keytool finds in its cacerts, None without an answer."""
    said = host.ask([home + "/bin/keytool", "-list", "-rfc", "-cacerts", "-storepass", "changeit"])
    return None if said is None else stores.pem(said)


def _said(host, argv):
    said = host.ask(argv)
    try:
        found = json.loads(said.decode("utf-8")) if said else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _texts(value):
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _octets(text):
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _version(value):
    return ".".join(str(each) for each in value if isinstance(each, int)) if isinstance(value, list) else ""
