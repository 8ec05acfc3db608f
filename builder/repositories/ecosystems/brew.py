"""A Homebrew tap (docs.brew.sh/Taps): a Git repository of loose objects, which any server of files serves.

Git's "dumb" protocol (gitprotocol-http): info/refs names the newest commit, and each object is a file. The
archives lie beside the formula in the tree: its file: addresses hold wherever the tap is cloned to, and
Git's hashes cover all of them. Every release is a commit for good: what brew has pulled must stay in the
history.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Literal

import msgspec

from builder.errors import PackageError
from builder.formats import compression, formula, names
from builder.repositories.ecosystem import Admitted, Instructions
from builder.repositories.ecosystems import versions
from builder.repositories.entry import rank
from builder.repositories.sitefile import Kind, SiteFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from builder.repositories.entry import Released, SiteEntry
    from builder.repositories.publication import Publication
    from builder.repositories.shelf import Shelf
    from builder.repositories.sitefile import Staging

NAME = "brew"
FOLDER = "brew"
FORMAT = "formula"
TEXTS: tuple[str, ...] = ("trees",)
SIGNS: Literal["", "openpgp", "apk"] = ""

_TAP = "homebrew-ca"
REPOSITORY = f"{FOLDER}/{_TAP}.git"
_BRANCH = "refs/heads/main"
_FOLDER_MODE, _FILE_MODE = 0o40000, 0o100644
# What `git init --bare` writes, as far as Git needs it to take a folder for a repository.
_CONFIG = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n"
_PREFIX = "$(brew --prefix)"
_NAMED = re.compile(r"(.+?)-(\d[^-]*)\.rb")


class _Release(msgspec.Struct, frozen=True):
    """A release in the tap: its author, and its files with their Git hashes, the formula first."""

    author: str
    files: tuple[tuple[str, str], ...]


def admit(released: Released, publication: Publication) -> Admitted:
    """Return the formula and its archives as Git's objects.

    The formula's archives are looked for beside it, whatever address it was built with.
    """
    name, version = _called(released)
    _check_archives(released)
    try:
        ruby = formula.beside(released.data.decode("utf-8"))
    except UnicodeDecodeError:
        raise PackageError(f"{released.filename}: is not UTF-8") from None
    contents = ((f"{name}.rb", ruby.encode()), *released.beside)
    blobs = [(file, *_loose(b"blob", data)) for file, data in contents]
    organisation = publication.organisation
    kept = _Release(
        f"{organisation.contact_name} <{organisation.contact_email}>",
        tuple((file, digest) for file, digest, _ in blobs),
    )
    files = tuple(SiteFile(_path(digest), Kind.BLOB, data) for _, digest, data in blobs)
    return Admitted(name, version, files, (msgspec.json.encode(kept) + b"\n",))


def _called(released: Released) -> tuple[str, str]:
    """Return a formula's name and version by its file, as the class in it has only its letters."""
    package = formula.unpack(released.filename, released.data)
    found = _NAMED.fullmatch(released.filename)
    if found is None or not names.same("formula", found[1], package.name):
        raise PackageError(
            f"{released.filename}: is not called as its formula {package.name}, with a version"
        )
    return found[1], found[2]


def _check_archives(released: Released) -> None:
    """Refuse a formula that asks for other archives than come with it."""
    package = formula.unpack(released.filename, released.data)
    asked = {value for key in ("sha256", "bottle.all") if (value := package.metadata.get(key))}
    there = {hashlib.sha256(data).hexdigest() for _, data in released.beside}
    if asked - there:
        raise PackageError(
            f"{released.filename}: its archive of SHA-256 {min(asked - there)} is not beside it"
        )


def index(shelf: Shelf, publication: Publication, staging: Staging) -> None:
    """Put a commit for each release, withdrawn ones too, and what leads to the newest."""
    head = ""
    for commit, objects in _commits(shelf):
        head = commit
        for digest, data in objects:
            staging.put(_path(digest), Kind.HASHED, data)
    staging.put(f"{REPOSITORY}/HEAD", Kind.LEAF, f"ref: {_BRANCH}\n")
    staging.put(f"{REPOSITORY}/config", Kind.LEAF, _CONFIG)
    staging.put(f"{REPOSITORY}/objects/info/packs", Kind.LEAF, "\n")
    staging.put(f"{REPOSITORY}/{_BRANCH}", Kind.POINTER, f"{head}\n")
    staging.put(f"{REPOSITORY}/info/refs", Kind.POINTER, f"{head}\t{_BRANCH}\n")


def _commits(shelf: Shelf) -> Iterator[tuple[str, Iterable[tuple[str, bytes]]]]:
    """Yield each commit's hash, and the objects that it brings.

    Whatever was committed before stays so when more comes. A release that comes after a newer one is followed
    by that newer one once more: the last commit has the newest formula of each name.
    """
    offered: dict[str, tuple[SiteEntry, _Release]] = {}
    head = ""
    for entry, line in shelf.each("trees"):
        newer = offered.get(entry.name)
        offered[entry.name] = entry, msgspec.json.decode(line, type=_Release)
        head, objects = _commit(entry, offered, head)
        yield head, objects
        if newer and rank(newer[0]) > rank(entry):
            author = offered[entry.name][1].author
            offered[entry.name] = newer
            again = newer[0].version
            head, objects = _commit(entry, offered, head, f"{entry.name} {again} again", author)
            yield head, objects


def _commit(
    entry: SiteEntry,
    offered: Mapping[str, tuple[SiteEntry, _Release]],
    parent: str,
    message: str = "",
    author: str = "",
) -> tuple[str, list[tuple[str, bytes]]]:
    """Return a commit's hash, and it with its trees; its time is when the release came to the site."""
    from dulwich.objects import Commit, ObjectID, Tree

    formulae, root, commit = Tree(), Tree(), Commit()
    for _, release in offered.values():
        for file, digest in release.files:
            formulae.add(file.encode(), _FILE_MODE, ObjectID(digest.encode()))
    root.add(b"Formula", _FOLDER_MODE, formulae.id)
    commit.tree, commit.parents = root.id, [ObjectID(parent.encode())] if parent else []
    commit.author = commit.committer = (author or offered[entry.name][1].author).encode()
    commit.author_time = commit.commit_time = entry.added
    commit.author_timezone = commit.commit_timezone = 0
    commit.message = f"{message or f'{entry.name} {entry.version}'}\n".encode()
    objects = [_loose(one.type_name, one.as_raw_string()) for one in (formulae, root, commit)]
    return objects[-1][0], objects


def _loose(kind: bytes, data: bytes) -> tuple[str, bytes]:
    """Return an object's hash, and the file of it: stored, as no two zlibs compress to the same bytes."""
    content = b"%s %d\0%s" % (kind, len(data), data)
    return hashlib.sha1(content, usedforsecurity=False).hexdigest(), compression.zlib_stream(content)


def _path(digest: str) -> str:
    return f"{REPOSITORY}/objects/{digest[:2]}/{digest[2:]}"


def instructions(shelf: Shelf, publication: Publication) -> Sequence[Instructions]:
    """Return what people type for Homebrew."""
    entry = versions.latest(shelf)
    return [*_told(entry, publication)] if entry else []


def _told(entry: SiteEntry, publication: Publication) -> Iterator[Instructions]:
    tap = f"{publication.organisation.slug}/ca"
    full = f"{tap}/{entry.name}"
    yield Instructions(
        id="brew",
        title="macOS and Linux: Homebrew",
        setup=f"brew tap {tap} {publication.url}/{REPOSITORY}\n",
        install=f"brew install {full}\n",
        # Not `brew test`: since Homebrew 6 it turns on the developer mode, and fetches gems.
        verify=f'"{_PREFIX}/opt/openssl@3/bin/openssl" verify -CApath "{_PREFIX}/etc/openssl@3/certs" '
        f'"{_PREFIX}/share/{entry.name}/roots.pem"\n',
        upgrade=f"brew update\nbrew upgrade {full}\n",
        remove=f"brew uninstall {full}\nbrew cleanup --prune-prefix\nbrew untap {tap}\n",
        notes=(
            "By its full name the formula comes from this tap alone, whatever others call theirs.",
            "The tap is not signed: brew looks at no signature. What protects it is TLS.",
        ),
    )
