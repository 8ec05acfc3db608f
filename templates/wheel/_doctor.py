"""What is active in this process, which settings win over it, and what keeps clients from trusting."""

import importlib
import importlib.util
import json
import os
import ssl
import sys
import time

from . import _bundle, _contexts, _inventory, _patch, _path, _public, _startup, certificates, contents
from ._about import NAME, VERSION

TYPE_CHECKING = False  # see __init__.py
if TYPE_CHECKING:
    from typing import Any

# Variables with which people say whom a Python client trusts, and the clients that obey: those that verify
# through ssl, which this package reaches, and others.
_READERS = {
    "SSL_CERT_FILE": ("ssl, urllib3, aiohttp, httpx, pyOpenSSL", "uv"),
    "SSL_CERT_DIR": ("ssl, urllib3, aiohttp, httpx, pyOpenSSL", "uv"),
    "REQUESTS_CA_BUNDLE": ("requests", "curl_cffi"),
    "CURL_CA_BUNDLE": ("requests", "curl, curl_cffi"),
    "AWS_CA_BUNDLE": ("botocore", ""),
    "HTTPLIB2_CA_CERTS": ("httplib2", ""),
    "PIP_CERT": ("pip", ""),  # with truststore, which is pip's default since 24.2, it adds to the others
    "WEBSOCKET_CLIENT_CA_BUNDLE": ("websocket-client", ""),
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": ("", "grpcio"),
}

# What replaces a client's trust, and how it is seen that this package has extended it.
_EXTENDED = (
    ("ssl", "SSLContext", "set_default_verify_paths", "ssl"),
    ("certifi", "", "contents", "certifi"),
    ("OpenSSL.SSL", "Context", "set_default_verify_paths", "pyOpenSSL"),
    ("truststore", "SSLContext", "__init__", "truststore"),
)

# Clients that read neither ssl nor certifi: a module, and the variable that they read.
_BY_ENVIRONMENT = (
    ("curl_cffi", "CURL_CA_BUNDLE"),
    ("grpc", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"),
    ("uv", "SSL_CERT_FILE"),
)


def examine() -> "dict[str, Any]":
    """Return what this process would do, as plain values in the order of the schema `doctor`."""
    inventory = _inventory()
    variables = [_variable(name) for name in _READERS if _public.is_set(name)]
    active = trusted_by_default()
    bundle = _path("roots.pem")
    return {
        "schema": 1,
        "package": NAME,
        "version": VERSION,
        "release": inventory["release"],
        "organisation": inventory["organisation"],
        "runtime": {
            "name": "python" if sys.implementation.name == "cpython" else sys.implementation.name,
            "version": sys.version.split()[0],
            "path": sys.executable or None,
        },
        "bundle": bundle if os.path.exists(bundle) else None,
        "certificates": [
            {
                "subject": root["subject"],
                "sha256": root["sha256"],
                "not_after": root["not_after"],
                "expired": root["not_after"] < _now(),
            }
            for root in certificates()
        ],
        "active": active,
        "through": _through() if active else [],
        "variables": variables,
        "problems": [*_problems(active), *_of_variables(variables)],
        "notes": _notes(variables),
    }


def render(found: "dict[str, Any]") -> str:
    """Return the findings as text for people."""
    runtime = found["runtime"]
    package = f"{found['package']} {found['version']} (release {found['release']} of {found['organisation']})"
    lines = [
        f"{package}, {runtime['name']} {runtime['version']} ({runtime['path'] or 'no executable'})",
        f"bundle: {found['bundle'] or 'no file on disk: this package lies in an archive'}",
        *(f"  {_certificate(each)}" for each in found["certificates"]),
        f"active: yes, through {', '.join(found['through'])}" if found["active"] else "active: no",
        *(f"{each['name']}={json.dumps(each['value'])}: {each['effect']}" for each in found["variables"]),
        *(f"problem: {sentence}" for sentence in found["problems"]),
        *(f"note: {sentence}" for sentence in found["notes"]),
    ]
    return "\n".join(lines)


def trusted_by_default() -> bool:
    """Tell whether a default client of this process trusts every one of these roots."""
    context = ssl.create_default_context()
    # A context that may serve receives the roots when it turns out to be a client's.
    context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="localhost")
    loaded = {ssl.DER_cert_to_PEM_cert(root).strip() for root in context.get_ca_certs(binary_form=True)}
    # What lies in the default folders is not loaded before a handshake asks for it.
    held = loaded | _held([file for folder in _public.folders() for file in _files(folder)])
    return held.issuperset(_bundle.blocks(contents()))


def _through() -> "list[str]":
    """Return each way by which a default client trusts."""
    named = [name for name in _public.chosen() if _holds(os.environ[name])]
    ways = named or (["start-up file"] if _startup().installed() else [])
    paths = ssl.get_default_verify_paths()
    system = _held(_files(paths.openssl_cafile) + _files(paths.openssl_capath))
    if not ways or (not named and system.issuperset(_bundle.blocks(contents()))):
        ways = [*ways, "the system's roots"]
    return ways


def _problems(active: bool) -> "list[str]":
    """Return what keeps clients of this process from trusting, but for the variables."""
    startup, said = _startup(), []
    if startup.disabled():
        said.append(f"{startup.DISABLE} is set: nothing is activated in this process")
    elif not startup.known():
        engine = sys.implementation.name
        said.append(f"this is {engine}: the package is proven with CPython and PyPy, and stays off elsewhere")
    elif not startup.installed():
        said.append(
            "no start-up file ran (python -S, PYTHONPATH, --target, a zipapp, or a package built for "
            f"explicit activation): call {__package__}.activate()"
        )
    else:
        said += [
            f"{client} is not reached: its clients do not trust these roots"
            for module, owner, method, client in _EXTENDED
            if not _reached(module, owner, method)
        ]
        if not active and not _public.chosen():
            said.append(f"the default clients do not trust, though all is in place: reinstall {NAME}")
    if not _whole():
        said.append(f"this package is damaged: reinstall {NAME}")
    return said + [f"expired: {root['subject']}" for root in certificates() if root["not_after"] < _now()]


def _of_variables(variables: "list[dict[str, Any]]") -> "list[str]":
    return [
        f"{each['name']} wins for {_losing(each)}: add these roots to what it names, "
        f"or name the file that `python -m {__package__} env --write` makes"
        for each in variables
        if _losing(each)
    ]


def _losing(variable: "dict[str, Any]") -> str:
    """Return the clients that do not trust these roots because of a variable."""
    if variable["holds_these_roots"] or _public.named(variable["name"], variable["value"]):
        return ""
    clients: str = variable["clients"]
    return clients


def _notes(variables: "list[dict[str, Any]]") -> "list[str]":
    """Return what is no fault of this process, but worth knowing."""
    settled = {each["name"] for each in variables if each["holds_these_roots"] or _losing(each)}
    said = [
        f"{module} is installed and asks neither ssl nor certifi: it follows {variable}, which "
        f"`python -m {__package__} env --write` sets"
        for module, variable in _BY_ENVIRONMENT
        if variable not in settled and _installed(module)
    ]
    if _installed("pycurl"):
        said.append(
            "pycurl is installed and reads no variable: give it "
            f"`handle.set_ca_certs({__package__}.contents())`"
        )
    return said


def _variable(name: str) -> "dict[str, Any]":
    value = os.environ[name]
    holds = _holds(value)
    reached, others = _READERS[name]
    return {
        "name": name,
        "value": value,
        "clients": ", ".join(client for client in (reached, others) if client),
        "holds_these_roots": holds if _held(_files(value)) else None,
        "effect": _effect(name, value, holds=holds),
    }


def _effect(name: str, value: str, *, holds: bool) -> str:
    if holds:
        return "names roots with these among them: its clients trust them"
    if not _held(_files(value)):
        return "names no roots: its clients trust nobody, or fail"
    if not _public.named(name, value):
        return "names other roots: they count alone for its clients"
    reached, others = _READERS[name]
    if not reached or not _startup().installed():
        return "names the public roots: these are not among them"
    rest = f", but not for {others}" if others else ""
    return f"names the public roots, which are taken anyway: these count beside them{rest}"


def _holds(value: str) -> bool:
    return _held(_files(value)).issuperset(_bundle.blocks(contents()))


def _held(paths: "list[str]") -> "set[str]":
    return {block for path in paths for block in _bundle.read(path)}


def _files(value: str) -> "list[str]":
    """Return the files that a variable names: itself, or those of the folders it lists."""
    folders = [folder for folder in value.split(os.pathsep) if os.path.isdir(folder)]
    return [os.path.join(folder, name) for folder in folders for name in os.listdir(folder)] or [value]


def _reached(module: str, owner: str, method: str) -> bool:
    """Tell whether this package has extended a module, or that module is not there."""
    if not _installed(module.partition(".")[0]):
        return True
    try:
        found = importlib.import_module(module)
    except Exception:  # broken: it makes no connection, either
        return True
    place = getattr(found, owner, None) if owner else found
    classes = getattr(place, "__mro__", (place,))
    return any(_patch.extended(each, method) for each in classes)


def _installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except Exception:  # a module that somebody made by hand
        return module in sys.modules


def _whole() -> bool:
    """Tell whether what OpenSSL loads are the roots that people read."""
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(_contexts.anchors())
        loaded = {ssl.DER_cert_to_PEM_cert(root).strip() for root in context.get_ca_certs(binary_form=True)}
    except Exception:  # whatever is wrong with the file
        return False
    return loaded.issuperset(_bundle.blocks(contents()))


def _certificate(each: "dict[str, Any]") -> str:
    until = f"{'expired on' if each['expired'] else 'valid until'} {each['not_after'][:10]}"
    return f"{each['subject']}, {until}, SHA-256 {each['sha256']}"


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
