"""Addresses as messages may show them: without the user, the password and whatever else may be secret in one.

What people type is not always an address: schemes in capitals or misspelt, one slash for two, none at all.
"""

from __future__ import annotations

import re

# "https://", "HTTPS://", "htps://", "https:/", "https:\\\\", "//user@host"; one letter before the colon is a
# drive's.
_ADDRESS = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]+:[/\\]+|https?:|//(?=[^/]*(?:@|%40)))", re.IGNORECASE)
# Up to the last sign that ends a user's part, which may be percent-encoded, as that of a password may be.
_USER = re.compile(r"[^/\\?#]*(?:@|%40)", re.IGNORECASE)
# A password may hold a slash or a sharp sign that nobody encoded.
_ODD_USER = re.compile(r"[^/\\?#@]*:[^@]*@")
_USER_ALONE = re.compile(r"[^/\\@\s]*:[^/\\@]*(?:@|%40)", re.IGNORECASE)
_QUERY = re.compile(r"[?;](?=[^?=/]*=).*|\?.*", re.DOTALL)
_QUERY_OF_FILE = re.compile(r"\?[^?=/]*=.*", re.DOTALL)
_SECRET = re.compile(
    r"[?&;#](?:[^=&;#]*[-_])?(?:(?:access|auth|id|api|sas|private)?[-_]?(?:token|key)|secret|pass(?:word|wd)?|pwd|"
    r"sig(?:nature)?|credential|jwt|code|auth(?:orization)?)=",
    re.IGNORECASE,
)
_IN_TEXT = re.compile(r"(?<![A-Za-z0-9])(?:[A-Za-z][A-Za-z0-9+.-]+:)?//[^\s'\"<>]+")
_USER_IN_TEXT = re.compile(r"(?<![A-Za-z0-9])([A-Za-z][A-Za-z0-9+.-]+:/+)[^\s/?#'\"<>]*@")
_HIDDEN = "?…"


def is_address(name: str) -> bool:
    """Tell whether a name is meant as an address, well written or not."""
    return _ADDRESS.match(name) is not None


def has_user(address: str) -> bool:
    """Tell whether an address holds a user's name or a password."""
    start = _ADDRESS.match(address)
    return bool(start) and _USER.match(address, start.end() if start else 0) is not None


def secret(address: str) -> str:
    """Return what of an address nobody else may read: a user's name or password, or a token; else nothing."""
    if has_user(address):
        return "a user name or a password"
    return "a token or another secret" if _SECRET.search(address) else ""


def shown(name: str) -> str:
    """Return a name as people may see it: of an address, scheme, host and path; a file's name as it is."""
    start = _ADDRESS.match(name)
    if not start:
        return _QUERY_OF_FILE.sub(_HIDDEN, _USER_ALONE.sub("", name, count=1))
    scheme, rest = start[0], name[start.end() :]
    for user in (_USER, _ODD_USER):
        found = user.match(rest)
        rest = rest[found.end() :] if found else rest
    return scheme + _QUERY.sub(_HIDDEN, rest.partition("#")[0])


def scrubbed(text: str) -> str:
    """Return a text of somebody else's with each address in it as `shown` has it."""
    return _IN_TEXT.sub(lambda found: shown(found[0]), text)


def anonymous(text: str) -> str:
    """Return a message without the users of addresses in it: one may stand where another value belongs."""
    return _USER_IN_TEXT.sub(r"\1", text)
