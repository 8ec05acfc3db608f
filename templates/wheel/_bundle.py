"""A merged bundle, public roots and these, for clients that take one file and read neither ssl nor certifi.

The variables that name such a file replace a client's own roots: so the file holds the public ones too, or
is not written at all.
"""

import os
import re
import sys

from . import _public, contents

TYPE_CHECKING = False  # see __init__.py
if TYPE_CHECKING:
    from collections.abc import Iterator

# The variables to export, and who reads them (each but pip's tried with a real client).
VARIABLES = {
    "SSL_CERT_FILE": "uv, httpx, OpenSSL",
    "CURL_CA_BUNDLE": "curl, curl_cffi",
    "REQUESTS_CA_BUNDLE": "requests, curl_cffi",
    "AWS_CA_BUNDLE": "botocore",
    "HTTPLIB2_CA_CERTS": "httplib2",
    "PIP_CERT": "pip",
    "WEBSOCKET_CLIENT_CA_BUNDLE": "websocket-client",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": "grpcio",
}

_HEADER = f"# Written by python -m {__package__} env --write\n"
_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----\s([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")


class BundleError(Exception):
    """The merged bundle cannot be made or written; the message says what to do."""


def blocks(text: str) -> "list[str]":
    """Return the certificates of PEM text, each as one block of 64 columns: equal ones compare equal."""
    bodies = ["".join(body.split()) for body in _BLOCK.findall(text)]
    return [
        "\n".join(
            [
                "-----BEGIN CERTIFICATE-----",
                *(body[at : at + 64] for at in range(0, len(body), 64)),
                "-----END CERTIFICATE-----",
            ]
        )
        for body in bodies
    ]


def public(path: "str | None" = None) -> "tuple[str, list[str]]":
    """Return the public roots and where they are from: `path`, else the system's bundle, else certifi's.

    Raises BundleError where there are none.
    """
    for candidate in [path] if path else _candidates():
        found = read(candidate)
        if found:
            return candidate, found
    raise BundleError(f"{path or 'public roots'}: no certificates found; name a PEM file with --public FILE")


def merged(path: "str | None" = None) -> "tuple[str, str]":
    """Return where the public roots are from, and the text of the bundle: those, then these, none twice."""
    source, found = public(path)
    every = dict.fromkeys([*found, *blocks(contents())])
    return source, _HEADER + "".join(f"{block}\n" for block in every)


def read(path: str) -> "list[str]":
    """Return the certificates in a PEM file; none where it cannot be read."""
    return blocks(_text(path) or "")


def write(path: str, text: str) -> None:
    """Replace the merged bundle at `path` by `text`, whole or not at all.

    Raises BundleError where something else than a merged bundle is there, or the folder is not writable.
    """
    import tempfile

    folder = os.path.dirname(os.path.abspath(path))
    try:
        if os.path.lexists(path) and not (_text(path) or "").startswith(_HEADER):
            raise BundleError(f"{path}: is not a bundle that this command wrote; name another file")
        os.makedirs(folder, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=".roots-", suffix=".pem")
        try:
            with os.fdopen(descriptor, "w", encoding="ascii", newline="\n") as file:
                file.write(text)
            os.chmod(temporary, 0o644)  # mkstemp's 0600 would hide public certificates from other users
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror or error}") from error


def current(path: str, text: str) -> bool:
    """Tell whether the file at `path` holds `text` and nothing more: a root that was dropped counts."""
    return _text(path) == text


def default_path() -> str:
    """Return where the merged bundle lies when nobody names a place: the user's cache folder."""
    home = os.path.expanduser("~")
    if sys.platform == "win32":
        cache = os.environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
    elif sys.platform == "darwin":
        cache = os.path.join(home, "Library", "Caches")
    else:
        cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(home, ".cache")
    return os.path.join(cache, __package__, "roots.pem")


def _text(path: str) -> "str | None":
    try:
        with open(path, encoding="utf-8", errors="replace", newline="") as file:
            return file.read()
    except OSError:
        return None


def _candidates() -> "Iterator[str]":
    import importlib
    import ssl

    yield ssl.get_default_verify_paths().openssl_cafile
    yield from _public.FILES
    for name in ("certifi", "pip._vendor.certifi"):
        try:
            yield importlib.import_module(name).where()
        except Exception:  # not installed, or replaced by something that fails
            continue
