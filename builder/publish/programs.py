"""The ecosystems' own clients: each in a folder that is not kept, with the verified file and little else.

A secret is a variable of its environment and nothing else: never a word of its command line, nor in a file.
"""

from __future__ import annotations

import re
import shutil
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from builder.errors import OutputError, PublishError, ToolError
from builder.publish.web import MOVED, UnansweredError, refused
from builder.release import scratch
from builder.release.atomic import put
from builder.signing import program
from builder.text import files, urls
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from builder.publish.credential import Credential
    from builder.publish.registry import Surroundings
    from builder.publish.shipment import ReleaseFile

PURPOSE = "publish"  # of the folders that clients run in
# Which proxy leads out, and which CAs are trusted: all else of our environment is not the clients'.
_PASSED = (
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy",
    "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS",
)  # fmt: skip
_CA_FILE = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
_STATUS = re.compile(
    r"(?<![0-9.:/])(?P<code>[45][0-9]{2})(?![0-9.:])(?: [A-Z][A-Za-z ]+)?|\bE(?P<npm>[45][0-9]{2})\b"
)
_REDIRECTED = re.compile(r"\bredirect|(?<![0-9.:/])30[12378] [A-Z]", re.IGNORECASE)
_LATE = re.compile(r"time[d -]*out|ECONNRE(?:SET|FUSED)|connection (?:reset|refused|aborted)", re.IGNORECASE)
_NOISE = re.compile(r"^npm (?:notice|warn)|complete log of this run|debug-0\.log", re.IGNORECASE)
_SHOWN = 600  # characters of what a client says


def find(environment: Mapping[str, str], *names: str) -> str:
    """Return the path of the first of these programs that is there; raise ToolError where none is."""
    for name in names:
        found = shutil.which(name, path=environment.get("PATH"))
        if found:
            return found
    raise ToolError(f"{' or '.join(names)}: is not installed", hint="install it, or publish elsewhere")


def run(
    file: ReleaseFile,
    words: Callable[[Path, Path], Sequence[str]],
    variables: Callable[[Path], Mapping[str, str]],
    *,
    surroundings: Surroundings,
    credential: Credential,
    url: str,
) -> None:
    """Run a client with a file; raise PublishError, or UnansweredError where it may be tried again.

    `words` returns the command, and `variables` what it finds in its environment beside the usual, by the
    folder it runs in and, for the command, the file's path, which is absolute.
    """
    with scratch.folder(PURPOSE) as folder:
        path = folder / file.name
        put(path, file.data, mode=0o600)
        environment = {**_environment(folder, surroundings), **variables(folder)}
        command = words(folder, path)
        try:
            answer = program.ask(
                command, b"", environment=environment, seconds=surroundings.web.seconds, tied=True,
                folder=folder,
            )  # fmt: skip
        except ToolError as error:
            raise UnansweredError(f"{urls.shown(url)}: {_name(command)} was ended: {error}") from None
    if answer.status:
        said = (answer.out + b"\n" + answer.err).decode("utf-8", "replace")
        raise _failure(_clean(said, credential, folder), _name(command), url, credential)


def _environment(folder: Path, surroundings: Surroundings) -> dict[str, str]:
    given = surroundings.environment
    found = {name: given[name] for name in ("PATH", *_PASSED) if given.get(name)}
    system = ssl.get_default_verify_paths().cafile
    if surroundings.ca_file:
        bundle = folder / "trusted.pem"
        put(bundle, _trusted(surroundings.ca_file, system), mode=0o600)
        found |= dict.fromkeys(_CA_FILE, str(bundle))
    elif system:
        # What trustpack itself trusts: uv, npm and twine bring lists of their own, without a company's CA.
        found = dict.fromkeys(_CA_FILE, system) | found
    # The clients run in a folder of their own.
    found |= {name: str(Path(found[name]).absolute()) for name in _CA_FILE if name in found}
    return {**found, "HOME": str(folder), "TMPDIR": str(folder), "LANG": "C.UTF-8"}


def _trusted(ca_file: str, system: str | None) -> bytes:
    """Return the system's CAs and those of a file: most clients take one bundle, instead of the system's."""
    try:
        ours = files.read(ca_file)
    except OSError as error:
        raise OutputError(f"{ca_file}: cannot be read: {error.strerror or error}") from None
    return (files.read(system) if system else b"") + b"\n" + ours


def _name(command: Sequence[str]) -> str:
    return command[0].rsplit("/", 1)[-1]


def _clean(said: str, credential: Credential, folder: Path) -> str:
    """Return what a client said, without secrets, colours, our folder's name, and what says nothing."""
    text = re.sub("\x1b\\[[0-9;]*m", "", said).replace(credential.secret, "…").replace(f"{folder}/", "")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not _NOISE.search(line)]
    return visible(urls.scrubbed(" / ".join(dict.fromkeys(lines))))[-_SHOWN:]


def _failure(said: str, name: str, url: str, credential: Credential) -> PublishError:
    codes = {int(found["code"] or found["npm"]) for found in _STATUS.finditer(said)}
    where = urls.shown(url)
    if codes & {401, 403}:
        return refused(where, f"{min(codes & {401, 403})} to {name}, which says: {said}", credential)
    if any(code >= 500 for code in codes) or _LATE.search(said):  # noqa: PLR2004  HTTP's statuses of trouble
        return UnansweredError(f"{where}: {name} says: {said}", hint="run it again later")
    hint = MOVED if _REDIRECTED.search(said) else ""
    return PublishError(f"{where}: {name} says: {said or 'nothing'}", hint=hint)
