"""What is active in this process, and which explicit settings win over it."""

import os
import ssl
import sys
import time

from . import _bundle, _inventory, _patch, _startup, certificates, contents, where

TYPE_CHECKING = False  # see __init__.py
if TYPE_CHECKING:
    from typing import Any

# Variables with which people say whom a Python client trusts, and the clients that obey.
_EXPLICIT = {
    "SSL_CERT_FILE": "ssl, urllib3, aiohttp, httpx, uv",
    "SSL_CERT_DIR": "ssl, urllib3, aiohttp, httpx, uv",
    "REQUESTS_CA_BUNDLE": "requests, curl_cffi",
    "CURL_CA_BUNDLE": "requests, curl, curl_cffi",
    "PIP_CERT": "pip without truststore",  # with it, which is pip's default since 24.2, it adds to the others
    "AWS_CA_BUNDLE": "botocore",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": "grpcio",
}


def examine() -> "dict[str, Any]":
    """Return what this process would do, as plain values."""
    inventory = _inventory()
    return {
        "package": __package__,
        "organisation": inventory["organisation"],
        "release": inventory["release"],
        "roots": where(),
        "certificates": len(certificates()),
        "expired": [root["subject"] for root in certificates() if root["not_after"] < _now()],
        "python": f"{sys.version.split()[0]} ({sys.executable})",
        "switched_off": _startup().disabled(),
        "activated": _startup().installed(),
        "trusted_by_default": trusted_by_default(),
        "variables": [_variable(name) for name in _EXPLICIT if _is_set(name)],
    }


def trusted_by_default() -> bool:
    """Tell whether a default client context of this process trusts every one of these roots."""
    loaded = ssl.create_default_context().get_ca_certs(binary_form=True)
    # What lies in the default folder is not loaded before a handshake asks for it.
    folder = os.environ.get("SSL_CERT_DIR", ssl.get_default_verify_paths().openssl_capath)
    held = _held(_files(folder)) | {ssl.DER_cert_to_PEM_cert(root).strip() for root in loaded}
    return held.issuperset(_bundle.blocks(contents()))


def advice(found: "dict[str, Any]") -> "list[str]":
    """Return one sentence for each thing that keeps a client from trusting these roots."""
    said = []
    if found["switched_off"]:
        said.append(f"{_startup().DISABLE} is set: nothing is activated in this process")
    elif not found["activated"]:
        said.append(
            "no start-up file ran (python -S, PYTHONPATH, --target, a zipapp, or a package built for "
            f"explicit activation): call {__package__}.activate()"
        )
    for variable in found["variables"]:
        beaten = found["trusted_by_default"] and variable["name"] in _patch.EXPLICIT
        if not variable["holds_these_roots"] and not beaten:
            said.append(
                f"{variable['name']} wins for {variable['clients']}: add these roots to what it names, "
                f"or name the file that `python -m {__package__} env --write` makes"
            )
    said += [f"expired: {subject}" for subject in found["expired"]]
    return said


def render(found: "dict[str, Any]") -> str:
    """Return the findings as text for people."""
    what = f"{found['certificates']} certificates of {found['organisation']}"
    lines = [
        f"{found['package']} {found['release']}: {what} in {found['roots']}",
        f"python {found['python']}",
        f"activated in this process: {_yes(found['activated'])}",
        f"trusted by a default ssl context: {_yes(found['trusted_by_default'])}",
    ]
    lines += [
        f"{variable['name']}={variable['value']!a} is set (read by {variable['clients']}); "
        f"holds these roots: {_yes(variable['holds_these_roots'])}"
        for variable in found["variables"]
    ]
    return "\n".join([*lines, *(f"note: {sentence}" for sentence in advice(found))])


def _variable(name: str) -> "dict[str, Any]":
    value = os.environ[name]
    return {
        "name": name,
        "value": value,
        "clients": _EXPLICIT[name],
        "holds_these_roots": _held(_files(value)).issuperset(_bundle.blocks(contents())),
    }


def _is_set(name: str) -> bool:
    # OpenSSL takes an empty variable for a path that leads nowhere, all others take it for none.
    return name in os.environ if name in _patch.EXPLICIT else bool(os.environ.get(name))


def _held(paths: "list[str]") -> "set[str]":
    return {block for path in paths for block in _bundle.read(path)}


def _files(value: str) -> "list[str]":
    """Return the files that a variable names: itself, or those of the folders it lists."""
    folders = [folder for folder in value.split(os.pathsep) if os.path.isdir(folder)]
    return [os.path.join(folder, name) for folder in folders for name in os.listdir(folder)] or [value]


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _yes(value: bool) -> str:
    return "yes" if value else "no"
