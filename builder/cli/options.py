"""The options that several commands share, each worded once."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import typer

from builder.errors import UsageError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Mapping

_SPAN = re.compile(r"([0-9]{1,5})d?")
Treatment = Literal["refuse", "drop", "keep"]


def chosen(form: str | None, *, json: bool) -> str:
    """Return how to print, by --format and its short form; raise UsageError where they disagree."""
    if json and form not in {None, "json"}:
        raise UsageError(f"--json and --format {form}: give one of them")
    return "json" if json else form or "text"


def refuse_idle(given: Mapping[str, object], why: str, *, hint: str = "leave it out") -> None:
    """Raise UsageError for those options that were given: nobody is to believe that one did something."""
    if names := [name for name, value in given.items() if value]:
        raise UsageError(f"{' and '.join(names)}: {why}", hint=hint)


def several(values: list[str] | None) -> list[str] | None:
    """Return the items of a list that was given with commas, by repetition or both, each once.

    None where nothing was given.
    """
    if not values:
        return None
    items = [item.strip() for value in values for item in value.split(",")]
    if "" in items:
        raise typer.BadParameter("has an empty item: is a variable of the shell not set?")
    return list(dict.fromkeys(items))


def _completing(known: Callable[[], Iterable[str]], *, listed: bool = False) -> Callable[[str], list[str]]:
    """Return what completes a word to one of the `known` ones; in a list, the word after its last comma."""

    def complete(incomplete: str) -> list[str]:
        before, comma, word = incomplete.rpartition(",") if listed else ("", "", incomplete)
        given = before.split(",")
        found = [f"{before}{comma}{name}" for name in known() if name.startswith(word) and name not in given]
        # Of the shells, only bash takes a space in an answer for the end of the word.
        in_bash = os.environ.get("_TRUSTPACK_COMPLETE") == "complete_bash"
        return [name.replace(" ", "\\ ") for name in found] if in_bash else found

    return complete


def _targets() -> Iterable[str]:
    from builder.render.recipe import sources

    return ("all", *sources(Path()))


def _pages() -> Iterable[str]:
    from builder.docs import NAMES

    return NAMES


def _documents() -> Iterable[str]:
    from builder.docs.schemas import NAMES

    return NAMES


def _rules() -> Iterable[str]:
    from builder.rules import RULES

    return RULES


def _runtimes() -> Iterable[str]:
    from builder.lint.measured import measured

    return dict.fromkeys(build.runtime for build in measured())


def _registries() -> Iterable[str]:
    from builder.config import DESTINATIONS

    return DESTINATIONS


def _realms() -> Iterable[str]:
    from builder import config
    from builder.errors import TrustpackError

    try:
        return config.read(Path(config.FILE_NAME)).realms
    except TrustpackError:
        return ()


def _clients() -> Iterable[str]:
    from builder.prove.testbeds import names
    from builder.render import recipe

    return names(recipe.read(source) for source in recipe.sources(Path()).values())


def roots(incomplete: str) -> list[str]:
    """Return the folders that a path can go on with."""
    folder, slash, word = incomplete.rpartition("/")
    try:
        found = sorted(item.name for item in Path(f"{folder}{slash}" or ".").iterdir() if item.is_dir())
    except OSError:
        return []
    return [f"{folder}{slash}{name}/" for name in found if name.startswith(word)]


target = _completing(_targets)
targets = _completing(_targets, listed=True)
pages = _completing(_pages)
documents = _completing(_documents)
clients = _completing(_clients, listed=True)
registries = _completing(_registries, listed=True)
rules = _completing(_rules)
runtimes = _completing(_runtimes, listed=True)


def path(text: str) -> Path:
    """Return the path that an option gives; an empty one would stand for the folder the command runs in."""
    if not text:
        raise typer.BadParameter("is empty: is a variable of the shell not set?")
    return Path(text)


def days(text: str) -> dt.timedelta:
    """Return how far --within looks ahead; raise UsageError for what is no number of days."""
    import datetime as dt

    found = _SPAN.fullmatch(text)
    if found is None:
        most = " up to 99999" if text.rstrip("d").isdigit() else ""
        raise UsageError(f"--within '{text}': is not a number of days{most}", hint="write it like 90d")
    return dt.timedelta(days=int(found[1]))


Config = Annotated[
    Path | None,
    typer.Option(help="The configuration file.  [default: trustpack.yaml]", parser=path, metavar="<path>"),
]
Realm = Annotated[
    str | None,
    typer.Option(
        help="The realm of the configuration that this is about, instead of the organisation's own bundle.",
        metavar="<realm>",
        autocompletion=_completing(_realms),
    ),
]


class Bundled(NamedTuple):
    """Whose bundle a command is about: a configuration's own, or one of its realms'."""

    config: Path | None = None
    realm: str | None = None

    @property
    def given(self) -> dict[str, object]:
        """The options that were given."""
        return {"--config": self.config, "--realm": self.realm}


Expired = Annotated[
    Treatment | None, typer.Option(help="What to do with expired certificates.  [default: refuse]")
]
Intermediates = Annotated[
    Treatment | None, typer.Option(help="What to do with CAs that are not roots.  [default: refuse]")
]
PublicRoots = Annotated[
    Treatment | None, typer.Option(help="What to do with public CAs' roots.  [default: refuse]")
]
ChangeScheme = Annotated[
    bool,
    typer.Option("--change-scheme", help="Number releases in another way; there is no way back."),
]
Targets = Annotated[
    list[str] | None,
    typer.Option(
        "--target",
        help="Only these targets, or 'all': separated by commas, or one each time the option is given.",
        metavar="<target>",
        autocompletion=targets,
        callback=several,
    ),
]
Clients = Annotated[
    list[str] | None,
    typer.Option(
        "--client",
        help="Ask only these clients: separated by commas, or one each time the option is given.",
        metavar="<client>",
        autocompletion=clients,
        callback=several,
    ),
]
Root = Annotated[
    Path | None,
    typer.Option(
        help="An unpacked system in which a system's package is proven.",
        parser=path,
        metavar="<path>",
        autocompletion=roots,
    ),
]
PasswordFile = Annotated[
    Path | None, typer.Option(help="A file with the trust store's password, one per line.")
]
KeyPasswordFile = Annotated[
    Path | None,
    typer.Option(
        help="A file with the password of the private keys; others must not be able to read it.",
        parser=path,
        metavar="<path>",
    ),
]
Now = Annotated[str | None, typer.Option(help="Judge validity at this time, for tests.", hidden=True)]
Form = Annotated[
    Literal["text", "json"] | None, typer.Option("--format", help="How to print.  [default: text]")
]
Json = Annotated[bool, typer.Option("--json", help="Short for --format json.")]
PublicKeys = Annotated[
    Path | None,
    typer.Option(
        "--keys",
        help="The folder of the site's keys, of which only the public ones are read.  "
        "[default: the configuration's, or keys]",
        parser=path,
        metavar="<path>",
    ),
]
Certificate = Annotated[
    Path | None,
    typer.Option(help="A file with the site's public keys, ORG.asc, instead.", parser=path, metavar="<path>"),
]
Anchor = Annotated[
    str | None,
    typer.Option(
        help="What the lock's approvals go on from: a digest that 'lock --approved' has shown, or a lock.",
        metavar="<digest|file>",
        envvar="TRUSTPACK_ANCHOR",
    ),
]
Hosts = Annotated[
    Path | None,
    typer.Option(
        help="A report on hosts, as 'trustpack doctor report --json' prints it.",
        parser=path,
        metavar="<path>",
    ),
]
Unsigned = Annotated[bool, typer.Option("--unsigned", help="The site is not signed.")]
Record = Annotated[
    Path | None,
    typer.Option(
        help="A file that remembers the last publication seen: an older one is refused.",
        parser=path,
        metavar="<path>",
    ),
]
CaFile = Annotated[
    Path | None,
    typer.Option(
        help="CA certificates in PEM, for the certificate of the site's server.",
        parser=path,
        metavar="<path>",
    ),
]
