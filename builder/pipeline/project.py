"""A project: whose bundle it is, where its configuration lies, and the moment at which it is judged."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from builder import config
from builder.errors import LockError, ReleaseError, UsageError
from builder.lifecycle import approvers, lockfile, states
from builder.lifecycle import lock as locks
from builder.load import is_file_name
from builder.model import release as releases
from builder.text.quoting import visible

if TYPE_CHECKING:
    import datetime as dt

    from builder.config import Config
    from builder.lifecycle.approvers import Approvers
    from builder.lifecycle.lock import Lock
    from builder.lifecycle.rollout import RolloutPolicy
    from builder.lifecycle.states import Lifecycle
    from builder.model import Release
    from builder.text.document import Document


class Project(msgspec.Struct, frozen=True, dict=True):
    """A configuration, the folder its paths start from, and the file it came from (None: the options).

    `now` is when validity is judged, `source_date_epoch` in seconds since 1970, `lines` tells where each key
    of the file stands. Of a realm it is the realm's, and `siblings` are the others that its file has. What
    lies beside the configuration is read once, when it is first asked for.
    """

    config: Config
    folder: Path
    file: Path | None
    now: dt.datetime
    source_date_epoch: int | None = None
    lines: Document | None = None
    realm: str = ""
    siblings: tuple[Config, ...] = ()

    @property
    def slug(self) -> str:
        """The organisation's short name."""
        return self.config.organisation.slug

    @property
    def beside(self) -> Path | None:
        """The folder in which an organisation's own recipes may lie: the configuration's, if there is one."""
        return self.folder if self.file else None

    @property
    def today(self) -> dt.date:
        """The UTC day that a release is named after."""
        return releases.today(self.now, self.source_date_epoch)

    @property
    def lock_file(self) -> Path | None:
        """Where the lock is, or would be: beside the configuration; None for a build without one."""
        return self.file.parent / locks.file_name(self.realm) if self.file else None

    @cached_property
    def lock(self) -> Lock | None:
        """The lock, None where there is none; raises ConfigError or LockError."""
        found = lockfile.read(self.lock_file) if self.lock_file else None
        if found and found.organisation != self.slug:
            raise LockError(
                f"{self.lock_file}: is the lock of {visible(found.organisation)}, and this is {self.slug}",
                hint="one folder, one lock: give organisation.slug its old value, or move the lock away",
            )
        return found

    @cached_property
    def lifecycle(self) -> Lifecycle:
        """Where each CA is in its life, as configured; raises ConfigError naming file and line."""
        return states.read(self.config.lifecycle, self.where)

    @cached_property
    def approvers(self) -> Approvers | None:
        """Who approves the lock, None where nobody needs to; raises ConfigError naming file and line."""
        section = self.config.approvals
        return approvers.read(section, self.where, self.folder) if section else None

    @cached_property
    def rollout(self) -> RolloutPolicy | None:
        """What is asked of hosts, None where nothing is; raises ConfigError naming file and line."""
        section = self.config.lifecycle.hosts
        if section is None:
            return None
        from builder.lifecycle import rollout

        return rollout.read(section, self.where)

    def where(self, key: tuple[str | int, ...]) -> str:
        """Return "file:line" of a key of the configuration."""
        return self.lines.where(key) if self.lines else ".".join(map(str, key))

    def release(self, given: str | None = None) -> Release | None:
        """Return the release that is asked for: `given`, else the configuration's; raises ReleaseError."""
        if given is not None or self.config.release is None:
            return None if given is None else releases.parse(given)
        try:
            return releases.parse(self.config.release)
        except ReleaseError as error:
            raise ReleaseError(f"{self.where(('release',))}: {error}", hint=error.hint) from None


def find(
    paths: list[str],
    org: str | None,
    file: Path | None,
    realm: str | None = None,
    *,
    now: dt.datetime,
    source_date_epoch: int | None = None,
) -> Project:
    """Return the project of a command: its options alone with `org`, else the configuration `file`'s.

    With `realm`, that of this realm in it. Bundle `paths` replace the file's. Raises UsageError or
    ConfigError.
    """
    default = Path(config.FILE_NAME)
    if org is not None:
        if realm is not None:
            raise UsageError("--org and --realm: give one of them", hint="a realm is in a configuration")
        if file is not None:
            raise UsageError(
                "--org and --config: give one of them", hint="--org builds without a configuration"
            )
        if not paths:
            raise UsageError("--org: needs the bundle's files", hint="trustpack build roots.pem --org NAME")
        return Project(config.minimal(org, paths), Path(), None, now, source_date_epoch)
    if file is None and realm is None and paths and not default.exists():
        raise UsageError(
            f"--org: is missing, as there is no {config.FILE_NAME}",
            hint="give the organisation's short name, such as --org acme, or run 'trustpack init'",
        )
    file = file or default
    every = config.read_every(file)
    own = "" if realm is None else config.named_realm(every[""][0], realm, str(file))
    found, lines = every[own]
    if "" in paths:
        raise UsageError("the bundle: a path is empty", hint="is a variable of the shell not set?")
    if paths:
        section = msgspec.structs.replace(found.bundle, paths=[_from_here(path) for path in paths])
        found = msgspec.structs.replace(found, bundle=section)
    siblings = tuple(each for name, (each, _) in every.items() if name != own)
    return Project(found, file.parent, file, now, source_date_epoch, lines, own, siblings)


def _from_here(path: str) -> str:
    """Return an input of the command line so that it means the same from the configuration's folder."""
    return str(Path(path).absolute()) if is_file_name(path) else path
