"""What type each file of a site is served as (the Content-Type of HTTP), and for how long it is kept.

pip and uv refuse an index that is no HTML or JSON of theirs; no other package manager looks. An iPhone takes
a profile by its type alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from builder.repositories.sitefile import Kind

_UNKNOWN = "application/octet-stream"
_TEXT = "text/plain; charset=utf-8"
_HTML = "text/html; charset=utf-8"
_JSON = "application/json"
_SIMPLE = "application/vnd.pypi.simple.v1+json"
_ENDINGS = {
    ".apk": _UNKNOWN,
    ".asc": "application/pgp-keys",
    ".atom": "application/atom+xml",
    ".deb": "application/vnd.debian.binary-package",
    ".gz": "application/gzip",
    ".html": _HTML,
    ".json": _JSON,
    ".md": _TEXT,
    ".mobileconfig": "application/x-apple-aspen-config",
    ".msi": "application/x-msi",
    ".pem": "application/x-pem-file",
    ".ps1": _TEXT,
    ".pub": "application/x-pem-file",
    ".rpm": "application/x-rpm",
    ".sh": _TEXT,
    ".tar": "application/x-tar",
    ".tgz": "application/gzip",
    ".txt": _TEXT,
    ".xml": "application/xml",
    ".yaml": "application/yaml",
    ".zip": "application/zip",
    ".zst": "application/zstd",
}
# Files without an ending, by the longest beginning of their paths.
_FOLDERS = {"pypi/simple/": _HTML, "npm/": _JSON, "gem/": _TEXT, "deb/dists/": _TEXT, "trustpack/": _TEXT}


def content_type(path: str) -> str:
    """Return the type of the file at `path` below the site's root, or of the key `path` in a bucket."""
    name = path.rpartition("/")[2]
    dot = name.rfind(".")
    if path.startswith("pypi/simple/") and name == "index.json":
        return _SIMPLE
    if dot >= 0 and name[dot:] in _ENDINGS:
        return _ENDINGS[name[dot:]]
    if dot >= 0 and not path.startswith(("gem/info/", "npm/")):
        return _UNKNOWN
    return next((kind for start, kind in _FOLDERS.items() if path.startswith(start)), _UNKNOWN)


def cache_control(kind: Kind) -> str:
    """Return how long a file of this kind may be kept by who has fetched it, as HTTP's Cache-Control.

    What is told in its name is kept for ever; all else is asked for again each time, and mostly is the same.
    """
    return "public, max-age=31536000, immutable" if kind.immutable else "no-cache"
