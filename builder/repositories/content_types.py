"""What type each file of a site is served as (the Content-Type of HTTP).

pip and uv refuse an index that is no HTML or JSON of theirs; no other package manager looks.
"""

from __future__ import annotations

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
    ".pem": "application/x-pem-file",
    ".pub": "application/x-pem-file",
    ".rpm": "application/x-rpm",
    ".sh": _TEXT,
    ".tgz": "application/gzip",
    ".txt": _TEXT,
    ".xml": "application/xml",
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
