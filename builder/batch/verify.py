"""`batch verify`: each release of an output is held to its sums and signatures, as by `verify`."""

from __future__ import annotations

import datetime as dt  # noqa: TC003  msgspec reads annotations at run time
from typing import TYPE_CHECKING

import msgspec

from builder.batch import faults, given, processes
from builder.batch.outputs import REPORT
from builder.errors import OutputError, SignatureError, VerificationError
from builder.provenance import rebuild, verify_release
from builder.release import scratch
from builder.signing import public_files
from builder.text import files
from builder.text.printed import printed
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from builder.batch.job import JobFault
    from builder.provenance.rebuild import Rebuilt
    from builder.provenance.verification import Discrepancy, Verification
    from builder.provenance.verify_release import ReleaseFiles

_BUILT = ("built", "skipped")


class VerifyTask(msgspec.Struct, frozen=True):
    """One release: the folder of all of them, its own name, and the folder of all keys (None: unsigned)."""

    out: Path
    slug: str
    keys: Path | None
    now: dt.datetime


class VerifiedRelease(msgspec.Struct, frozen=True):
    """What differs in a release; or else why it could not be verified."""

    slug: str
    release: str = ""
    files: int = 0
    discrepancies: tuple[Discrepancy, ...] = ()
    fault: JobFault | None = None


class _Row(msgspec.Struct):
    slug: str
    status: str


class _Stored(msgspec.Struct):
    results: list[_Row] = []


class VerifyReport(msgspec.Struct, frozen=True):
    """Every release that was looked at."""

    out: str
    signed: bool
    found: dict[str, VerifiedRelease]

    @property
    def faults(self) -> dict[str, JobFault]:
        """Why some could not be verified."""
        return {slug: one.fault for slug, one in self.found.items() if one.fault}

    @property
    def differing(self) -> list[VerifiedRelease]:
        """Those that are not what they were."""
        return [one for _, one in sorted(self.found.items()) if one.discrepancies]

    @property
    def holds(self) -> bool:
        """Whether all is as it was made."""
        return not (self.faults or self.differing)

    def as_text(self) -> str:
        """Return each difference, what could not be verified, and a line that sums it up."""
        lines = [
            f"{self.out}/{one.slug}/{each.file}: {each.problem}"
            for one in self.differing
            for each in one.discrepancies
        ]
        lines += faults.lines(self.faults)
        count, wrong, failed = len(self.found), len(self.differing), len(self.faults)
        by = "" if self.signed else ", by nobody's signature"
        lines.append(
            f"{count} release{'s' * (count != 1)}: {count - wrong - failed} verified{by}, {wrong} differ, "
            f"{failed} failed"
        )
        return "".join(f"{visible(line)}\n" for line in lines)

    def as_json(self) -> str:
        """Return everything as JSON in ASCII."""
        done = [one for _, one in sorted(self.found.items()) if not one.fault]
        return printed({
            "out": self.out,
            "signed": self.signed,
            "verified": len(done) - len(self.differing),
            "results": [
                {
                    "slug": one.slug,
                    "release": one.release,
                    "files": one.files,
                    "discrepancies": [msgspec.to_builtins(each) for each in one.discrepancies],
                }
                for one in done
            ],
            "failed": faults.values(self.faults),
        })  # fmt: skip


def verify(
    out: Path,
    keys: Path | None,
    *,
    now: dt.datetime,
    jobs: int,
    only: list[str] | None = None,
    progress: Callable[[int, int, str], None] = lambda *_: None,
) -> VerifyReport:
    """Return what differs in the releases in a folder; `keys` has public keys in a folder for each.

    Raises UsageError for one of `only` that is not there, OutputError where there is no such folder.
    """
    found: dict[str, VerifiedRelease] = {}
    slugs = _slugs(out)
    if missing := sorted(set(only or ()) - set(slugs)):
        raise OutputError(f"--only {missing[0]}: {out} has no such organisation")
    tasks = [VerifyTask(out, slug, keys, now) for slug in only or slugs]
    for one in processes.each(verified, tasks, jobs):
        found[one.slug] = one
        progress(len(found), len(tasks), "verified")
    return VerifyReport(str(out), keys is not None, found)


def verified(task: VerifyTask) -> VerifiedRelease:
    """Verify one release; raises nothing."""
    folder = task.out / task.slug
    try:
        found = _verified(task, folder)
    except Exception as error:  # noqa: BLE001  one organisation's fault must not stop the others
        return VerifiedRelease(task.slug, fault=given.fault(error, str(folder)))
    return VerifiedRelease(task.slug, found.release, found.files, found.discrepancies)


def _verified(task: VerifyTask, folder: Path) -> Verification:
    held = verify_release.read(folder)
    if (owner := held.manifest.organisation) != task.slug:
        raise VerificationError(f"{folder}: is a release of {visible(owner)}, and not of {task.slug}")
    keys = public_files.read([_own(task.keys, task.slug)]) if task.keys else None
    return verify_release.verify(str(folder), held, keys=keys, rebuilt=_rebuilt(held, task.now))


def _own(keys: Path, slug: str) -> Path:
    """Return an organisation's public keys: a folder, or a file such as acme.asc."""
    for path in (keys / slug, keys / f"{slug}.asc"):
        if path.exists():
            return path
    raise SignatureError(f"{keys / slug}: there are no keys of {slug}", hint="its site has them: ORG.asc")


def _rebuilt(held: ReleaseFiles, now: dt.datetime) -> Rebuilt:
    """Build the release once more from its source.tar, where it has one."""
    name = verify_release.source_name(held.manifest)
    if name not in held.data:
        return rebuild.Rebuilt(because=f"there is no {name}")
    with scratch.folder("verify") as room:
        return rebuild.rebuild(held.data[name], held.manifest, room, where=name, now=now)


def _slugs(out: Path) -> list[str]:
    """Return every folder of an output, and those that batch.json says were built and are gone."""
    try:
        there = {path.name for path in out.iterdir() if path.is_dir() and not path.name.startswith(".")}
    except OSError as error:
        hint = "give the folder that 'trustpack batch build' wrote to"
        raise OutputError(f"{out}: cannot be read: {error.strerror}", hint=hint) from None
    return sorted(there | set(_told(out)))


def _told(out: Path) -> Iterator[str]:
    try:
        stored = msgspec.json.decode(files.read(out / REPORT), type=_Stored)
    except FileNotFoundError:
        return
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise OutputError(f"{out / REPORT}: cannot be read: {error}", hint="remove it") from None
    yield from (row.slug for row in stored.results if row.status in _BUILT)
