"""The files of one CI system, from texts beside this module in which `@NAME@` stands for what differs.

Not by a template engine: GitHub's own expressions are written as most engines write theirs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from builder.text.quoting import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

# Where a system looks for its files, from the repository's root, and the texts that they are made of.
SYSTEMS: Mapping[str, Mapping[str, str]] = {
    "github": {
        ".github/workflows/trust.yml": "github.yml",
        ".github/workflows/trust-comment.yml": "github-comment.yml",
        ".github/trustpack-requirements.txt": "requirements.txt",
    },
    "gitlab": {".gitlab-ci.yml": "gitlab.yml", ".gitlab/trustpack-requirements.txt": "requirements.txt"},
}
# What the packages are made by, beside the bundle; a folder's name ends in a slash.
_INPUTS = ("trustpack.yaml", "trustpack.lock", "recipes/", "templates/")
# Actions by their commits, which are those of the tags behind them.
_ACTIONS = {
    "CHECKOUT": "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
    "SETUP_PYTHON": "actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0",
    "UPLOAD": "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0",
    "ATTEST": "actions/attest@1e69f48acb82d1966a394da916b4c1698aa569d6 # v4.2.2",
    "DOWNLOAD": "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1",
}
# What a first proof asks, in seconds: the client of the first of these targets that is built.
# Others need root, and GitLab's image has Python alone.
_CLIENTS = {
    "github": {"wheel": "urllib", "npm": "https", "gem": "net/http"},
    "gitlab": {"wheel": "urllib"},
}
# What a pattern of paths has for a character that stands for others: GitHub knows a backslash before it.
# GitLab's patterns (Ruby's File.fnmatch, with braces, and variables) have `?` for any character.
# https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#filter-pattern-cheat-sheet
# https://docs.gitlab.com/ci/yaml/#ruleschanges
_PLAIN = {
    "github": (re.compile(r"[*?+!\[\]\\]"), r"\\\g<0>"),
    "gitlab": (re.compile(r"[*?\[\]{}$\\]"), "?"),
}


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What a project's jobs need to know: whose it is, where its site is served, what it is made of.

    `paths` are the bundle's files and folders, from the repository's root; a folder's ends in a slash.
    """

    slug: str
    site: str
    paths: tuple[str, ...]
    targets: tuple[str, ...]
    version: str


@dataclass(frozen=True, slots=True)
class CiFile:
    """A file for a CI system: its path from the repository's root, and its text."""

    path: str
    text: str


def files(system: str, pipeline: Pipeline) -> tuple[CiFile, ...]:
    """Return the files of a system, one of SYSTEMS."""
    requirements = next(path for path, name in SYSTEMS[system].items() if name == "requirements.txt")
    watched = [_pattern(system, path) for path in (*pipeline.paths, *_INPUTS, requirements)]
    values = _ACTIONS | {
        "SLUG": pipeline.slug,
        "SITE": yaml(pipeline.site),
        "PATHS": f"[{', '.join(map(yaml, watched))}]",
        "PROVE": _proof(system, pipeline.targets),
        "VERSION": pipeline.version,
    }
    found = []
    for path, name in SYSTEMS[system].items():
        text = Path(__file__).with_name(name).read_text("utf-8")
        found.append(CiFile(path, re.sub("@([A-Z_]+)@", lambda match: values[match[1]], text)))
    return tuple(found)


def _pattern(system: str, path: str) -> str:
    """Return a pattern that this path matches, or for a folder all that lies in it, however deep."""
    special, instead = _PLAIN[system]
    folder = path.removesuffix("/")
    plain = special.sub(instead, folder)
    if not path.endswith("/"):
        return plain
    return "**/*" if folder == "." else f"{plain}/**/*"


def _proof(system: str, targets: tuple[str, ...]) -> str:
    for target, client in _CLIENTS[system].items():
        if target in targets:
            proof = f"trustpack prove --target {target} --client {client} --offline"
            return f"{proof} # without options, by all clients that there are: minutes"
    return "echo \"'trustpack docs prove' tells how these targets are proven, where there is what it takes\""
