"""Which files and folders hold the public roots.

Who names one of these has chosen no other roots than those that clients take anyway; any other file or folder
is a choice, and its roots count alone.
"""

import os
import sys

TYPE_CHECKING = False  # see __init__.py
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

# Either of these replaces OpenSSL's default paths.
VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def _of_conda() -> "list[str]":
    """Return where conda's roots are; a folder of this name in any other environment is somebody's own."""
    prefixes = [each for each in (sys.prefix, sys.base_prefix) if os.path.isdir(f"{each}/conda-meta")]
    return [f"{each}{place}/ssl/cacert.pem" for each in prefixes for place in ("", "/Library")]


def _of_cx_freeze() -> "list[str]":
    return [os.path.join(sys.prefix, "share", "certs.pem")] if getattr(sys, "frozen", False) else []


# Where systems keep their roots in one file. Other names of a file are found by what they lead to.
FILES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine, Arch
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL
    "/etc/pki/tls/certs/ca-bundle.crt",  # the same, before 2013 a file of its own
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # macOS, Alpine, BSD
    "/usr/local/share/certs/ca-root-nss.crt",  # FreeBSD
    *_of_conda(),  # whose activation sets SSL_CERT_FILE to it
    *_of_cx_freeze(),  # whose programs do
)

# Where they keep them in a folder with OpenSSL's names.
_FOLDERS = ("/etc/ssl/certs", "/etc/pki/tls/certs", "/etc/openssl/certs")

# Modules whose where() names the public bundle that they, and clients who ask them, verify with.
_LOCATORS = ("certifi.core", "pip._vendor.certifi.core", "botocore.httpsession")

# The public roots that libraries bring with them: a package, and the file in its folder.
LIBRARIES = (
    ("certifi", "cacert.pem"),
    ("pip", "_vendor/certifi/cacert.pem"),
    ("awscli", "botocore/cacert.pem"),
    ("botocore", "cacert.pem"),
    ("httplib2", "cacerts.txt"),
    ("ibm_botocore", "cacert.pem"),
    ("stripe", "data/ca-certificates.crt"),
)


def chosen() -> "list[str]":
    """Return the variables that name other roots than the public ones to whoever asks OpenSSL for its own."""
    return [name for name in VARIABLES if name in os.environ and not named(name, os.environ[name])]


def is_set(name: str) -> bool:
    """Tell whether the variable `name` says anything to its clients."""
    # OpenSSL takes an empty variable for a path that leads nowhere, all others take it for none.
    return name in os.environ if name in VARIABLES else bool(os.environ.get(name))


def named(name: str, value: str) -> bool:
    """Tell whether the variable `name` with this value names the public roots, in whole."""
    if name == "SSL_CERT_DIR":
        return all(is_folder(folder) for folder in value.split(os.pathsep))
    return is_file(value) or (name != "SSL_CERT_FILE" and is_folder(value))


def is_file(path: "Any") -> bool:
    """Tell whether `path` is a file with the public roots: the system's, OpenSSL's or a library's."""
    name = os.fsdecode(path)
    if any(name == _located(module) for module in _LOCATORS):
        return True
    return _same(name, (_default("openssl_cafile"), *FILES)) or _same(name, _brought(os.path.basename(name)))


def is_folder(path: "Any") -> bool:
    """Tell whether `path` is the system's folder of roots, or OpenSSL's."""
    return _same(os.fsdecode(path), (_default("openssl_capath"), *_FOLDERS))


def folders() -> "list[str]":
    """Return the folders in which OpenSSL looks for roots by default."""
    return os.environ.get("SSL_CERT_DIR", _default("openssl_capath")).split(os.pathsep)


def _default(which: str) -> str:
    """Return the path that OpenSSL was built with, whatever the environment says."""
    import ssl

    path: str = getattr(ssl.get_default_verify_paths(), which)
    return path


def _same(path: str, others: "Any") -> bool:
    try:
        here = os.stat(path)
    except (OSError, ValueError):
        return False
    return any(_leads_to(other, here) for other in others)


def _leads_to(path: str, here: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.stat(path), here)
    except (OSError, ValueError):
        return False


def _brought(name: str) -> "Iterator[str]":
    """Return the files of this name that libraries of this environment have, loaded or not."""
    for package, file in LIBRARIES:
        if file.rpartition("/")[2] == name:
            yield from (os.path.join(folder, *file.split("/")) for folder in _found(package))


def _found(package: str) -> "list[str]":
    import importlib.util

    try:
        spec = importlib.util.find_spec(package)
    except Exception:  # a module that somebody made by hand, or a finder that fails
        return []
    # Without an origin it is no package, but any folder of that name.
    return list(spec.submodule_search_locations or []) if spec and spec.origin else []


def _located(name: str) -> "str | None":
    try:
        where = sys.modules[name].where
        # A program that puts a function of its own there has chosen other roots.
        found: str | None = where() if where.__module__ in _LOCATORS else None
    except Exception:  # not loaded, not loaded yet, or replaced by something that fails
        return None
    return found
