"""`trustpack lock`: show how the bundle differs from trustpack.lock, and write it down."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from builder.cli import approving, environment, options, seen_hosts
from builder.cli.messages import tell
from builder.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.lifecycle.lock import Lock, OverriddenStep
    from builder.pipeline.project import Project

_DIFFERS = 1


class Step(NamedTuple):
    """The lock before and after, and which parts of how packages are made have changed."""

    file: Path
    old: Lock | None
    new: Lock
    parts: tuple[str, ...]
    up_to_date: bool
    written: bool

    @property
    def overridden(self) -> tuple[OverriddenStep, ...]:
        """The steps that do not wait for hosts."""
        return self.new.overridden[len(self.old.overridden) if self.old else 0 :]


def lock(
    *,
    config: options.Config = None,
    realm: options.Realm = None,
    release: Annotated[
        str | None, typer.Option(help="The new release's version.  [default: the UTC date]")
    ] = None,
    again: Annotated[
        bool, typer.Option("--bump", help="Make a new release of unchanged certificates, too.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 if the lock is not up to date.")
    ] = False,
    sign: Annotated[
        str | None,
        typer.Option(
            help="Approve the lock by this key: an SSH key's file, or openpgp:FINGERPRINT for gpg.",
            metavar="<key>",
        ),
    ] = None,
    approved: Annotated[
        bool, typer.Option("--approved", help="Say who has approved the lock; exit with 1 if too few have.")
    ] = False,
    anchor: options.Anchor = None,
    change_scheme: options.ChangeScheme = False,
    hosts: options.Hosts = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the change, or what would be signed; write nothing.")
    ] = False,
    password_file: options.PasswordFile = None,
    form: options.Form = None,
    json: options.Json = False,
    now: options.Now = None,
) -> None:
    """Show what changes in the bundle, and write trustpack.lock.

    It lies beside trustpack.yaml. With a lock, a build refuses other certificates than it lists and takes its
    release from it: unchanged certificates keep their version. Changed ones get a new release, named when the
    lock is written. Texts, names, settings and recipes are pinned, too: where only they have changed, --bump
    makes one. What 'trustpack plan' warns of is shown, and stops it where lifecycle.fail_on says so.
    With `lifecycle.hosts` in the configuration, a CA is used, or its predecessor taken out, only where enough
    hosts have it, as a report on them in --hosts says. Review the lock like code. With `approvals` in the
    configuration, a change of it needs signatures: --sign makes one, by ssh-keygen or gpg. With --anchor,
    what is changed or signed must go on from that approval.
    """
    from builder.lifecycle import lockfile
    from builder.lifecycle.lock import FILE_NAME, refuse_other_packaging
    from builder.model.release import one_way
    from builder.pipeline.packaging import packaging
    from builder.pipeline.plan import changed, following, unbumped, warnings
    from builder.release.atomic import write

    as_json = options.chosen(form, json=json) == "json"
    project = environment.project(bundled=options.Bundled(config, realm), now=now)
    environment.tell_realms(project)
    file = project.lock_file or Path(FILE_NAME)
    if sign is not None or approved:
        if check or again or release or change_scheme or (sign and approved):
            raise UsageError("--sign and --approved: change nothing else, so give one of them alone")
        idle = {"--password-file": password_file, "--hosts": hosts, "--dry-run": dry_run and approved}
        options.refuse_idle(idle, "does nothing beside --sign and --approved")
        _approval(project, file, sign, anchor, as_json=as_json, dry_run=dry_run)
        return
    _refuse_idle_hosts(project, hosts, check=check)
    writing = not (check or dry_run)
    with _alone(file.parent, writing=writing):
        old = project.lock
        approving.hold(old, file, anchor)
        bundle = environment.accepted(project, password_file=password_file)
        parts = unbumped(project, bundle, release=release) if old and not again else ()
        if old and parts and writing:
            refuse_other_packaging(old, packaging(project), str(file))
        # With --check alone, which release follows is no matter, and a configured one may be out already.
        new = old if old and parts and check else following(project, bundle, release=release, again=again)
        new = new if check else _held(project, new, hosts)
        environment.heed(project, warnings(project, bundle))
        said = one_way(old.release, new.release) if old else ""
        if writing and new != old:
            if old:
                environment.agree_to_scheme(old.release, new.release, given=change_scheme)
            write(file, lockfile.to_text(new))
        elif said:
            tell("warning", [said])
    up_to_date = not parts and not _differs(old, new)
    step = Step(file, old, new, parts or changed(old, new), up_to_date, writing and new != old)
    if as_json:
        _print_json(step, project)
    else:
        _show(step)
    if check and not step.up_to_date:
        raise typer.Exit(_DIFFERS)


def _refuse_idle_hosts(project: Project, hosts: Path | None, *, check: bool) -> None:
    """Raise UsageError for a report on hosts that nobody would look at."""
    if check:
        options.refuse_idle({"--hosts": hosts}, "does nothing beside --check")
    elif project.rollout is None:
        options.refuse_idle({"--hosts": hosts}, "does nothing where lifecycle.hosts asks for nothing")


def _held(project: Project, new: Lock, hosts: Path | None) -> Lock:
    """Return the new lock with what an override lets go on; raise HostsError where it must wait."""
    from msgspec.structs import replace

    from builder.pipeline.plan import held

    steps = held(project, new, seen_hosts.hosts(hosts, project.slug))
    tell("warning", [f"{one.subject}, {one.step}: {one.hosts}; overridden: {one.reason}" for one in steps])
    return replace(new, overridden=(*new.overridden, *steps))


def _approval(
    project: Project, file: Path, key: str | None, anchor: str | None, *, as_json: bool, dry_run: bool
) -> None:
    """Sign the lock by a key; without one, print who has approved it."""
    if key is None:
        approving.show(project, anchor, as_json=as_json)
        return
    with _alone(file.parent, writing=not dry_run):
        approving.sign(project, key, anchor, as_json=as_json, dry_run=dry_run)


@contextlib.contextmanager
def _alone(folder: Path, *, writing: bool) -> Iterator[None]:
    """Keep other runs out from before the lock is read until it is written: one of the two would be lost."""
    from builder.release import atomic

    if not writing:
        yield
        return
    atomic.clear_up(folder)
    with atomic.alone(folder, "another 'trustpack lock' is running here"):
        yield


def _differs(old: Lock | None, new: Lock) -> bool:
    """Tell whether the lock is not up to date; one that does not pin the packaging yet is."""
    from msgspec.structs import replace

    if old is None or old.packaging:
        return new != old
    unpinned = replace(new.history[0], packaging="")
    return replace(new, packaging=None, history=(unpinned, *new.history[1:])) != old


def _print_json(step: Step, project: Project) -> None:
    from msgspec import to_builtins

    from builder.lifecycle.lock import compare
    from builder.lifecycle.plan import moved, value
    from builder.text.printed import printed

    change = compare(step.old.certificates if step.old else (), step.new.certificates)
    stages = project.lifecycle.stages
    document = {
        "file": str(step.file),
        "before": step.old.release.text if step.old else "",
        "release": step.new.release.text,
        "up_to_date": step.up_to_date,
        "written": step.written,
        "added": [value(item, stages) for item in change.added],
        "removed": [value(item, stages) for item in change.removed],
        "moved": [moved(before, item, stages) for before, item in change.moved],
        "packaging": list(step.parts),
        "approvals": approving.standing(step.new, step.file),
        "overridden": [to_builtins(one) for one in step.overridden],
    }
    typer.echo(printed(document), nl=False)


def _show(step: Step) -> None:
    from builder.lifecycle.lock import compare
    from builder.lifecycle.packaging import told
    from builder.text.quoting import visible

    old, new = step.old, step.new
    for line in compare(old.certificates if old else (), new.certificates).lines:
        typer.echo(line)
    if step.parts:
        typer.echo(f"~ how packages are made: {told(step.parts)}")
    if old is None:
        said = f"release {new.release.text}"
    elif old.release != new.release:
        said = f"release {new.release.text}, was {old.release.text}"
    elif step.parts:
        said = f"release {old.release.text} needs a new one, which 'trustpack lock --bump' makes"
    elif not step.up_to_date:
        said = f"release {new.release.text} stays"
    else:
        pins = "; from now on it pins how packages are made, too" if step.written else ""
        said = f"is up to date: release {new.release.text}{pins}"
    if not (step.up_to_date or step.written):
        said += "; nothing was written"
    typer.echo(visible(f"{step.file}: {said}"))
    approving.tell_standing(step.new, step.file)
