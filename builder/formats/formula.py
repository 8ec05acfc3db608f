"""Homebrew formulae (docs.brew.sh/Formula-Cookbook): the Ruby file that says what to download."""

from __future__ import annotations

import re

from builder.formats.unpacked import Entry, Malformed, Unpacked, text

_CLASS = re.compile(rb"^class ([A-Z]\w*) < Formula\b", re.MULTILINE)
_STRING = r"""(?:"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)')"""
_FIELD = re.compile(
    rf"^ *(desc|homepage|url|version|license|sha256|root_url|depends_on) +{_STRING}", re.MULTILINE
)
_BOTTLE = re.compile(rf"^ *sha256 +(?:[^\n]*?, *)?(\w+): +{_STRING}", re.MULTILINE)
_VERSION = re.compile(r"[-_/](\d[0-9.]*?)(?:\.(?:tar\.|tgz|zip)[^/]*)?$")
_MAX_FORMULA = 1024 * 1024
_URL = re.compile(r"""(?m)^( *url )["'].*/([^/"']+)["']$""")
_ROOT_URL = re.compile(r"""(?m)^( *root_url )["'].*["']$""")


def recognises(data: bytes) -> bool:
    """Tell whether `data` is Ruby text that defines a formula."""
    return _CLASS.search(data[:_MAX_FORMULA]) is not None


def unpack(name: str, data: bytes) -> Unpacked:
    """Read a formula's fields; nothing of it is run."""
    if len(data) > _MAX_FORMULA:
        raise Malformed("is too long for a formula")
    ruby = text(data)
    found = _CLASS.search(data)
    if found is None:
        raise Malformed("defines no formula")
    metadata: dict[str, str] = {}
    for key, double, single in _FIELD.findall(ruby):
        value = re.sub(r"\\(.)", r"\1", double or single)
        metadata[key] = f"{metadata[key]}, {value}" if key in metadata else value
    metadata |= {f"bottle.{tag}": double or single for tag, double, single in _BOTTLE.findall(ruby)}
    # Homebrew itself takes the version from the URL where none is given.
    version = _VERSION.search(metadata.get("url", ""))
    number = metadata.get("version") or (version[1] if version else "")
    return Unpacked("formula", _package(found[1].decode("ascii")), number, metadata, (Entry(name, data),))


def beside(ruby: str) -> str:
    """Return a formula of ours that finds its archives beside itself, wherever the organisation's site is."""
    ruby = _URL.sub(r'\1"file://#{__dir__}/\2"', ruby)
    return _ROOT_URL.sub(r'\1"file://#{__dir__}"', ruby)


def _package(constant: str) -> str:
    """Undo Homebrew's class name: AcmeCaCerts is the formula acme-ca-certs."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", constant).lower()
