"""What people type for npm, pnpm, Yarn and Bun: a scope is asked for here, and nowhere else.

A name without a scope cannot be bound to a registry: it is installed by its address, which nobody else has.
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
    """Return what people type for npm, pnpm, Yarn (today's and 1) and Bun."""
    entry = versions.latest(shelf)
    return [*_told(entry, publication)] if entry else []


def _told(entry: SiteEntry, publication: Publication) -> Iterator[Instructions]:
    if not entry.name.startswith("@"):
        yield _by_address(entry, publication.url)
        return
    scope, registry = entry.name.partition("/")[0], f"{publication.url}/npm/"
    npmrc = f"echo '{scope}:registry={registry}' >>.npmrc\n"
    words = ("npm install", "npm update", "npm uninstall")
    yield _client("npm", "npm", entry.name, setup=npmrc, words=words, verify=_VERIFY.format("npx --no"))
    yield _client(
        "pnpm",
        "pnpm",
        entry.name,
        setup=f"{npmrc}cat >>pnpm-workspace.yaml <<'EOF'\n{_EXEMPT.format(entry.name)}EOF\n",
        words=("pnpm add", "pnpm update", "pnpm remove"),
        verify=_VERIFY.format("pnpm exec"),
        notes=(_WAITING.format("pnpm", "minimumReleaseAgeExclude"),),
    )
    yield _client(
        "yarn",
        "Yarn",
        entry.name,
        setup=f"yarn config set 'npmScopes[\"{scope[1:]}\"].npmRegistryServer' {registry[:-1]}\n"
        f"yarn config set --json npmPreapprovedPackages '[\"{entry.name}\"]'\n",
        words=("yarn add", "yarn up", "yarn remove"),
        verify='yarn node --require {name}/register "$(yarn bin {command})" doctor\n',
        notes=(_WAITING.format("Yarn", "npmPreapprovedPackages"), _UNCHECKED),
    )
    words = ("yarn add", "yarn upgrade", "yarn remove")
    yield _client("yarn1", "Yarn 1", entry.name, setup=npmrc, words=words, verify=_VERIFY.format("yarn run"))
    words = ("bun add", "bun update", "bun remove")
    yield _client("bun", "Bun", entry.name, setup=npmrc, words=words, verify=_VERIFY.format("bunx"))


_VERIFY = "NODE_OPTIONS='--require {{name}}/register' {} {{command}} doctor\n"
_WAITING = (
    "{} leaves a release alone on its first day; {} lets this one in, so that a rotation need not wait."
)


def _command(name: str) -> str:
    """Return what the package's command is called."""
    return name.removeprefix("@").replace("/", "__")


def _client(
    id: str,  # noqa: A002  it becomes a field of that name
    title: str,
    name: str,
    *,
    setup: str,
    words: tuple[str, str, str],
    verify: str,
    notes: tuple[str, ...] = (),
) -> Instructions:
    install, upgrade, remove = words
    return Instructions(
        id=id,
        title=f"JavaScript: {title}",
        setup=setup,
        install=f"{install} {name}\n",
        verify=verify.format(name=name, command=_command(name)),
        upgrade=f"{upgrade} {name}\n",
        remove=f"{remove} {name}\n",
        notes=(_SCOPED.format(name.partition("/")[0]), *notes),
    )


_UNCHECKED = (
    "Yarn never compares a download with the registry's digest, only with yarn.lock once the package is in "
    "it: the first time, TLS alone protects it."
)
_EXEMPT = "minimumReleaseAgeExclude:\n  - '{}'\n"
_SCOPED = "Everything of {} is asked for at this site: a public package of that name is never looked for."
_UNSCOPED = (
    (
        "{0} has no scope, so npm would look for it by name where it looks for everything, and take the "
        "higher version there. By its address nobody else's package can come, and no update either."
    ),
    (
        "With a scope (npm_scope in trustpack.yaml) it is installed and updated by name. Until then, updates "
        "by name need one registry for all: a mirror such as Verdaccio, Nexus or Artifactory, which takes "
        "this name from this site alone."
    ),
)


def _by_address(entry: SiteEntry, url: str) -> Instructions:
    address = f"{url}/{entry.path}"
    return Instructions(
        id="npm",
        title="JavaScript: npm, pnpm, Yarn, Bun",
        setup="",
        install=f"npm install {address}\n",
        verify=_VERIFY.format("npx --no").format(name=entry.name, command=_command(entry.name)),
        upgrade=f"npm install {address}\n",
        remove=f"npm uninstall {entry.name}\n",
        notes=tuple(note.format(entry.name) for note in _UNSCOPED),
    )
