"""What one target ships, as its recipe says it."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping


# What a file of a package can be made of: the bundle, or what is known of it.
Content = Literal[
    "",
    "certificate",
    "root",
    "intermediate",
    "trusted",
    "distrusted",
    "bundle",
    "anchors",
    "inventory",
    "changelog",
    "debian-changelog",
    "chromium-policy",
]

# What there is one file of for each certificate, with one of APART in its path: a root is one that has issued
# itself, an intermediate one that another CA has issued, and 'certificate' are both.
PER_CERTIFICATE = frozenset({"certificate", "root", "intermediate", "trusted", "distrusted"})
APART = frozenset({"certificate", "hashed", "thumbprint"})

# Where packages are proven: a copy of a system, its browsers, or a language's or Homebrew's own clean folder.
TestbedName = Literal["browsers", "conda", "gem", "go", "homebrew", "maven", "npm", "oci", "system", "wheel"]
# Those in which a system's package manager installs.
WITH_MANAGER = frozenset({"browsers", "system"})

# The setting of every target that cannot keep to a CA's domains: whether it may ship such a CA all the same.
UNENFORCED = "domains_unenforced"
# What becomes of domains on a target: it keeps to them; it ships the CA for all names, as that setting
# allows; or it is not built.
Keeping = Literal["enforced", "allowed", "refused"]

_EMPTY: Mapping[str, Any] = MappingProxyType({})


class RecipeFile(msgspec.Struct, frozen=True):
    """One line of a recipe's table of contents: where a file goes and what fills it.

    Exactly one of `source` (a static file, copied byte for byte), `template` (rendered) and
    `content` (made from the bundle) is set; a directory has none. `path` holds `{placeholders}`.
    """

    path: str
    kind: Literal["file", "dir"] = "file"
    source: str = ""
    template: str = ""
    content: Content = ""
    mode: int = 0o644
    when: Mapping[str, Any] = msgspec.field(default_factory=lambda: _EMPTY)


class Output(msgspec.Struct, frozen=True):
    """One artifact of a recipe: its container format, file name, contents, scripts and metadata."""

    id: str
    container: str
    filename: str
    files: tuple[RecipeFile, ...]
    scripts: Mapping[str, RecipeFile] = msgspec.field(default_factory=dict)
    metadata: Mapping[str, Any] = msgspec.field(default_factory=lambda: _EMPTY)


class Setting(msgspec.Struct, frozen=True):
    """A choice a recipe offers; the first of `choices` is the default."""

    choices: tuple[str, ...]
    help: str


_UNENFORCED = Setting(("refuse", "allow"), "Whether a CA with domains is shipped, for all names.")


class Recipe(msgspec.Struct, frozen=True):
    """What one target ships, and what people are told about it.

    A build that names no targets makes it by `default`. It is proven in its `testbed` (None: nowhere), with
    the package manager `manager` where that is a system. `name_rule` says what `name_pattern` allows,
    `distrust` what distrusting a CA does, `keeps_domains` whether a CA is trusted for its domains alone,
    `store` where the roots go, `activation` what is left to do; `warnings` are for who wrote the recipe;
    `digest` is a SHA-256, in hex, of it and its templates. An organisation's `own` may come from anybody.
    `lines` has the line (from 1) of each key in `file`.
    """

    target: str
    title: str
    name: str
    name_pattern: str
    version: str
    outputs: tuple[Output, ...]
    install: str
    verify: str
    remove: str
    digest: str
    name_rule: str = ""
    scoped_name: str = ""
    default: bool = True
    testbed: TestbedName | None = None
    manager: str = ""
    distrust: str = ""
    store: str = ""
    activation: str = ""
    keeps_domains: bool = False
    settings: Mapping[str, Setting] = msgspec.field(default_factory=dict)
    tags: Mapping[str, Mapping[str, str]] = msgspec.field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    own: bool = False
    file: str = ""
    lines: Mapping[tuple[str | int, ...], int] = msgspec.field(default_factory=dict)

    @property
    def offered(self) -> Mapping[str, Setting]:
        """Its settings, and the one that a target has that cannot keep to domains."""
        return self.settings if self.keeps_domains else {**self.settings, UNENFORCED: _UNENFORCED}

    def place(self, *path: str | int) -> str:
        """Return "file:line" of a key, or of the innermost one around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return f"{self.file}:{self.lines.get(path, 1)}"

    def place_in(self, output: Output, *path: str | int) -> str:
        """Return "file:line" of a key of one of the outputs."""
        index = next(i for i, one in enumerate(self.outputs) if one.id == output.id)
        return self.place("outputs", index, *path)
