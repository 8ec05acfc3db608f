"""What people type for pip, uv and poetry: each asks this site for our wheel, and PyPI never.

pip takes the highest version that any of its indexes has, so it is given one index; the others can be told
where one package comes from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.repositories.ecosystem import Instructions
from builder.repositories.ecosystems import versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from builder.repositories.entry import SiteEntry
    from builder.repositories.publication import Publication
    from builder.repositories.shelf import Shelf


def instructions(shelf: Shelf, publication: Publication) -> Sequence[Instructions]:
    """Return what people type for pip, uv and poetry."""
    entry = versions.latest(shelf)
    return [*_told(entry, publication)] if entry else []


def _told(entry: SiteEntry, publication: Publication) -> Iterator[Instructions]:
    slug, url = publication.organisation.slug, f"{publication.url}/pypi/simple/"
    yield _pip(entry.name, url)
    yield _uv(entry.name, url, slug)
    yield _poetry(entry.name, url, slug)


def _module(name: str) -> str:
    return name.replace("-", "_")


_PIP = (
    "{0} needs no other package, so this index is the only one that pip asks in that command.",
    (
        "Where one command installs {0} and packages of others, give pip one index that takes {0} from "
        "this site alone and passes on the rest: a mirror such as devpi, Nexus or Artifactory."
    ),
    (
        "Never give pip a second index beside its own (extra-index-url): it takes the higher version, "
        "whoever has published it."
    ),
)
_EXCLUDE_NEWER = (
    "Where exclude-newer is set, a new release waits for that long, and a host that serves the index as HTML "
    "alone shows uv no times, so that it takes no release: exempt it by "
    "exclude-newer-package = {{ {0} = false }} below [tool.uv]."
)


def _pip(name: str, url: str) -> Instructions:
    pip = f"python3 -m pip install --index-url {url}"
    return Instructions(
        id="pip",
        title="Python: pip",
        setup="",
        install=f"{pip} {name}\n",
        verify=f"python3 -m {_module(name)} doctor\n",
        upgrade=f"{pip} --upgrade {name}\n",
        remove=f"python3 -m pip uninstall --yes {name}\n",
        notes=tuple(note.format(name) for note in _PIP),
    )


def _uv(name: str, url: str, slug: str) -> Instructions:
    lines = (
        f'\n[[tool.uv.index]]\nname = "{slug}"\nurl = "{url}"\nexplicit = true\n'
        f'\n[tool.uv.sources.{name}]\nindex = "{slug}"\n'
    )
    return Instructions(
        id="uv",
        title="Python: uv",
        setup=f"cat >>pyproject.toml <<'EOF'\n{lines}EOF\n",
        install=f"uv add {name}\n",
        verify=f"uv run python -m {_module(name)} doctor\n",
        upgrade=f"uv lock --upgrade-package {name}\nuv sync\n",
        remove=f"uv remove {name}\n",
        notes=(
            f"The index is explicit: uv asks it for {name} alone, and asks no other index for {name}.",
            f"Outside of a project: uv pip install --default-index {url} {name}",
            _EXCLUDE_NEWER.format(name),
        ),
    )


def _poetry(name: str, url: str, slug: str) -> Instructions:
    return Instructions(
        id="poetry",
        title="Python: Poetry",
        setup=f"poetry source add --priority=explicit {slug} {url}\n",
        install=f"poetry add --source {slug} {name}\n",
        verify=f"poetry run python -m {_module(name)} doctor\n",
        upgrade=f"poetry update {name}\n",
        remove=f"poetry remove {name}\n",
        notes=(f"The source is explicit: Poetry asks it for {name} alone, and asks no other for {name}.",),
    )
