"""What people type for gem and bundler: our gem is asked for at this site, and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.repositories.ecosystem import Instructions
from builder.repositories.ecosystems import versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from builder.repositories.entry import SiteEntry
    from builder.repositories.publication import Publication
    from builder.repositories.shelf import Shelf


_BUNDLER = (
    "The Gemfile names the source of {0} alone: Bundler looks for it nowhere else.",
    "With Bundler 2.6 and newer, `bundle lock --add-checksums` makes the lock say what each gem must be.",
)
_GEM = (
    (
        "`gem install` never compares what it downloads with the index: TLS alone protects it. "
        "Bundler compares. Or download the file, compare its SHA-256, and install it by gem install --local."
    ),
    ("`gem update` asks the public source too, and takes the higher version: upgrade {0} by the line above."),
)


def instructions(shelf: Shelf, publication: Publication) -> Sequence[Instructions]:
    """Return what people type for bundler and gem."""
    entry = versions.latest(shelf)
    return [*_told(entry, publication)] if entry else []


def _told(entry: SiteEntry, publication: Publication) -> Iterator[Instructions]:
    name, url = entry.name, f"{publication.url}/gem/"
    feature = name.replace("-", "_")
    yield Instructions(
        id="bundler",
        title="Ruby: Bundler",
        setup="",
        install=f"bundle add {name} --source {url}\n",
        verify=f"bundle exec ruby -rbundler/setup -r{feature} -S {name} doctor\n",
        upgrade=f"bundle update {name}\n",
        remove=f"bundle remove {name}\n",
        notes=tuple(note.format(name) for note in _BUNDLER),
    )
    gem = f"gem install --clear-sources --source {url}"
    yield Instructions(
        id="gem",
        title="Ruby: gem",
        setup="",
        install=f"{gem} {name}\n",
        verify=f"ruby -r{feature} -S {name} doctor\n",
        upgrade=f"{gem} {name}\n",
        remove=f"gem uninstall --all --executables {name}\n",
        notes=tuple(note.format(name) for note in _GEM),
    )
