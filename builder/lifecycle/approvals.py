"""Approvals: a chain of signed texts in the lock that leads from the first approvers to those of today.

Each step names the one before by its digest, and counts only with the signatures of those who were approvers
before it. So whoever can write lock and trustpack.yaml, but not sign, cannot give it other CAs or approvers.
How the chain begins it cannot prove itself: an anchor does, which whoever builds has from elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from builder.errors import LockError, SignatureError
from builder.lifecycle import approval_text
from builder.lifecycle.approval_text import REASONS, ApprovalText
from builder.lifecycle.lock import ApprovalStep
from builder.signing import approving
from builder.text.quoting import visible

if TYPE_CHECKING:
    from builder.lifecycle.approvers import Approver, Approvers
    from builder.lifecycle.lock import Lock

Occasion = Literal["first", "change", "distrust", "approvers", "removal"]
_WORDS: dict[Occasion, str] = {
    "first": "this first state",
    "change": "this change",
    "distrust": "this change, which only distrusts",
    "approvers": "this change of the approvers",
    "removal": "to do without approvals",
}
_SIGN = "approvers run 'trustpack lock --sign KEY'; 'trustpack docs approvals' tells how"
_RENEW = "run 'trustpack lock', and have the change approved"
_RESTORE = "only 'trustpack lock' writes it: restore the file as it was committed"


class Standing(msgspec.Struct, frozen=True):
    """One step: what it says, what it is for, who may sign it, how many it takes, and who has."""

    said: ApprovalText
    occasion: Occasion
    needed: int
    signers: tuple[Approver, ...]
    signed: tuple[Approver, ...]
    wrong: tuple[str, ...] = ()

    @property
    def enough(self) -> bool:
        """Whether as many have signed as it takes."""
        return len(self.signed) >= self.needed

    @property
    def approved(self) -> bool:
        """Whether enough have signed, and nothing else is said to be a signature."""
        return self.enough and not self.wrong

    @property
    def missing(self) -> tuple[Approver, ...]:
        """Who has not signed."""
        return tuple(one for one in self.signers if one not in self.signed)

    @property
    def told(self) -> str:
        """How many have signed, and who still can, as people read it."""
        names = ", ".join(one.name for one in self.signed)
        left = self.needed - len(self.signed)
        others = ", ".join(one.name for one in self.missing)
        have = f" ({names})" if names else ""
        rest = f"; missing: {left} of {others}" if left > 0 else ""
        return visible(
            f"{len(self.signed)} of {self.needed} have approved {_WORDS[self.occasion]}{have}{rest}"
        )


def standings(lock: Lock, where: str) -> tuple[Standing, ...]:
    """Return how each step stands; raise LockError unless each that leads to another is approved."""
    found: list[Standing] = []
    for number, step in enumerate(lock.approvals, 1):
        place = f"{where}: approval {number}"
        before = found[-1] if found else None
        if before and not before.approved:
            raise LockError(f"{where}: approval {number - 1}: {_fault(before)}", hint=_RESTORE)
        said = approval_text.parse(step.text, place)
        last = before.said if before else None
        if said.organisation != lock.organisation:
            raise LockError(f"{place}: is of {visible(said.organisation)}", hint=_RESTORE)
        if said != said.after(last):
            raise LockError(f"{place}: does not follow the one before it", hint=_RESTORE)
        found.append(_standing(step, last, said, place))
    return tuple(found)


def following(lock: Lock, approvers: Approvers | None, where: str) -> tuple[ApprovalStep, ...]:
    """Return the steps of a lock that says something else than its steps do, with a new one if there must be.

    One that is waiting is replaced, and its signatures with it. Raises LockError as `standings` does.
    """
    found = standings(lock, where)
    kept = tuple(_without(step, one.wrong) for step, one in zip(lock.approvals, found, strict=True))
    steps = kept[:-1] if found and not found[-1].enough else kept
    last = found[len(steps) - 1].said if steps else None
    if approvers is None and (last is None or last.approvers is None):
        return steps
    said = approval_text.of_lock(lock, approvers)
    if last and said.content == last.content:
        return steps
    new = said.after(last)
    if kept and kept[-1].text == new.text:
        return kept
    return (*steps, ApprovalStep(new.text, tuple((one.name, b"") for one in _signers(last, new).members)))


def refuse_unapproved(
    lock: Lock | None, approvers: Approvers | None, where: str, *, anchor: str = ""
) -> tuple[Approver, ...]:
    """Return who has approved a lock; raise LockError where it says what too few have signed.

    `anchor` is the digest of a step that must be among its own, approved; empty for none.
    """
    if anchor:
        refuse_elsewhere(lock, where, anchor)
    if lock is None or not lock.approvals:
        if approvers:
            raise LockError(f"{where}: nobody has been asked to approve it", hint=_RENEW)
        return ()
    found = standings(lock, where)
    newest = found[-1]
    gone = newest.said.approvers is None and approvers is None
    if not gone and newest.said.content != approval_text.of_lock(lock, approvers).content:
        raise LockError(f"{where}: says something else than what was to be approved", hint=_RENEW)
    if not newest.approved:
        raise LockError(f"{where}: is not approved: {_fault(newest)}", hint=_SIGN)
    return newest.signed


def refuse_elsewhere(lock: Lock | None, where: str, anchor: str) -> None:
    """Raise LockError unless `anchor` is the digest of one of a lock's approved steps."""
    if lock is None or not lock.approvals:
        raise LockError(f"{where}: has no approvals, and {anchor} is to be one of them", hint=_RESTORE)
    if anchor not in {one.said.digest for one in standings(lock, where) if one.approved}:
        hint = "it may have been put back to an older state, or begun anew: look into its history in git"
        raise LockError(f"{where}: the approval {anchor} is none of its own", hint=hint)


def approved_by(lock: Lock, where: str) -> tuple[Approver, ...]:
    """Return who has approved what a lock says, none where nobody needs to; raise LockError if too few have.

    It is held to its own approvers: that they are trustpack.yaml's is for `refuse_unapproved`.
    """
    last = standings(lock, where)[-1:]
    return refuse_unapproved(lock, last[0].said.approvers if last else None, where)


def signer(standing: Standing, signature: bytes) -> Approver | None:
    """Return the approver whose signature of a step it is, None where it is nobody's."""
    good = (one for one in standing.signers if _is_good(one, standing.said.text, signature))
    return next(good, None)


def signed(lock: Lock, name: str, signature: bytes) -> Lock:
    """Return the lock with an approver's signature of its last step."""
    *steps, last = lock.approvals
    others = dict(last.signatures) | {name: signature}
    new = msgspec.structs.replace(last, signatures=tuple(others.items()))
    return msgspec.structs.replace(lock, approvals=(*steps, new))


def value(standing: Standing | None) -> dict[str, Any] | None:
    """Return a step as JSON has it."""
    if standing is None:
        return None
    return {
        "digest": standing.said.digest,
        "occasion": standing.occasion,
        "needed": standing.needed,
        "approved": standing.approved,
        "signed": [_person(one) for one in standing.signed],
        "missing": [_person(one) for one in standing.missing],
        "wrong": list(standing.wrong),
    }


def _person(one: Approver) -> dict[str, str]:
    return {"name": one.name, "kind": one.kind, "fingerprint": one.fingerprint}


def occasion(last: ApprovalText | None, new: ApprovalText) -> tuple[Occasion, int]:
    """Return what a step is for, and how many must sign it."""
    signers = _signers(last, new)
    if last is None or last.approvers is None:
        return "first", signers.needed
    if new.approvers is None:
        return "removal", signers.needed
    if new.approvers != last.approvers:
        return "approvers", signers.needed
    return ("distrust", signers.distrust) if _only_distrusts(last, new) else ("change", signers.needed)


def _standing(step: ApprovalStep, last: ApprovalText | None, said: ApprovalText, place: str) -> Standing:
    if said.approvers is None and (last is None or last.approvers is None):
        raise LockError(f"{place}: has no approvers", hint=_RESTORE)
    what, needed = occasion(last, said)
    signers = _signers(last, said)
    names = [name for name, _ in step.signatures]
    if strangers := [name for name in names if not signers.by_name(name)]:
        raise LockError(f"{place}: {visible(strangers[0])} is none of its approvers", hint=_RESTORE)
    if len({*names}) != len(names):
        raise LockError(f"{place}: has two signatures by one approver", hint=_RESTORE)
    given = {name: signature for name, signature in step.signatures if signature}
    good = {
        one.name for one in signers.members if one.name in given and _is_good(one, step.text, given[one.name])
    }
    return Standing(
        said,
        what,
        needed,
        signers.members,
        tuple(one for one in signers.members if one.name in good),
        tuple(name for name in given if name not in good),
    )


def _fault(standing: Standing) -> str:
    if standing.wrong:
        return visible(f"the signature of {', '.join(standing.wrong)} is not of this text")
    return standing.told


def _signers(last: ApprovalText | None, new: ApprovalText) -> Approvers:
    """Return who is to sign: the approvers before the step, or where there were none, its own."""
    found = (last.approvers if last else None) or new.approvers
    assert found  # noqa: S101  a step without approvers follows one with them
    return found


def _only_distrusts(last: ApprovalText, new: ApprovalText) -> bool:
    """Tell whether a step takes trust away by distrusting, and changes nothing else but why."""
    before, after = ({item.sha256: item.state for item in said.certificates} for said in (last, new))
    changed = {key for key, state in after.items() if before.get(key) != state}
    domains = [
        {item.sha256: item.domains for item in said.certificates if item.state != "distrusted"}
        for said in (last, new)
    ]
    settings = [{**said.configuration, REASONS: ""} for said in (last, new)]
    return (
        bool(changed)
        and before.keys() <= after.keys()
        and all(after[key] == "distrusted" for key in changed)
        and settings[0] == settings[1]
        and all(domains[0][key] == domain for key, domain in domains[1].items() if key in domains[0])
    )


def _is_good(one: Approver, text: str, signature: bytes) -> bool:
    try:
        approving.verify(one.key, text, signature, one.name)
    except SignatureError:
        return False
    return True


def _without(step: ApprovalStep, wrong: tuple[str, ...]) -> ApprovalStep:
    """Return a step without signatures that are none of its text."""
    signatures = tuple((name, b"" if name in wrong else signature) for name, signature in step.signatures)
    return ApprovalStep(step.text, signatures)
