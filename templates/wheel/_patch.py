"""Extends what decides whom Python's TLS clients trust by default, and nothing else.

By default means: OpenSSL's default paths, the operating system's store, or a library's public bundle. Whoever
names another file, folder or text gets that alone; no check is switched off; nothing on disk and no
environment variable is changed.
"""

import functools

from . import _public, contents
from ._contexts import note, trust

TYPE_CHECKING = False  # see __init__.py
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any, Callable

_MARK = f"_{__package__}"  # of this package alone: every organisation's package extends for itself

# The lines around these roots in certifi's text, by which they are told from the public ones. OpenSSL skips
# them. A subclass of str would be lost in the first operation on the text.
_BEGIN, _END = f"# {__package__}: begin", f"# {__package__}: end"


def extend_ssl(ssl: "ModuleType") -> None:
    """Extend the methods through which a context receives roots, shows them, and makes connections."""
    # truststore and gevent put a subclass of their own in the place of SSLContext.
    owner = next(base for base in ssl.SSLContext.__mro__ if base.__module__ == "ssl")
    load = owner.load_verify_locations
    # Every connection is made by one of these two, be it the standard library's, gevent's or uvloop's.
    _wrap(owner, "_wrap_socket", _connecting(load, 1))
    _wrap(owner, "_wrap_bio", _connecting(load, 2))
    _wrap(owner, "get_ca_certs", _showing(load))
    _wrap(owner, "cert_store_stats", _showing(load))
    _wrap(owner, "set_default_verify_paths", _defaults)
    _wrap(owner, "load_verify_locations", _locations)


def extend_pyopenssl(pyopenssl: "ModuleType") -> None:
    """Extend pyOpenSSL's contexts like those of ssl; its connections say that they are clients' later."""
    # Below the decorator by which newer versions refuse to change a context that has a connection.
    load = _innermost(pyopenssl.Context.load_verify_locations)

    def locations(original: "Callable[..., Any]") -> "Callable[..., Any]":
        def load_verify_locations(self: "Any", cafile: "Any", capath: "Any" = None) -> None:
            original(self, cafile, capath)
            note(self, cafile, capath)

        return load_verify_locations

    def client(original: "Callable[..., Any]") -> "Callable[..., Any]":
        def connect(self: "Any", *given: "Any") -> "Any":
            trust(self.get_context(), load)
            return original(self, *given)

        return connect

    for name in ("set_connect_state", "connect", "connect_ex"):
        _wrap(pyopenssl.Connection, name, client)
    _wrap(pyopenssl.Context, "set_default_verify_paths", _defaults)
    _wrap(pyopenssl.Context, "load_verify_locations", locations)


def extend_truststore(truststore: "ModuleType") -> None:
    """Extend truststore's contexts, which do not always ask OpenSSL for its default paths."""

    def initialiser(original: "Callable[..., Any]") -> "Callable[..., Any]":
        def initialise(self: "Any", *given: "Any", **named: "Any") -> None:
            original(self, *given, **named)
            if not _public.chosen():
                note(getattr(self, "_ctx", self), public=True)

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


def extended(owner: "Any", name: str) -> bool:
    """Tell whether this package has replaced `owner.name`, be it below another organisation's replacement."""
    method = getattr(owner, name, None)
    while method is not None and not hasattr(method, _MARK):
        method = getattr(method, "__wrapped__", None)
    return method is not None


def _wrap(owner: "Any", name: str, wrapper: "Callable[..., Any]") -> None:
    """Replace `owner.name` by what `wrapper` makes of it, unless this package has done so before."""
    original = getattr(owner, name)
    if not hasattr(original, _MARK):
        replacement = functools.wraps(original)(wrapper(original))
        setattr(replacement, _MARK, True)
        setattr(owner, name, replacement)


def _innermost(function: "Any") -> "Any":
    while hasattr(function, "__wrapped__"):  # inspect.unwrap, whose module is slow to load
        function = function.__wrapped__
    return function


def _connecting(load: "Callable[..., Any]", place: int) -> "Callable[..., Any]":
    """Return a wrapper of what makes a connection; `place` is that of its argument `server_side`."""

    def wrapper(original: "Callable[..., Any]") -> "Callable[..., Any]":
        def connect(self: "Any", *given: "Any", **named: "Any") -> "Any":
            if not (given[place] if len(given) > place else named.get("server_side")):
                trust(self, load)
            return original(self, *given, **named)

        return connect

    return wrapper


def _showing(load: "Callable[..., Any]") -> "Callable[..., Any]":
    """Return a wrapper of what tells a context's roots."""

    def wrapper(original: "Callable[..., Any]") -> "Callable[..., Any]":
        def show(self: "Any", *given: "Any", **named: "Any") -> "Any":
            if self.protocol.name == "PROTOCOL_TLS_CLIENT":  # it cannot serve: it looks as it will be
                trust(self, load)
            return original(self, *given, **named)

        return show

    return wrapper


def _defaults(original: "Callable[..., Any]") -> "Callable[..., Any]":
    def set_default_verify_paths(self: "Any") -> None:
        original(self)
        public = not _public.chosen()
        for folder in _public.folders():
            note(self, folder=folder, public=public)

    return set_default_verify_paths


def _locations(original: "Callable[..., Any]") -> "Callable[..., Any]":
    def load_verify_locations(
        self: "Any", cafile: "Any" = None, capath: "Any" = None, cadata: "Any" = None
    ) -> None:
        framed = isinstance(cadata, str) and _BEGIN in cadata  # bytes are DER, which has no comments
        if framed:
            cadata = _unframed(cadata).strip() or None
        if not framed or cafile or capath or cadata:
            original(self, cafile, capath, cadata)
        note(self, cafile, capath, public=framed or None)

    return load_verify_locations


def _unframed(text: str) -> str:
    """Return `text` without this package's frames and what they hold; one without an end holds the rest."""
    while _BEGIN in text:
        before, _, rest = text.partition(_BEGIN)
        text = before + rest.partition(_END)[2]
    return text


@functools.lru_cache(maxsize=1)
def _roots() -> str:
    try:
        return contents()
    except Exception:  # removed while the process runs, damaged, not in its loader's reach: go on without
        return ""
