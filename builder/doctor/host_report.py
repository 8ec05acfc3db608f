"""One host's JSON, read: what it says of each CA, and no more than anybody needs of the rest.

Unknown keys are passed over, as a newer doctor may have some; what is wrong otherwise ends this document.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import msgspec
from msgspec import Meta

from builder.errors import HostsError, ReleaseError
from builder.model import release as releases
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from builder.doctor.documents import SourceDocument

SCHEMA = 1
_ABSENT = "absent"  # of a store that adds to others, or of a CA that is distrusted: nothing is to be mended
STATES = ("valid", "missing", "rotate", "expired", "pre-valid", "distrusted", "extra")
_UNKNOWN = "unknown"  # the word of a newer doctor
_MOST_FINDINGS = 50  # that are kept of one host; the others are counted
_MOST_FORMER = 100
_SHOWN = 300  # characters of a path or a sentence
_HINT = "a host's report is what 'trustpack doctor --json' prints, or the organisation's own doctor"
_Text = Annotated[str, Meta(max_length=16_384)]
_Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]


class SentAuthority(msgspec.Struct, frozen=True):
    """A CA as a host's document has it; a former one has only a name."""

    sha256: _Sha256
    subject: Annotated[str, Meta(max_length=1_024)] = ""
    state: str = ""
    not_after: str = ""


class SentHost(msgspec.Struct, frozen=True):
    """The host as its document has it."""

    name: Annotated[str, Meta(min_length=1, max_length=255)]
    machine: Annotated[str, Meta(pattern=r"^([0-9a-f]{32})?\Z")]
    system: Annotated[str, Meta(max_length=100)] = ""
    description: Annotated[str, Meta(max_length=500)] = ""
    user: Annotated[str, Meta(max_length=256)] = ""


class SentRow(msgspec.Struct, frozen=True):
    """One row as a host's document has it."""

    kind: Annotated[str, Meta(max_length=100)]
    effective: bool | None
    states: dict[str, str]
    what: _Text = ""
    where: _Text = ""
    user: Annotated[str, Meta(max_length=256)] = ""
    extra: list[SentAuthority] = []
    problem: _Text = ""
    mend: _Text = ""


class SentDocument(msgspec.Struct, frozen=True):
    """A host's document: what of it is read."""

    schema: int
    organisation: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,99}\Z")]
    release: str
    time: Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\Z")]
    complete: bool
    host: SentHost
    authorities: Annotated[list[SentAuthority], Meta(max_length=300)]
    rows: Annotated[list[SentRow], Meta(max_length=10_000)]
    unreadable: Annotated[list[Any], Meta(max_length=100_000)] = []


class StoreFinding(msgspec.Struct, frozen=True):
    """What is wrong with one store of a host, for a CA, or (with none) for all."""

    sha256: str
    state: str
    kind: str
    what: str
    where: str
    user: str
    problem: str
    mend: str


class StoreStates(msgspec.Struct, frozen=True):
    """What the stores that count say of a CA: how many in each state, and whether all surely trust it."""

    counts: tuple[tuple[str, int], ...]
    trusted: bool

    @property
    def wanting(self) -> bool:
        """Whether any store lacks it, or holds another or one that is not valid."""
        return any(state != "valid" for state, _ in self.counts)

    @property
    def present(self) -> bool:
        """Whether any store holds it: what a CA that was withdrawn must not be."""
        return any(state in {"valid", "distrusted", "extra"} for state, _ in self.counts)


class HostReport(msgspec.Struct, frozen=True):
    """What one host says: who it is, when it looked, and what its stores make of each CA."""

    where: str
    name: str
    machine: str
    system: str
    description: str
    user: str
    organisation: str
    release: str
    time: dt.datetime
    complete: bool
    authorities: tuple[SentAuthority, ...]
    states: dict[str, StoreStates]
    findings: tuple[StoreFinding, ...]
    more: int
    users: frozenset[str]

    @property
    def key(self) -> str:
        """What tells it from other hosts: its machine id, or without one its name."""
        return self.machine or f"name {self.name}"


_DECODER = msgspec.json.Decoder(SentDocument)


def read(document: SourceDocument) -> HostReport:
    """Return what a document says; raise HostsError, naming file and line, for what is no host's report."""
    if document.fault:
        raise HostsError(f"{document.where}: {document.fault}", hint=document.hint or _HINT)
    sent = _decoded(document)
    if sent.schema != SCHEMA:
        hint = "a newer doctor wrote it: update trustpack where reports are made"
        _refuse(document, f"has the schema {sent.schema}, and {SCHEMA} is what this trustpack reads", hint)
    try:
        releases.stored(sent.release)
        time = dt.datetime.fromisoformat(sent.time)
    except ReleaseError:
        _refuse(document, "its release is none")
    except ValueError:
        _refuse(document, "its time is not a valid date")
    findings = list(_findings(sent))
    authorities = (*sent.authorities, *_former(sent))
    return HostReport(
        where=document.where,
        name=sent.host.name,
        machine=sent.host.machine,
        system=sent.host.system,
        description=sent.host.description,
        user=sent.host.user,
        organisation=sent.organisation,
        release=sent.release,
        time=time,
        complete=sent.complete,
        authorities=authorities,
        states=_states(sent, authorities),
        findings=tuple(findings[:_MOST_FINDINGS]),
        more=max(0, len(findings) - _MOST_FINDINGS),
        users=frozenset({row.user for row in sent.rows} | {sent.host.user}) - {""},
    )


def _decoded(document: SourceDocument) -> SentDocument:
    try:
        text = document.data.decode("utf-8-sig")
        sent = _DECODER.decode(text)
        json.loads(text, object_pairs_hook=_once)
    except UnicodeDecodeError:
        _refuse(document, "is not UTF-8 text", "from PowerShell: | Out-File -Encoding utf8 report.json")
    except RecursionError:
        _refuse(document, "is nested too deeply")
    except msgspec.ValidationError as error:
        _refuse(document, _misshapen(str(error)))
    except _DuplicateKeyError as error:
        _refuse(document, f"{error}: is there twice in one object")
    except (msgspec.DecodeError, ValueError):
        _refuse(document, "is no JSON, or more than one document")
    return sent


def _misshapen(said: str) -> str:
    """Return in our words what the decoder says of a value: where it is, and whether it is there at all."""
    parts = re.fullmatch(
        r"(?:.*missing required field `(?P<key>\w+)`.*?|.*?)(?: - at `\$\.?(?P<path>.*)`)?", said
    )
    key, path = (parts["key"] or "", parts["path"] or "") if parts else ("", "")
    where = visible(".".join(filter(None, (path, key)))[:_SHOWN])
    if key:
        return f"{where}: is missing"
    return f"{where}: is not what a host's report has there" if where else "is not what a host's report is"


class _DuplicateKeyError(Exception):
    """An object has a key twice: who reads it first and who reads it last would take it differently."""


def _once(pairs: Sequence[tuple[str, Any]]) -> None:
    """Let go of an object whose keys differ; raise _DuplicateKeyError for another."""
    if len({name for name, _ in pairs}) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise _DuplicateKeyError(visible(repr(name[:40])))
            seen.add(name)


def _refuse(document: SourceDocument, said: str, hint: str = _HINT) -> NoReturn:
    raise HostsError(f"{document.where}: {said}", hint=hint) from None


def _former(sent: SentDocument) -> Iterator[SentAuthority]:
    """Yield each CA that is none of the release any more, once; of more than anybody has had, the first."""
    known = {one.sha256 for one in sent.authorities}
    for row in sent.rows:
        for one in row.extra:
            if one.sha256 not in known and len(known) < len(sent.authorities) + _MOST_FORMER:
                known.add(one.sha256)
                yield msgspec.structs.replace(one, state="")


def _states(sent: SentDocument, authorities: Sequence[SentAuthority]) -> dict[str, StoreStates]:
    """Return what the stores that count say of each CA: all but those that nothing reads."""
    counts: dict[str, dict[str, int]] = {one.sha256: {} for one in authorities}
    sure: set[str] = set()
    stores = 0
    elsewhere = dict.fromkeys(counts, 0)
    for row in sent.rows:
        if row.effective is False:
            continue
        stores += bool(row.states)
        for sha256, state in row.states.items():
            if state == _ABSENT and sha256 in elsewhere:
                elsewhere[sha256] += 1
            elif (found := counts.get(sha256)) is not None:
                word = _word(state)
                found[word] = found.get(word, 0) + 1
                if word == "valid" and row.effective:
                    sure.add(sha256)
        for one in row.extra:
            if (held := counts.get(one.sha256)) is not None:
                held["extra"] = held.get("extra", 0) + 1
    return {
        key: StoreStates(
            counts=tuple(sorted(found.items())),
            trusted=key in sure
            and found.get("valid", 0) + elsewhere.get(key, 0) == stores
            and len(found) == 1,
        )
        for key, found in counts.items()
    }


def _findings(sent: SentDocument) -> Iterator[StoreFinding]:
    """Yield what is wrong with each store that counts, as its own doctor's release sees it."""
    unwanted = {one.sha256 for one in sent.authorities if one.state == "distrusted"}
    known = {one.sha256 for one in sent.authorities}
    for row in sent.rows:
        if row.effective is False:
            continue
        found = {key: _word(state) for key, state in row.states.items() if key in known and state != _ABSENT}
        wrong = {
            key: state
            for key, state in found.items()
            if (state in {"valid", "distrusted"} if key in unwanted else state != "valid")
        }
        wrong |= {one.sha256: "extra" for one in row.extra}
        if not wrong and row.problem:
            wrong = {"": "problem"}
        for key, state in wrong.items():
            yield _finding(row, key, state)


def _finding(row: SentRow, sha256: str, state: str) -> StoreFinding:
    return StoreFinding(
        sha256,
        state,
        row.kind,
        row.what[:_SHOWN],
        row.where[:_SHOWN],
        row.user,
        row.problem[:_SHOWN],
        row.mend[:_SHOWN],
    )


def _word(state: str) -> str:
    return state if state in STATES else _UNKNOWN
