"""Adds these roots to what Python's TLS clients trust by default, and to nothing else.

By default means: OpenSSL's default paths, the operating system's store, or the public bundle of certifi.
Whoever names another file, folder or text gets that alone; a context that can serve gets nothing of ours; no
check is switched off; nothing on disk and no environment variable is changed.
"""

import functools
import os
import sys

from . import contents

TYPE_CHECKING = False  # see __init__.py
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any, Callable

# Either of these replaces OpenSSL's default paths: who sets one has said whom to trust.
EXPLICIT = ("SSL_CERT_FILE", "SSL_CERT_DIR")

# Modules whose where() names the public bundle that they, and clients who ask them, verify with.
_PUBLIC = ("certifi", "pip._vendor.certifi", "botocore.httpsession")

_MARK = f"_{__package__}"  # of this package alone: every organisation's package extends for itself

# The lines around these roots in certifi's text, by which a server that loads it gets the public ones alone.
# OpenSSL skips them. A subclass of str would be lost in the first operation on the text.
_BEGIN, _END = f"# {__package__}: begin", f"# {__package__}: end"


def extend_ssl(ssl: "ModuleType") -> None:
    """Extend the two methods through which a context receives roots: the default paths, and a file."""
    # truststore and gevent put a subclass of their own in the place of SSLContext.
    owner = next(base for base in ssl.SSLContext.__mro__ if base.__module__ == "ssl")
    load = owner.load_verify_locations

    def defaults(original: "Callable[..., Any]") -> "Callable[..., Any]":
        def set_default_verify_paths(self: "Any") -> None:
            original(self)
            if not _explicit():
                _trust(self, load)

        return set_default_verify_paths

    def locations(original: "Callable[..., Any]") -> "Callable[..., Any]":
        def load_verify_locations(
            self: "Any", cafile: "Any" = None, capath: "Any" = None, cadata: "Any" = None
        ) -> None:
            if isinstance(cadata, str) and not _is_client(self):  # bytes are DER, which has no comments
                cadata = _unframed(cadata)
            original(self, cafile, capath, cadata)
            if cafile is not None and _is_public(cafile):
                _trust(self, load)

        return load_verify_locations

    _wrap(owner, "set_default_verify_paths", defaults)
    _wrap(owner, "load_verify_locations", locations)


def extend_truststore(truststore: "ModuleType") -> None:
    """Extend truststore's contexts, which do not always ask OpenSSL for its default paths."""

    def initialiser(original: "Callable[..., Any]") -> "Callable[..., Any]":
        def initialise(self: "Any", *args: "Any", **options: "Any") -> None:
            original(self, *args, **options)
            if not _explicit():
                _trust(self, type(self).load_verify_locations)

        return initialise

    _wrap(truststore.SSLContext, "__init__", initialiser)


def extend_certifi(certifi: "ModuleType") -> None:
    """Extend the text of the public roots; where() keeps naming certifi's own file, which stays untouched."""

    def text(original: "Callable[..., Any]") -> "Callable[..., Any]":
        def extended() -> str:
            public, roots = original(), _roots()
            return f"{public.rstrip()}\n{_BEGIN}\n{roots.rstrip()}\n{_END}\n" if roots else public

        return extended

    _wrap(certifi, "contents", text)


def _wrap(owner: "Any", name: str, wrapper: "Callable[..., Any]") -> None:
    """Replace `owner.name` by what `wrapper` makes of it, unless this package has done so before."""
    original = getattr(owner, name)
    if not hasattr(original, _MARK):
        replacement = functools.wraps(original)(wrapper(original))
        setattr(replacement, _MARK, True)
        setattr(owner, name, replacement)


def _trust(context: "Any", load: "Callable[..., Any]") -> None:
    """Add these roots to `context` if it is a client's; where OpenSSL takes them not, it stays as it is."""
    if _is_client(context):
        try:
            load(context, cadata=_roots())
        except (OSError, ValueError):  # ssl.SSLError is an OSError
            pass


def _unframed(text: str) -> str:
    """Return `text` without this package's frames and what they hold; one without an end holds the rest."""
    while _BEGIN in text:
        before, _, rest = text.partition(_BEGIN)
        text = before + rest.partition(_END)[2]
    return text


def _is_client(context: "Any") -> bool:
    """Tell whether only a client can use `context`.

    A PROTOCOL_TLS context may serve and be a client; one that checks host names is a client's, as
    Python 3.9's create_default_context() makes it.
    """
    protocol = context.protocol.name
    if protocol == "PROTOCOL_TLS_SERVER":
        return False
    return protocol == "PROTOCOL_TLS_CLIENT" or bool(context.check_hostname)


def _is_public(cafile: "Any") -> bool:
    """Tell whether `cafile` is the public bundle of a library that this process has loaded."""
    path = os.fsdecode(cafile)
    return any(path == _where(sys.modules.get(name)) for name in _PUBLIC)


def _where(module: "ModuleType | None") -> "str | None":
    try:
        found: str = module.where()  # type: ignore[union-attr]
    except Exception:  # not loaded, not loaded yet, or replaced by something that fails
        return None
    return found


def _explicit() -> bool:
    return any(name in os.environ for name in EXPLICIT)


@functools.cache
def _roots() -> str:
    try:
        return contents()
    except Exception:  # removed while the process runs, damaged, not in its loader's reach: go on without
        return ""
