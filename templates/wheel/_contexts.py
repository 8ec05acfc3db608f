"""The contexts of this process that trust by default, and how these roots get into them.

A context receives them when a client's connection is made with it: only then it is known that it does not
serve, and one that makes none costs nothing. Should the same context serve later, OpenSSL takes them for
servers' certificates only, as anchors.pem says.
"""

import functools
import os
import weakref
from _thread import allocate_lock

from . import _file, _public

TYPE_CHECKING = False  # see __init__.py
if TYPE_CHECKING:
    from typing import Any, Callable

# In anchors.pem, in front of each root: what OpenSSL names its file by in a folder of roots.
_HASH = "# subject hash: "

_VERSION = 0xA0  # the tag of the version, in DER


class _Known:
    """What is known of one context.

    `default`: it trusts what clients trust by default; `loaded`: these roots are in it; `folders`: where else
    it looks for roots, not yet looked through for namesakes.
    """

    def __init__(self) -> None:
        self.default = self.loaded = False
        self.folders: list[str] = []


# By id, with who it is: a context may compare by value. Not as attributes of the contexts: what copies or
# pickles one would take those along, without the roots.
_known: "dict[int, tuple[weakref.ref[Any], _Known]]" = {}


# One thread at a time loads; a forked child has no thread that would give a lock back.
_turn = [allocate_lock()]
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: _turn.__setitem__(0, allocate_lock()))


def anchors() -> str:
    """Return the path of the file with these roots that OpenSSL loads."""
    return _file("anchors.pem")


def note(context: "Any", file: "Any" = None, folder: "Any" = None, *, public: "bool | None" = None) -> None:
    """Remember what a context has been given: a file, a folder, and whether they are the public roots.

    Where `public` is None, they tell themselves.
    """
    try:
        known = _find(context) or _remember(context)
        if public is None:
            public = (file is not None and _public.is_file(file)) or (
                folder is not None and _public.is_folder(folder)
            )
        known.default = known.default or public
        if folder is not None:
            known.folders.append(os.fsdecode(folder))
    except Exception:  # a context that cannot be remembered, a path that is none: it stays as it is
        pass


def trust(context: "Any", load: "Callable[..., Any]") -> None:
    """Add these roots to a client's context that trusts the default ones, unless they are in it."""
    try:
        known = _find(context)
        if known is None or not known.default or (known.loaded and not known.folders):
            return
        with _turn[0]:  # nobody connects with a context while it changes
            found = [each for folder in known.folders for each in _namesakes(folder)]
            for path in (path for path, root in found if root):
                _load(context, load, path)
            known.loaded = known.loaded or _load(context, load, anchors())
            for path in (path for path, root in found if not root):
                _load(context, load, path)
            known.folders.clear()  # only now: another thread must not connect before
    except Exception:  # removed while the process runs, damaged, …: it stays as it is
        pass


def _find(context: "Any") -> "_Known | None":
    who, known = _known.get(id(context), (None, None))
    return known if who is not None and who() is context else None


def _remember(context: "Any") -> _Known:
    key, known = id(context), _Known()

    def forget(who: "Any") -> None:
        if _known.get(key, (None,))[0] is who:  # else another context has its place by now
            del _known[key]

    _known[key] = (weakref.ref(context, forget), known)
    return known


def _load(context: "Any", load: "Callable[..., Any]", path: str) -> bool:
    try:
        load(context, path)
    except Exception:  # OpenSSL takes it not, or it is gone
        return False
    return True


def _namesakes(folder: str) -> "list[tuple[str, bool]]":
    """Return a context's folder's files with a subject of these roots, and whether each is a root itself.

    OpenSSL does not look into a folder for a subject that the context holds already: a root that lies there
    with the same name, but another key (one before or after a renewal), would be trusted no longer. Of
    several it takes the first: roots of the folder come before these, so that they count for as much as ever;
    what another CA has signed comes after, because it leads nowhere where that CA is not trusted.
    """
    try:
        return _listed(folder, os.stat(folder).st_mtime_ns)
    except OSError:
        return []


@functools.lru_cache(maxsize=8)  # by the time of change, too: a changed folder is another question
def _listed(folder: str, _: int) -> "list[tuple[str, bool]]":
    hashes = _hashes()
    names = [name for name in os.listdir(folder) if name.partition(".")[0] in hashes]
    return [(path, _is_root(path)) for path in sorted(os.path.join(folder, name) for name in names)]


def _is_root(path: str) -> bool:
    """Tell whether the certificate in a PEM file names itself as its issuer; one unread passes for one."""
    import binascii

    try:
        with open(path, "rb") as file:
            body = file.read().split(b"CERTIFICATE-----")[1].partition(b"-----END")[0]
        issuer, subject = _names(binascii.a2b_base64(body))
    except (OSError, ValueError, IndexError):
        return True
    return issuer == subject


def _names(der: bytes) -> "tuple[bytes, bytes]":
    """Return the issuer and the subject of a certificate (RFC 5280, 4.1)."""
    at = _contents(der, _contents(der, 0)[0])[0]
    if der[at] == _VERSION:  # the first certificates have none
        at = _contents(der, at)[1]
    fields = []
    for _ in ("serial number", "signature", "issuer", "validity", "subject"):
        end = _contents(der, at)[1]
        fields.append(der[at:end])
        at = end
    return fields[2], fields[4]


def _contents(der: bytes, at: int) -> "tuple[int, int]":
    """Return where the contents of the element at `at` start and end."""
    start, size = at + 2, der[at + 1]
    if size & 0x80:
        start, size = start + (size & 0x7F), int.from_bytes(der[start : start + (size & 0x7F)], "big")
    return start, start + size


@functools.lru_cache(maxsize=1)
def _hashes() -> "frozenset[str]":
    with open(anchors(), encoding="ascii") as file:
        return frozenset(line[len(_HASH) :].strip() for line in file if line.startswith(_HASH))
