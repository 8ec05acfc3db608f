"""A RubyGems repository: the compact index for bundler and gem, and older indexes that gem still asks for.

RubyGems guides, "compact index API": `versions` names each gem's `info` file by its MD5, so
that one is written last. A withdrawn gem is in no index any more, which is what a yanked one is there.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import re
from operator import itemgetter
from typing import TYPE_CHECKING, Literal

from builder.errors import PackageError
from builder.formats import compression, gem, gemspec, rubymarshal
from builder.formats.unpacked import Malformed
from builder.repositories.ecosystem import Admitted
from builder.repositories.ecosystems import versions
from builder.repositories.ecosystems.ruby_clients import instructions
from builder.repositories.entry import rank
from builder.repositories.sitefile import Kind, SiteFile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from builder.repositories.entry import Released, SiteEntry
    from builder.repositories.publication import Publication
    from builder.repositories.shelf import Shelf
    from builder.repositories.sitefile import Staging

__all__ = ["FOLDER", "FORMAT", "NAME", "SIGNS", "TEXTS", "admit", "index", "instructions"]

NAME = "gem"
FOLDER = "gem"
FORMAT = "gem"
TEXTS: tuple[str, ...] = ("info",)
SIGNS: Literal["", "openpgp", "apk"] = ""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_VERSION = re.compile(r"\d+(\.[0-9A-Za-z]+)*")  # Gem::Version's, without a hyphen
_PLATFORM = "ruby"
_PRERELEASE = re.compile(r"[A-Za-z]")
_MARSHAL = "4.8"  # what the files are called by


def admit(released: Released, publication: Publication) -> Admitted:
    """Return the gem, its specification as Ruby reads it, and its line of the compact index."""
    package = gem.unpack(released.filename, released.data)
    fields = gem.specification(released.data)
    platform = fields.get("platform") or _PLATFORM
    if not _NAME.fullmatch(package.name) or not _VERSION.fullmatch(package.version):
        what = f"{released.filename}: {package.name} {package.version}"
        raise PackageError(f"{what} is no name and version that RubyGems takes")
    if platform != _PLATFORM:
        raise PackageError(f"{released.filename}: is for platform {platform}, and only ruby is supported")
    full = f"{package.name}-{package.version}"
    try:
        specification = compression.zlib_stream(gemspec.dump(fields))
        line = gemspec.line(fields, hashlib.sha256(released.data).hexdigest())
    except Malformed as fault:
        raise PackageError(f"{released.filename}: {fault}") from None
    files = (
        SiteFile(f"{FOLDER}/gems/{full}.gem", Kind.BLOB, released.data),
        SiteFile(f"{FOLDER}/quick/Marshal.{_MARSHAL}/{full}.gemspec.rz", Kind.BLOB, specification),
    )
    return Admitted(package.name, package.version, files, (line.encode(),))


def index(shelf: Shelf, publication: Publication, staging: Staging) -> None:
    """Put each gem's info, `versions` and `names`, and the lists that `gem list --remote` reads."""
    rows = {}
    for name, pairs in versions.lines_by_name(shelf, "info"):
        offered = [(rank(entry), entry.version, line) for entry, line in pairs() if not entry.withdrawn]
        offered.sort(key=itemgetter(0))
        info = b"".join((b"---\n", *(line for _, _, line in offered)))
        staging.put(f"{FOLDER}/info/{name}", Kind.LEAF, info)
        if offered:
            digest = hashlib.md5(info, usedforsecurity=False).hexdigest()
            rows[name] = f"{name} {','.join(version for _, version, _ in offered)} {digest}\n"
    since = dt.datetime.fromtimestamp(shelf.stock.since, dt.UTC)
    head = f"created_at: {since:%Y-%m-%dT%H:%M:%SZ}\n---\n"
    # gem 3.3 asks for the root itself before anything else, and goes on where it gets a page.
    staging.put(f"{FOLDER}/index.html", Kind.LEAF, _ROOT)
    staging.put(f"{FOLDER}/names", Kind.LEAF, "---\n" + "".join(f"{name}\n" for name in rows))
    _put_lists(shelf, staging)
    staging.put(f"{FOLDER}/versions", Kind.POINTER, head + "".join(rows.values()))


_ROOT = (
    '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Gems</title>\n</head>\n'
    "<body>\n<p>A source for gem and bundler.</p>\n</body>\n</html>\n"
)


def _put_lists(shelf: Shelf, staging: Staging) -> None:
    latest: dict[str, SiteEntry] = {}
    for entry in filter(_is_final, shelf.offered):
        if entry.name not in latest or rank(entry) >= rank(latest[entry.name]):
            latest[entry.name] = entry
    prereleases = sum(not _is_final(entry) for entry in shelf.offered)
    lists: dict[str, tuple[int, Iterable[SiteEntry]]] = {
        "specs": (shelf.stock.offered - prereleases, filter(_is_final, shelf.offered)),
        "latest_specs": (len(latest), (latest[name] for name in sorted(latest))),
        "prerelease_specs": (prereleases, itertools.filterfalse(_is_final, shelf.offered)),
    }
    for called, (count, entries) in lists.items():
        rows = ([entry.name, gemspec.version(entry.version), _PLATFORM] for entry in entries)
        content = compression.gzip_chunks(rubymarshal.dump_list(rows, count))
        staging.put(f"{FOLDER}/{called}.{_MARSHAL}.gz", Kind.LEAF, content)


def _is_final(entry: SiteEntry) -> bool:
    return not _PRERELEASE.search(entry.version)
