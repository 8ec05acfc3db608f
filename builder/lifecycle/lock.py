"""trustpack.lock: which CAs the packages hold and every release so far, as YAML that people review.

Only `trustpack lock` writes it. A build refuses other certificates than it lists and takes its release from
it, so unchanged certificates keep their version and their bytes on any later day.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from builder.errors import LockError, ReleaseError
from builder.lifecycle.history import CHANGES, Digest, Issue, Named, Strict, check_order, check_story
from builder.model import release as releases
from builder.model.release import Release
from builder.render.inventory import stamp
from builder.text import document
from builder.text.quoting import visible, yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from builder.lifecycle.states import Lifecycle
    from builder.model import Bundle

FILE_NAME = "trustpack.lock"
_HEAD = "# Written by 'trustpack lock'; review it like code, and commit it beside trustpack.yaml.\n"
_DISTRUSTED = "distrusted"

_Time = Annotated[
    str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$(?!\n)")
]


class Locked(Strict, frozen=True):
    """One CA: shipped, unless its state is distrusted."""

    sha256: Digest
    subject: str
    not_before: _Time
    not_after: _Time
    state: Literal["incoming", "active", "retiring", "distrusted"]

    @property
    def shipped(self) -> bool:
        """Whether packages make clients trust it."""
        return self.state != _DISTRUSTED


class Lock(Strict, frozen=True):
    """The whole file; the newest release comes first."""

    organisation: str
    certificates: list[Locked]
    history: Annotated[list[Issue], msgspec.Meta(min_length=1)]
    schema: Literal["1"] = "1"

    @property
    def release(self) -> Release:
        """The release whose certificates the lock lists."""
        return Release(self.history[0].release)

    @property
    def known(self) -> frozenset[str]:
        """Every fingerprint that this or an earlier release held."""
        past = {item.sha256 for issue in self.history for key in CHANGES for item in getattr(issue, key)}
        return frozenset(past.union(item.sha256 for item in self.certificates))


@dataclass(frozen=True, slots=True)
class Change:
    """What leads from one list of CAs to another; a pair is a CA before and after its state changed."""

    added: tuple[Locked, ...] = ()
    removed: tuple[Locked, ...] = ()
    moved: tuple[tuple[Locked, Locked], ...] = ()

    def __bool__(self) -> bool:
        """Whether anything changes."""
        return bool(self.added or self.removed or self.moved)

    @property
    def lines(self) -> list[str]:
        """The change as people read it, a CA a line."""
        return [
            *(f"+ {_said(item)}" for item in self.added),
            *(f"- {_said(item)}" for item in self.removed),
            *(f"~ {_said(new)}, was {old.state}" for old, new in self.moved),
        ]


def read(path: Path) -> Lock | None:
    """Return the lock stored at `path`, None where there is none; raises ConfigError or LockError."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise LockError(f"{path}: cannot be read: {error}") from error
    return parse(text, str(path))


def parse(text: str, where: str) -> Lock:
    """Return the lock that `text` is; raises ConfigError or LockError naming file and line."""
    parsed = document.parse(text, where)
    lock = document.decode(parsed, Lock)
    check_order(lock.history, parsed)
    seen: set[str] = set()
    for i, item in enumerate(lock.certificates):
        try:
            dt.datetime.fromisoformat(item.not_before), dt.datetime.fromisoformat(item.not_after)
        except ValueError as error:
            raise LockError(f"{parsed.where(('certificates', i))}: {error}") from error
        if item.sha256 in seen:
            raise LockError(f"{parsed.where(('certificates', i))}: the CA {item.sha256} is given twice")
        seen.add(item.sha256)
    return lock


def to_text(lock: Lock) -> str:
    """Return the file's text: one line a value, in a fixed order, so that a review's diff is the change."""
    lines = [f"{_HEAD}schema: {lock.schema}", f"organisation: {yaml(lock.organisation)}", "certificates:"]
    for item in lock.certificates:
        lines += _mapping(2, item)
    lines.append("history:")
    for issue in lock.history:
        lines += [
            f"  - release: {yaml(issue.release)}",
            f"    date: {yaml(issue.date)}",
            f"    content: {issue.content}",
        ]
        for key in CHANGES:
            items: list[Named] = getattr(issue, key)
            lines += [f"    {key}:"] if items else []
            for named in items:
                lines += _mapping(6, named)
    return "\n".join(lines) + "\n"


def describe(bundle: Bundle, lifecycle: Lifecycle) -> list[Locked]:
    """Return the CAs of a bundle as a lock lists them: in canonical order, distrusted ones last."""
    return [
        Locked(
            sha256=item.sha256,
            subject=item.subject,
            not_before=stamp(item.not_before),
            not_after=stamp(item.not_after),
            state=lifecycle.stage(item.sha256).state,
        )
        for item in (*bundle.certificates, *bundle.distrusted)
    ]


def compare(old: Iterable[Locked], new: Iterable[Locked]) -> Change:
    """Return what leads from `old` to `new`, each part in its list's order."""
    before, after = {item.sha256: item for item in old}, {item.sha256: item for item in new}
    return Change(
        added=tuple(item for key, item in after.items() if key not in before),
        removed=tuple(item for key, item in before.items() if key not in after),
        moved=tuple(
            (before[key], item)
            for key, item in after.items()
            if key in before and before[key].state != item.state
        ),
    )


def content(certificates: Iterable[Locked]) -> str:
    """Return the digest of what packages are made from: which CAs are shipped and which are blocked.

    The states of shipped CAs are not in it: no package differs by them.
    """
    words = sorted(f"{'ship' if item.shipped else 'block'} {item.sha256}\n" for item in certificates)
    return hashlib.sha256("".join(words).encode("ascii")).hexdigest()


def verify(lock: Lock, certificates: Sequence[Locked], where: str, *, wanted: Release | None) -> None:
    """Raise LockError unless the lock lists exactly `certificates`, and `wanted` if given is its release."""
    hint = "run 'trustpack lock', and have the change of the lock reviewed"
    if content(lock.certificates) != lock.history[0].content:
        raise LockError(f"{where}: its certificates are not those of release {lock.release.text}", hint=hint)
    if change := compare(lock.certificates, certificates):
        lines = "\n  ".join(change.lines)
        raise LockError(f"{where}: the bundle is not the one that it lists:\n  {lines}", hint=hint)
    check_story(lock.history, lock.certificates, where)
    stated = {item.sha256: item for item in lock.certificates}
    if wrong := [item for item in certificates if item != stated[item.sha256]]:
        lines = "\n  ".join(_said(item) for item in wrong)
        raise LockError(f"{where}: describes CAs otherwise than their certificates do:\n  {lines}", hint=hint)
    if wanted is not None and wanted.numbers != lock.release.numbers:
        raise LockError(
            f"{where}: its release is {lock.release.text}, not {wanted.text}",
            hint=f"run 'trustpack lock --release {wanted.text}', or leave the release to the lock",
        )


def advance(
    lock: Lock | None,
    certificates: Sequence[Locked],
    *,
    organisation: str,
    today: dt.date,
    wanted: Release | None = None,
    again: bool = False,
) -> Lock:
    """Return the lock for `certificates`: with a new release where the content is new, or `again` is set.

    The release is `wanted`, else `today`'s with a counter; raises ReleaseError where `wanted` names other
    content already or would sort below what is released.
    """
    digest = content(certificates)
    previous = lock.history if lock else []
    current = bool(previous) and previous[0].content == digest and not again
    if lock and current and (wanted is None or wanted.numbers == lock.release.numbers):
        return Lock(organisation=organisation, certificates=list(certificates), history=previous)
    release = _release(previous, wanted, today)
    old = lock.certificates if lock else []
    issue = Issue(
        release=release.text,
        date=today.isoformat(),
        content=digest,
        added=_only(certificates, old, shipped=True),
        removed=_only(old, certificates, shipped=True),
        distrusted=_only(certificates, old, shipped=False),
        forgiven=_only(old, certificates, shipped=False),
    )
    return Lock(organisation=organisation, certificates=list(certificates), history=[issue, *previous])


def _release(previous: Sequence[Issue], wanted: Release | None, today: dt.date) -> Release:
    newest = max((Release(issue.release) for issue in previous), key=lambda one: one.numbers, default=None)
    if wanted is None:
        chosen = releases.automatic(today, None)
        return newest.following() if newest and chosen.numbers <= newest.numbers else chosen
    hint = "clients would never fetch the change: choose a higher release, or leave it out"
    if any(Release(issue.release).numbers == wanted.numbers for issue in previous):
        raise ReleaseError(f"release {wanted.text}: names other content already", hint=hint)
    if newest and wanted.numbers < newest.numbers:
        raise ReleaseError(f"release {wanted.text}: is lower than {newest.text}, which is out", hint=hint)
    return wanted


def _only(items: Iterable[Locked], others: Iterable[Locked], *, shipped: bool) -> list[Named]:
    """Return the CAs of `items` that are shipped (or else blocked), and not so in `others`."""
    known = {item.sha256 for item in others if item.shipped == shipped}
    wanted = (item for item in items if item.shipped == shipped and item.sha256 not in known)
    return [Named(sha256=item.sha256, subject=item.subject) for item in wanted]


def _mapping(indent: int, item: Locked | Named) -> list[str]:
    pad = " " * indent
    values = msgspec.structs.asdict(item).items()
    rows = [f"{key}: {value if key in {'sha256', 'state'} else yaml(value)}" for key, value in values]
    return [f"{pad}{'- ' if i == 0 else '  '}{row}" for i, row in enumerate(rows)]


def _said(item: Locked) -> str:
    return visible(
        f"{item.subject or 'no name'} ({item.sha256[:16]}), {item.state}, expires {item.not_after[:10]}"
    )
