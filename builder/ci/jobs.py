"""The files of one CI system, from texts beside this module in which `@NAME@` stands for what differs.

Not by a template engine: GitHub's own expressions are written as most engines write theirs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
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
# What the packages are made by, beside the bundle.
_INPUTS = ("trustpack.yaml", "trustpack.lock", "recipes/**", "templates/**")
# Actions by their commits, which are those of the tags behind them.
_ACTIONS = {
    "CHECKOUT": "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
    "SETUP_PYTHON": "actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0",
    "UPLOAD": "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0",
    "DOWNLOAD": "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1",
}
# What a first proof asks: the client of the first of these targets that is built, in seconds.
_CLIENTS = {"wheel": "urllib", "npm": "https", "gem": "net/http"}
# In the patterns of paths these characters stand for others.
_SPECIAL = re.compile(r"[*?+!\[\]\\]")


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
    watched = [*map(_pattern, pipeline.paths), *_INPUTS, requirements]
    values = _ACTIONS | {
        "SLUG": pipeline.slug,
        "SITE": yaml(pipeline.site),
        "PATHS": f"[{', '.join(map(yaml, watched))}]",
        "PROVE": _proof(pipeline.targets),
        "VERSION": pipeline.version,
    }
    found = []
    for path, name in SYSTEMS[system].items():
        text = Path(__file__).with_name(name).read_text("utf-8")
        found.append(CiFile(path, re.sub("@([A-Z_]+)@", lambda match: values[match[1]], text)))
    return tuple(found)


def _pattern(path: str) -> str:
    """Return the pattern that this path alone matches, or for a folder all that lies in it."""
    plain = _SPECIAL.sub(r"\\\g<0>", str(PurePosixPath(path)))
    return f"{plain}/**" if path.endswith("/") else plain


def _proof(targets: tuple[str, ...]) -> str:
    for target, client in _CLIENTS.items():
        if target in targets:
            return f"--target {target} --client {client} --offline"
    return "--offline"
