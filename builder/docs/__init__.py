"""The guide: one Markdown page for each task and reader, shipped with the package, and the list of them.

They are read as they are on GitHub, and shown by `trustpack docs`; `schemas` lists what JSON is described.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from builder.errors import UsageError

_FOLDER = Path(__file__).parent
# Every page, in the order in which they are listed.
SECTIONS = {
    "Tasks": (
        "tutorial",
        "rules",
        "rotate",
        "emergency-distrust",
        "what-does-this-host-trust",
        "hosts",
        "roll-a-root",
        "hosts-cron",
        "hosts-ansible",
        "hosts-osquery",
        "hosts-mdm",
        "domains",
        "approvals",
        "realms",
        "many-organisations",
        "operate-many",
        "prove",
        "site",
        "publish-site",
        "names",
        "run-your-own-site",
        "publish-registries",
        "client-checks",
        "verify",
        "keys",
        "provenance",
        "first-install",
        "updates",
        "containers",
        "oci",
        "kubernetes",
        "snippets",
        "ci",
        "recipes",
    ),
    "I was given this package": (
        "deb",
        "rpm",
        "apk",
        "homebrew",
        "wheel",
        "npm",
        "gem",
        "maven",
        "go",
        "conda",
        "pem",
        "windows",
        "browsers",
        "mobileconfig",
    ),
    "Reference": ("configuration", "commands", "exit-codes", "json"),
    "How it works": ("threat-model", "architecture"),
}
NAMES = tuple(name for names in SECTIONS.values() for name in names)


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its name, its heading, and its Markdown."""

    name: str
    title: str
    text: str


def read(name: str) -> Page:
    """Return a page of the guide; raise UsageError, with the nearest name, for one that does not exist."""
    if name not in NAMES:
        from builder.text.faults import nearest

        raise UsageError(f"{name}: there is no such page", hint=nearest(name, NAMES))
    lines = (_FOLDER / f"{name}.md").read_text("utf-8").splitlines()
    # What marks a generated part is for the program that refreshes it.
    shown = [line for line in lines if not line.startswith("<!--")]
    return Page(name, shown[0].removeprefix("# "), "\n".join(shown) + "\n")
