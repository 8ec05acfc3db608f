"""trustpack.lock as a file: YAML that people review, read strictly and written line by line."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from builder.errors import ConfigError, LockError
from builder.lifecycle.history import ReleaseRecord, check_order
from builder.lifecycle.lock import FILE_NAME, ApprovalStep, Lock, OverriddenStep
from builder.lifecycle.packaging import Packaging  # noqa: TC001  msgspec reads annotations at run time
from builder.model import CertificateSummary, State
from builder.model.certificate import Fingerprint  # noqa: TC001  msgspec reads annotations at run time
from builder.text import document, files
from builder.text.quoting import visible, yaml
from builder.text.times import stamp
from builder.text.values import END
from builder.x509 import keys

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from builder.text.document import Document

_HEAD = "# Written by 'trustpack lock'; review it like code, and commit it beside trustpack.yaml.\n"
_SCHEMA = "2"
# The first one pinned no packaging, and had another word for what is no longer distrusted.
_FIRST = "1"
_RENAMED = {"forgiven": "undistrusted"}
_KEY_HINT = "take it out of the lock and its history in git, and ask who else has seen it"
_RESTORE = "only 'trustpack lock' writes it: restore the file as it was committed"
_CONFLICT = "<<<<<<< "  # which no line that we write begins with
# What a release changed, in the file's order.
_CHANGES = ("added", "removed", "distrusted", "undistrusted", "meant")

_Day = Annotated[
    str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}" + END, description="A day, such as 2027-03-01.")
]
_Time = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z" + END,
        description="A moment in UTC, such as 2027-03-01T12:00:00Z.",
    ),
]


_Domains = Annotated[
    list[str], msgspec.Meta(description="The names that it is meant for; none stands for all.")
]


class _Struct(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of the file; an unknown key is an error."""


class _Certificate(_Struct, frozen=True):
    """One CA and its state, as its certificate and trustpack.yaml have it."""

    sha256: Fingerprint
    subject: str
    not_before: _Time
    not_after: _Time
    state: State
    domains: _Domains = []


class _Named(_Struct, frozen=True):
    """One CA that a release changed something about."""

    sha256: Fingerprint
    subject: str


class _Meant(_Named, frozen=True):
    """One CA that is meant for other names than before."""

    domains: _Domains = []


class _Release(_Struct, frozen=True):
    """One release, and what it changed in what is trusted."""

    release: str
    date: _Day
    content: Annotated[Fingerprint, msgspec.Meta(description="A digest of which CAs it ships and blocks.")]
    packaging: (
        Annotated[Fingerprint, msgspec.Meta(description="A digest of all parts of its packaging.")] | None
    ) = None
    added: list[_Named] = []
    removed: list[_Named] = []
    distrusted: list[_Named] = []
    undistrusted: Annotated[
        list[_Named], msgspec.Meta(description="Those that are no longer distrusted.")
    ] = []
    meant: Annotated[
        list[_Meant], msgspec.Meta(description="Those that are meant for other names than before.")
    ] = []


class _Signature(_Struct, frozen=True):
    """One approver's place for a signature."""

    by: Annotated[str, msgspec.Meta(description="The approver's name.")]
    signature: Annotated[str, msgspec.Meta(description="In base64; empty as long as there is none.")]


class _Approval(_Struct, frozen=True):
    """One text that approvers have signed, or are to sign."""

    text: Annotated[str, msgspec.Meta(description="What is signed, byte for byte.")]
    signatures: list[_Signature]


class _File(_Struct, frozen=True):
    """The whole file; only 'trustpack lock' writes it."""

    organisation: Annotated[str, msgspec.Meta(description="The organisation's slug.")]
    certificates: Annotated[
        list[_Certificate], msgspec.Meta(description="The CAs of the newest release, distrusted ones last.")
    ]
    history: Annotated[
        list[_Release], msgspec.Meta(min_length=1, description="Every release, the newest first.")
    ]
    packaging: (
        Annotated[
            Packaging, msgspec.Meta(description="How packages of the newest release are made, part by part.")
        ]
        | None
    ) = None
    approvals: Annotated[
        list[_Approval],
        msgspec.Meta(
            description="What was approved, step by step, the oldest first; the last may be waiting."
        ),
    ] = []
    overridden: Annotated[
        list[OverriddenStep],
        msgspec.Meta(description="Steps that did not wait for hosts, as lifecycle.hosts.overrides let them."),
    ] = []
    schema: Literal["2"] = "2"


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of trustpack.lock."""
    result = msgspec.json.schema(_File)
    # We read every value as it is written; an editor takes these two for numbers.
    result["$defs"]["_File"]["properties"]["schema"] = {"enum": [int(_SCHEMA)], "default": int(_SCHEMA)}
    revision = result["$defs"]["Packaging"]["properties"]["revision"]
    result["$defs"]["Packaging"]["properties"]["revision"] = {
        "type": "integer", "minimum": 0, "description": revision["description"]
    }  # fmt: skip
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": FILE_NAME, **result}


def read(path: Path) -> Lock | None:
    """Return the lock stored at `path`, None where there is none; raises LockError."""
    try:
        text = files.text(path)
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise LockError(f"{path}: is not UTF-8 text") from None
    except OSError as error:
        raise LockError(f"{path}: cannot be read: {error.strerror}") from error
    return parse(text, str(path))


def parse(text: str, where: str) -> Lock:
    """Return the lock that `text` is; raises LockError naming file and line."""
    try:
        return _parsed(text, where)
    except ConfigError as error:  # of its YAML; nobody has written that by hand
        raise LockError(str(error), hint=error.hint or _RESTORE, parts=error.parts) from None


def _parsed(text: str, where: str) -> Lock:
    keys.refuse_text(text, where, hint=_KEY_HINT)
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith(_CONFLICT):
            raise LockError(
                f"{where}:{number}: git left both sides of a merge here",
                hint="take the file of the branch that was merged first, and run 'trustpack lock'",
            )
    parsed = _renamed(document.parse(text, where))
    keys.refuse_text(document.scalars(parsed), where, hint=_KEY_HINT)
    file = document.decode(parsed, _File)
    history = tuple(_record(item) for item in file.history)
    check_order(history, lambda i: parsed.where(("history", i)))
    certificates: dict[str, CertificateSummary] = {}
    for i, item in enumerate(file.certificates):
        place = parsed.where(("certificates", i))
        if item.sha256 in certificates:
            raise LockError(f"{place}: the CA {item.sha256} is a duplicate entry")
        certificates[item.sha256] = _summary(item, place)
    steps = tuple(_step(item, parsed.where(("approvals", i))) for i, item in enumerate(file.approvals))
    listed = tuple(certificates.values())
    return Lock(file.organisation, listed, history, file.packaging, steps, tuple(file.overridden))


def _renamed(parsed: Document) -> Document:
    """Return a file of the first schema as one of today's; raises LockError for a schema of tomorrow's."""
    value = parsed.value
    if not isinstance(value, dict) or value.get("schema", _FIRST) == _SCHEMA:
        return parsed
    if value.get("schema", _FIRST) != _FIRST:
        raise LockError(
            f"{parsed.where(('schema',))}: is written in another way than this trustpack knows",
            hint=f"a newer trustpack wrote it: this one reads schemas {_FIRST} and {_SCHEMA}",
        )
    history = value.get("history")
    records = history if isinstance(history, list) else []
    renamed = [
        {_RENAMED.get(key, key): each for key, each in record.items()} if isinstance(record, dict) else record
        for record in records
    ]
    return msgspec.structs.replace(
        parsed, value=value | {"schema": _SCHEMA} | ({"history": renamed} if records else {})
    )


def to_text(lock: Lock) -> str:
    """Return the file's text: one line a value, in a fixed order, so that a review's diff is the change."""
    lines = [f"{_HEAD}schema: {_SCHEMA}", f"organisation: {yaml(lock.organisation)}"]
    if lock.packaging:
        lines.append("packaging:")
        lines += [f"  {part}: {value}" for part, value in lock.packaging.parts.items()]
    lines.append("certificates:")
    for item in lock.certificates:
        times = (f"{key}: {yaml(stamp(getattr(item, key)))}" for key in ("not_before", "not_after"))
        lines += _mapping(2, *_named(item), *times, f"state: {item.state}", *_domains(item))
    lines.append("history:")
    for record in lock.history:
        rows = [
            f"release: {yaml(record.release)}", f"date: {yaml(record.date)}", f"content: {record.content}"
        ]  # fmt: skip
        rows += [f"packaging: {record.packaging}"] if record.packaging else []
        lines += _mapping(2, *rows)
        for key in _CHANGES:
            changed: Sequence[CertificateSummary] = getattr(record, key)
            lines += [f"    {key}:"] if changed else []
            lines += [line for named in changed for line in _mapping(6, *_named(named), *_domains(named))]
    lines += ["overridden:"] if lock.overridden else []
    for one in lock.overridden:
        texts = (f"{key}: {yaml(getattr(one, key))}" for key in ("date", "step", "hosts", "reason"))
        lines += _mapping(2, f"sha256: {one.sha256}", f"subject: {yaml(one.subject)}", *texts)
    lines += ["approvals:"] if lock.approvals else []
    for step in lock.approvals:
        lines += ["  - text: |", *(f"      {line}" for line in step.text.splitlines()), "    signatures:"]
        for name, signature in step.signatures:
            # Two lines for each: two people sign in two branches, and git merges what they have written.
            said = base64.b64encode(signature).decode("ascii")
            lines += _mapping(6, f"by: {yaml(name)}", f'signature: "{said}"')
    return "\n".join(lines) + "\n"


def _named(item: CertificateSummary) -> tuple[str, str]:
    return f"sha256: {item.sha256}", f"subject: {yaml(item.subject)}"


def _domains(item: CertificateSummary) -> tuple[str, ...]:
    return (f"domains: {yaml(item.domains)}",) if item.domains else ()


def _mapping(indent: int, *rows: str) -> list[str]:
    pad = " " * indent
    return [f"{pad}{'- ' if i == 0 else '  '}{row}" for i, row in enumerate(rows)]


def _record(item: _Release) -> ReleaseRecord:
    changes = {key: tuple(map(_changed, getattr(item, key))) for key in _CHANGES}
    return ReleaseRecord(item.release, item.date, item.content, **changes, packaging=item.packaging or "")


def _changed(named: _Named) -> CertificateSummary:
    domains = tuple(named.domains) if isinstance(named, _Meant) else ()
    return CertificateSummary(sha256=named.sha256, subject=named.subject, domains=domains)


def _summary(item: _Certificate, where: str) -> CertificateSummary:
    try:
        begins, ends = (dt.datetime.fromisoformat(text) for text in (item.not_before, item.not_after))
    except ValueError:
        raise LockError(f"{where}: {item.not_before} or {item.not_after} is not a valid date") from None
    return CertificateSummary(
        sha256=item.sha256,
        subject=item.subject,
        not_before=begins,
        not_after=ends,
        state=item.state,
        domains=tuple(item.domains),
    )


def _step(item: _Approval, where: str) -> ApprovalStep:
    signatures = []
    for one in item.signatures:
        try:
            data = binascii.a2b_base64(one.signature, strict_mode=True)
        except binascii.Error:
            data = b""
        if base64.b64encode(data).decode("ascii") != one.signature:
            raise LockError(f"{where}: the signature of {visible(one.by)} is damaged", hint=_RESTORE)
        signatures.append((one.by, data))
    return ApprovalStep(item.text, tuple(signatures))
