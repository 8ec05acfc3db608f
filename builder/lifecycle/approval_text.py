"""What people sign: which CAs clients trust, who may change that, and by what packages are made.

The text is YAML in one form only, so that what is read and what was signed is the same. Neither the release
nor its history is in it: to release the same once more needs nobody.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated

import msgspec

from builder.errors import ConfigError, LockError, SignatureError
from builder.lifecycle.approvers import Approver, Approvers
from builder.model import State  # noqa: TC001  msgspec reads annotations at run time
from builder.model.certificate import Fingerprint  # noqa: TC001  msgspec reads annotations at run time
from builder.signing import approving
from builder.text import document
from builder.text.quoting import yaml
from builder.text.values import END

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.lifecycle.lock import Lock

_HEAD = "# Whoever signs this approves these CAs, approvers and settings for trustpack.lock.\n"
_FIRST = "none"  # as what came before the first
_RESTORE = "only 'trustpack lock' writes it: restore the file as it was committed"
# Trustpack's own revision says nothing of what the owners want.
_NOT_SIGNED = "revision"
REASONS = "reasons"
_Number = Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{0,5}" + END)]


class ApprovedAuthority(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One CA, its state, and the names that it is meant for; none stands for all."""

    sha256: Fingerprint
    subject: str
    state: State
    domains: tuple[str, ...] = ()


class ApprovalText(msgspec.Struct, frozen=True):
    """What one step of the approvals says; `previous` is the digest of the step before, `none` in the first.

    Without approvers it says that from here on nobody needs to approve.
    """

    organisation: str
    step: int
    previous: str
    certificates: tuple[ApprovedAuthority, ...]
    approvers: Approvers | None
    configuration: Mapping[str, str]

    @property
    def content(self) -> tuple[object, ...]:
        """All but its place among the steps."""
        return self.organisation, self.certificates, self.approvers, dict(self.configuration)

    @property
    def text(self) -> str:
        """The text that is signed."""
        return "\n".join(_lines(self)) + "\n"

    @property
    def digest(self) -> str:
        """The text's SHA-256, by which the step after it names it."""
        return digest(self.text)

    def after(self, last: ApprovalText | None) -> ApprovalText:
        """Return the same content as the step after `last`."""
        return msgspec.structs.replace(
            self, step=last.step + 1 if last else 1, previous=last.digest if last else _FIRST
        )


def digest(text: str) -> str:
    """Return the SHA-256 of a step's text."""
    return hashlib.sha256(text.encode()).hexdigest()


def of_lock(lock: Lock, approvers: Approvers | None) -> ApprovalText:
    """Return what approvers are asked of a lock, as a first step."""
    pinned = msgspec.structs.asdict(lock.packaging) if lock.packaging else {}
    return ApprovalText(
        organisation=lock.organisation,
        step=1,
        previous=_FIRST,
        certificates=tuple(
            ApprovedAuthority(item.sha256, item.subject, item.state or "active", item.domains)
            for item in lock.certificates
        ),
        approvers=approvers,
        configuration={part: value for part, value in pinned.items() if part != _NOT_SIGNED},
    )


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the text; an unknown key is an error."""


class _Member(_Part, frozen=True):
    name: str
    fingerprint: str
    key: str


class _Approvals(_Part, frozen=True):
    needed: _Number
    distrust: _Number
    approvers: list[_Member]


class _Text(_Part, frozen=True):
    organisation: str
    step: _Number
    previous: str
    certificates: list[ApprovedAuthority]
    configuration: dict[str, str]
    approvals: _Approvals | None = None


def parse(text: str, where: str) -> ApprovalText:
    """Return what a step says; raise LockError for what is not in its one form."""
    try:
        found = document.decode(document.parse(text, where), _Text)
    except ConfigError as error:
        raise LockError(str(error), hint=_RESTORE) from None
    result = ApprovalText(
        organisation=found.organisation,
        step=int(found.step),
        previous=found.previous,
        certificates=tuple(found.certificates),
        approvers=_approvers(found.approvals, where) if found.approvals else None,
        configuration=found.configuration,
    )
    if result.text != text:
        raise LockError(f"{where}: is not written as 'trustpack lock' writes it", hint=_RESTORE)
    return result


def _approvers(found: _Approvals, where: str) -> Approvers:
    try:
        members = tuple(
            Approver(one.name, approving.stored(one.key, f"{where}: the key of {one.name}"))
            for one in found.approvers
        )
    except SignatureError as error:
        raise LockError(str(error), hint=_RESTORE) from None
    needed, distrust = int(found.needed), int(found.distrust)
    numbers = [number for one in members for number in one.key.numbers]
    names = {one.name.casefold() for one in members}
    if not distrust <= needed <= len(members) == len(names) or len(numbers) != len({*numbers}):
        raise LockError(f"{where}: its approvers are none that trustpack.yaml could have", hint=_RESTORE)
    return Approvers(needed, distrust, members)


def _lines(said: ApprovalText) -> Iterator[str]:
    yield f"{_HEAD}organisation: {yaml(said.organisation)}"
    yield f"step: {said.step}"
    yield f"previous: {said.previous}"
    yield "certificates:" if said.certificates else "certificates: []"
    for item in said.certificates:
        yield f"- sha256: {item.sha256}"
        yield f"  subject: {yaml(item.subject)}"
        yield f"  state: {item.state}"
        if item.domains:
            yield f"  domains: {yaml(item.domains)}"
    if said.approvers:
        yield "approvals:"
        yield f"  needed: {said.approvers.needed}"
        yield f"  distrust: {said.approvers.distrust}"
        yield "  approvers:"
        for one in said.approvers.members:
            yield f"  - name: {yaml(one.name)}"
            yield f"    fingerprint: {yaml(one.fingerprint)}"
            yield f"    key: {yaml(one.key.text)}"
    yield "configuration:" if said.configuration else "configuration: {}"
    for part, value in said.configuration.items():
        yield f"  {part}: {yaml(value)}"
