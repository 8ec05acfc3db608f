"""Approvals of the lock on the command line: shown, made, and held to an anchor."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from builder.cli import environment
from builder.errors import LockError, SignatureError, UsageError

if TYPE_CHECKING:
    from builder.lifecycle.approvals import Standing
    from builder.lifecycle.approvers import Approver
    from builder.lifecycle.lock import Lock
    from builder.pipeline.project import Project
    from builder.provenance.statement import StatedApproval

_UNAPPROVED = 1
_LOCK_FIRST = "run 'trustpack lock', and have the change reviewed"


def known(anchor: str | None) -> str:
    """Return the digest that --anchor gives, or the last approval's of a lock; empty for none."""
    from builder.lifecycle import approvals, lockfile

    if anchor is None:
        return ""
    if not anchor:
        raise UsageError("--anchor: is empty", hint="is a variable of the shell not set?")
    if re.fullmatch(r"[0-9a-f]{64}", anchor):
        return anchor
    found = lockfile.read(Path(anchor))
    if found is None:
        raise UsageError(
            f"--anchor {anchor}: there is no such lock", hint="give 64 hexadecimal digits, or a lock's path"
        )
    approved = [one for one in approvals.standings(found, anchor) if one.approved]
    if not approved:
        raise UsageError(
            f"--anchor {anchor}: nobody has approved anything in that lock, so it holds nothing",
            hint="leave it out until a lock with approvals is out",
        )
    return approved[-1].said.digest


def hold(lock: Lock | None, file: Path, anchor: str | None) -> None:
    """Raise LockError unless a lock, approved or waiting for it, goes on from what --anchor gives."""
    from builder.lifecycle import approvals

    if digest := known(anchor):
        approvals.refuse_elsewhere(lock, str(file), digest)


def show(project: Project, anchor: str | None, *, as_json: bool) -> None:
    """Print who has approved the lock; exit with 1 where too few have."""
    from builder.lifecycle import approvals

    lock, file = _asked(project)
    hold(lock, file, anchor)
    found = approvals.standings(lock, str(file))
    if found[-1].approved:
        approvals.refuse_unapproved(lock, project.approvers, str(file))
    if as_json:
        _print_json(lock, file, found)
    else:
        typer.echo(_told(found[-1], file))
        for one in found[-1].signed:
            typer.echo(f"  {_named(one)}")
        if anchors := [one.said.digest for one in found if one.approved]:
            typer.echo(f"anchor: {anchors[-1]}")
    if not found[-1].approved:
        raise typer.Exit(_UNAPPROVED)


def sign(project: Project, key: str, anchor: str | None, *, as_json: bool, dry_run: bool) -> None:
    """Sign the lock's last step by a key, and write the signature into the lock."""
    from builder.lifecycle import approvals, lockfile
    from builder.release.atomic import write
    from builder.signing import asking

    if not key:
        raise UsageError("--sign: is empty", hint="is a variable of the shell not set?")
    lock, file = _asked(project)
    hold(lock, file, anchor)
    _refuse_stale(project, lock, file)
    last = approvals.standings(lock, str(file))[-1]
    if dry_run:
        if as_json:
            _print_json(lock, file, approvals.standings(lock, str(file)))
        else:
            typer.echo(last.said.text, nl=False)
        return
    public = asking.public(key)
    if public and not any(one.key == public for one in last.signers):
        _refuse(key, last, f": it is {public.fingerprint}")
    signature = asking.sign(key, last.said.text, at_terminal=environment.has_terminal())
    signer = approvals.signer(last, signature)
    if signer is None:
        _refuse(key, last)
    else:
        new = approvals.signed(lock, signer.name, signature)
        write(file, lockfile.to_text(new))
        found = approvals.standings(new, str(file))
        if as_json:
            _print_json(new, file, found)
        else:
            typer.echo(f"signed by {_named(signer)}")
            typer.echo(_told(found[-1], file))


def stated(project: Project) -> tuple[StatedApproval, ...]:
    """Return who has approved the lock, as a release's statement says it."""
    from builder.lifecycle import approvals
    from builder.provenance.statement import StatedApproval

    if project.lock is None:
        return ()
    found = approvals.approved_by(project.lock, str(project.lock_file))
    return tuple(StatedApproval(name=one.name, key=f"{one.kind} {one.fingerprint}") for one in found)


def standing(lock: Lock, file: Path) -> dict[str, Any] | None:
    """Return how the last step of a lock's approvals stands, for JSON; None where it has none."""
    from builder.lifecycle import approvals

    found = approvals.standings(lock, str(file))
    return approvals.value(found[-1]) if found else None


def tell_standing(lock: Lock, file: Path) -> None:
    """Print how the last step of a lock's approvals stands, if it has any."""
    from builder.lifecycle import approvals

    for one in approvals.standings(lock, str(file))[-1:]:
        typer.echo(_told(one, file))


def _asked(project: Project) -> tuple[Lock, Path]:
    """Return a lock that approvers are asked about, and its file; raise where there is none."""
    lock, file = project.lock, project.lock_file
    if lock is None or file is None:
        raise LockError(f"{file}: there is no lock to approve", hint=_LOCK_FIRST)
    if not lock.approvals:
        if project.approvers is None:
            hint = "'trustpack docs approvals' tells how to have it approved"
            raise UsageError(f"{project.file}: has no approvals, so nobody approves the lock", hint=hint)
        raise LockError(f"{file}: nobody has been asked to approve it", hint=_LOCK_FIRST)
    return lock, file


def _refuse_stale(project: Project, lock: Lock, file: Path) -> None:
    """Raise LockError where what would be signed is not what lock, configuration and recipes say."""
    from builder.lifecycle import approvals
    from builder.lifecycle.lock import refuse_other_packaging
    from builder.pipeline.packaging import packaging

    refuse_other_packaging(lock, packaging(project), str(file))
    if approvals.following(lock, project.approvers, str(file)) != lock.approvals:
        raise LockError(f"{file}: says something else than what was to be approved", hint=_LOCK_FIRST)


def _refuse(key: str, last: Standing, which: str = "") -> None:
    names = ", ".join(f"{one.name} ({one.fingerprint})" for one in last.signers)
    raise SignatureError(f"{key}: is no approver's key{which}", hint=f"those are {names}")


def _told(one: Standing, file: Path) -> str:
    from builder.text.quoting import visible

    return visible(f"{file}: {'approved: ' if one.approved else ''}{one.told}")


def _named(one: Approver) -> str:
    from builder.text.quoting import visible

    return visible(f"{one.name} ({one.kind} {one.fingerprint})")


def _print_json(lock: Lock, file: Path, found: tuple[Standing, ...]) -> None:
    from builder.lifecycle import approvals
    from builder.text.printed import printed

    approved = [one.said.digest for one in found if one.approved]
    document = {
        "file": str(file),
        "release": lock.release.text,
        "approved": found[-1].approved,
        "anchor": approved[-1] if approved else "",
        "text": found[-1].said.text,
        "steps": [approvals.value(one) for one in found],
    }
    typer.echo(printed(document), nl=False)
