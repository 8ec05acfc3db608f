"""Whether the names of packages are free at the public registries, and what to do where they are not.

Who takes such a name there is asked for by every client that looks there, too: dependency confusion. Nothing
but the names is sent.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Literal

import msgspec

from builder import __version__
from builder.errors import OutputError
from builder.publish.public import REGISTRIES, UnreadableAnswerError
from builder.repositories.stores import OversizedError
from builder.repositories.stores.web import WebReader
from builder.text import files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from builder.publish.public import Published
    from builder.release.manifest import ArtifactSummary

State = Literal["free", "taken", "ours", "unknown"]
_SECONDS = 10
_LIMIT = 2 * 1024 * 1024  # bytes of an answer: no list of our versions comes near, and slow ones take minutes
OFFLINE = "nobody was asked: --offline"


class PackageName(msgspec.Struct, frozen=True):
    """A name that a project gives its package for a registry's clients.

    `public` is whether trustpack.yaml lets it be published there. `files` are those of ours that could be
    there: by file name or version as the registry lists them, the digest.
    """

    target: str
    name: str
    registry: str
    public: bool = False
    files: Mapping[str, str] = {}


class NameFinding(msgspec.Struct, frozen=True):
    """What a registry at `url` says of a name: its state, why that is known, what to do.

    `due` is whether that should be done before anything is published.
    """

    of: PackageName
    url: str
    state: State
    why: str
    advice: str
    due: bool = False


def reader_of(
    registry: str, url: str, *, ca_file: Path | None, proxy: Callable[[str, str], str | None]
) -> WebReader:
    """Return what asks a registry, or its mirror, at `url`; `ca_file` and `proxy` as WebReader has them."""
    headers = {"Accept": REGISTRIES[registry].accept, "User-Agent": f"trustpack/{__version__}"}
    return WebReader(url, ca_file=ca_file, proxy=proxy, seconds=_SECONDS, headers=headers, stay=True)


def own_files(registry: str, artifacts: Iterable[ArtifactSummary], folder: Path) -> dict[str, str]:
    """Return what a release's artifacts would be at a registry: by file name or version, the digest.

    npm's is a SHA-512, which no manifest has: it is made of the file, if that is in `folder` as it was built.
    """
    if registry == "pypi":
        return {each.file: each.sha256 for each in artifacts}
    if registry == "rubygems":
        return {each.version: each.sha256 for each in artifacts}
    return {each.version: _integrity(folder / each.file, each.sha256) for each in artifacts}


def _integrity(path: Path, sha256: str) -> str:
    try:
        data = files.read(path, files.PACKAGE_BYTES)
    except OSError:
        return ""
    if hashlib.sha256(data).hexdigest() != sha256:
        return ""
    return f"sha512-{base64.b64encode(hashlib.sha512(data).digest()).decode()}"


def look(name: PackageName, reader: WebReader | None) -> NameFinding:
    """Say what a registry has of a name; without a reader, that nobody was asked."""
    url = reader.name if reader else REGISTRIES[name.registry].url
    state, why = _judged(name, reader) if reader else ("unknown", OFFLINE)
    due = state == "taken" or (state == "ours" and not name.public) or (state == "unknown" and bool(reader))
    return NameFinding(name, url, state, why, _advice(name, state), due)


def _judged(name: PackageName, reader: WebReader) -> tuple[State, str]:
    try:
        published = _published(name, reader)
    except OversizedError:
        return _declared(name, f"its list there is longer than {_LIMIT} bytes")
    except (OutputError, UnreadableAnswerError) as error:
        return "unknown", str(error)
    return ("free", "the registry does not know it") if published is None else _compared(name, published)


def _compared(name: PackageName, published: Published) -> tuple[State, str]:
    """Return whose a name is, by what is published under it."""
    if not published:
        return _declared(name, "the name is taken, and nothing is published under it")
    same = sorted(label for label, digest in name.files.items() if digest and digest == published.get(label))
    if same:
        return "ours", f"{same[0]} there is the file that was built"
    other = sorted(label for label, digest in name.files.items() if digest and published.get(label))
    if other:
        return "taken", f"{other[0]} there has other bytes than the file that was built"
    what = "nothing that was built here is among" if name.files else "nothing was built here to compare with"
    return _declared(name, f"{what} the {len(published)} that it has")


def _declared(name: PackageName, why: str) -> tuple[State, str]:
    return ("ours", f"trustpack.yaml says so; {why}") if name.public else ("taken", why)


def _published(name: PackageName, reader: WebReader) -> Published | None:
    """Return what a registry has of a name, None where it does not know it.

    Raises OutputError or UnreadableAnswerError where that cannot be said.
    """
    asked = REGISTRIES[name.registry]
    path = asked.path.format(name=name.name)
    try:
        data = reader.read(path, _LIMIT)
    except FileNotFoundError:
        # Whatever is no such registry says the same of every name.
        if not _has(reader, asked.path.format(name=asked.known)):
            raise OutputError(
                f"{reader.name}: does not know {asked.known} either: this is no copy of {asked.title}"
            ) from None
        return None
    try:
        return asked.read(data, name.name)
    except UnreadableAnswerError as error:
        raise UnreadableAnswerError(f"{reader.name}/{path}: what comes {error}") from None


def _has(reader: WebReader, path: str) -> bool:
    try:
        reader.read(path, _LIMIT)
    except OversizedError:
        return True
    except FileNotFoundError:
        return False
    return True


def _advice(name: PackageName, state: State) -> str:
    title = REGISTRIES[name.registry].title
    other = f"another name in names.{name.target}"
    match state:
        case "taken":
            return f"choose {other}{_or_scope(name)}: clients that ask {title}, too, may install theirs"
        case "ours" if not name.public:
            return (
                f"everybody can install it: say that this is meant, with {name.registry} in publish.public, "
                "or remove it there"
            )
        case "free" if name.name.startswith("@"):
            scope = name.name.partition("/")[0]
            return f"make sure that the scope {scope} is yours at npm: whoever has it can take this name"
        case "free" if not name.public:
            return f"{_RESERVE[name.registry]}: anybody can take it"
        case "unknown":
            return f"ask again before anything is published; --registry {name.registry}=URL asks a mirror"
        case _:
            return "nothing"


def _or_scope(name: PackageName) -> str:
    return " or a scope of yours in npm_scope" if name.registry == "npm" else ""


_RESERVE = {
    "pypi": "reserve it with an empty release, and let clients ask your index alone (--index-url)",
    "npm": "put it into a scope that is yours (npm_scope), or reserve it with an empty package",
    "rubygems": "reserve it with an empty gem, and name your site in the Gemfile's source block",
}
