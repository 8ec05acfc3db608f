"""An ecosystem: how one kind of package manager finds packages on a static site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.repositories.entry import Released
    from builder.repositories.publication import Publication
    from builder.repositories.shelf import Shelf
    from builder.repositories.sitefile import SiteFile, Staging


class Admitted(msgspec.Struct, frozen=True):
    """A package taken in: its files for the site, the published one first, and its lines in each text."""

    name: str
    version: str
    files: tuple[SiteFile, ...]
    lines: tuple[bytes, ...]


class Instructions(msgspec.Struct, frozen=True):
    """What somebody types who uses one package manager; texts are shell lines that end with a line feed.

    `id` is a word for anchors, `title` what people call the system or language. `setup` makes the site known
    once, `verify` shows that the roots are there. `notes` are sentences that matter before it is done.
    """

    id: str
    title: str
    setup: str
    install: str
    verify: str
    upgrade: str
    remove: str
    notes: tuple[str, ...] = ()


class Ecosystem(Protocol):
    """One kind of package manager; all functions are pure, and start no program.

    NAME is what a state calls it, FOLDER where it lies below the site's root, FORMAT the package format (a
    key of formats.READERS) whose files it takes, TEXTS the names of the texts that it keeps lines in, and
    SIGNS the kind of key that signs its package files themselves.
    """

    NAME: str
    FOLDER: str
    FORMAT: str
    TEXTS: tuple[str, ...]
    SIGNS: Literal["", "openpgp", "apk"]

    def admit(self, released: Released, publication: Publication) -> Admitted:
        """Return a package's own files, signed where the format can be, and its lines.

        Raises PackageError for what the ecosystem could not offer.
        """
        ...

    def index(self, shelf: Shelf, publication: Publication, staging: Staging) -> None:
        """Put every index file of all packages into `staging`, in any order; nothing that `admit` returned.

        Packages that are withdrawn are left out, or said to be so, as the ecosystem has it.
        """
        ...

    def instructions(self, shelf: Shelf, publication: Publication) -> Sequence[Instructions]:
        """Return what people type, none where the shelf offers nothing."""
        ...
