"""`batch repo`: a signed site for each organisation, as `trustpack repo build` makes and adds to it.

What signs one is in a folder of its own, which whoever runs this has: organisations name no keys here, and no
cluster gets any. Each site is made by a process of this machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from builder import config
from builder.batch import faults, given, organisations, processes
from builder.errors import ConfigError, SignatureError, TrustpackError
from builder.model import Organisation  # noqa: TC001  msgspec reads annotations at run time
from builder.repositories import publish, report
from builder.signing import site_keys
from builder.signing.private_file import Passwords
from builder.text.printed import printed
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from builder.batch.given import Given
    from builder.batch.job import JobFault
    from builder.batch.organisations import Organisations


class SitesOrder(msgspec.Struct, frozen=True):
    """What a command's options say: the folders of all releases, sites and keys, and where they are served.

    With `url`, each is at that address and its name; else where its configuration says. `now` is in seconds
    since 1970.
    """

    out: Path
    sites: Path
    keys: Path
    now: int
    url: str = ""
    passwords: tuple[str, ...] = ()
    dry_run: bool = False

    def __repr__(self) -> str:
        """Show no password."""
        return f"SitesOrder({str(self.sites)!r})"


class SiteTask(msgspec.Struct, frozen=True):
    """One site: whose it is, and what its configuration says of it."""

    order: SitesOrder
    organisation: Organisation
    url: str
    valid: int
    keep: int | None
    architectures: tuple[str, ...]


class MadeSite(msgspec.Struct, frozen=True):
    """What came of one site; or else why nothing did."""

    slug: str
    status: Literal["published", "unchanged", "failed"] = "failed"
    url: str = ""
    counter: int = 0
    releases: int = 0
    written: int = 0
    install: str = ""
    fault: JobFault | None = None


class SitesReport(msgspec.Struct, frozen=True):
    """What came of each site."""

    sites: str
    dry_run: bool
    found: dict[str, MadeSite]

    @property
    def faults(self) -> dict[str, JobFault]:
        """Why nothing came of some."""
        return {slug: one.fault for slug, one in self.found.items() if one.fault}

    def as_text(self) -> str:
        """Return what was published, what failed, and a line that sums it up."""
        done = [one for _, one in sorted(self.found.items()) if one.status == "published"]
        verb = "would be published" if self.dry_run else "published"
        lines = [
            f"{one.slug}: {verb}: {one.releases} release{'s' * (one.releases != 1)}, {one.written} files "
            f"written; publication {one.counter}, for {one.url}"
            for one in done
        ]
        lines += faults.lines(self.faults)
        count, failed = len(self.found), len(self.faults)
        lines.append(
            f"{count} site{'s' * (count != 1)}: {len(done)} {verb}, {count - len(done) - failed} as they "
            f"should be, {failed} failed"
        )
        return "".join(f"{visible(line)}\n" for line in lines)

    def as_json(self) -> str:
        """Return everything as JSON in ASCII."""
        keys = ("slug", "status", "url", "counter", "releases", "written", "install")
        done = [one for _, one in sorted(self.found.items()) if not one.fault]
        return printed({
            "sites": self.sites,
            "dry_run": self.dry_run,
            "results": [{key: getattr(one, key) for key in keys} for one in done],
            "failed": faults.values(self.faults),
        })  # fmt: skip


def repo(
    place: Organisations,
    order: SitesOrder,
    *,
    jobs: int,
    only: list[str] | None = None,
    progress: Callable[[int, int, str], None] = lambda *_: None,
) -> SitesReport:
    """Make or change the site of each organisation and realm of a place, by the keys of its own.

    Raises UsageError for one of `only` that is not there, ToolError where a process ends.
    """
    chosen = organisations.find(place, only)
    found: dict[str, MadeSite] = {}

    def tasks() -> Iterator[SiteTask]:
        for one in given.read(place, chosen):
            try:
                yield _task(one, place.name, order)
            except TrustpackError as error:
                found[one.slug] = MadeSite(one.slug, fault=given.fault(error))

    total = len(chosen.slugs) + len(chosen.refused)
    for made in processes.each(site, tasks(), jobs):
        found[made.slug] = made
        progress(len(found), max(total, len(found)), "published")
    return SitesReport(str(order.sites), order.dry_run, found)


def site(task: SiteTask) -> MadeSite:
    """Make or change one site: the keys are read here, and nowhere else. Raises nothing."""
    slug = task.organisation.slug
    try:
        done = _made(task, slug)
    except Exception as error:  # noqa: BLE001  one organisation's fault must not stop the others
        return MadeSite(slug, fault=given.fault(error, str(task.order.sites / slug)))
    return MadeSite(
        slug,
        "published" if done.changed else "unchanged",
        done.state.url,
        done.state.counter,
        len(done.state.offered),
        len(done.written),
        report.install(done.state),
    )


def _made(task: SiteTask, slug: str) -> publish.Published:
    order = task.order
    keys = order.keys / slug
    if not keys.is_dir():
        raise SignatureError(
            f"{keys}: there are no keys of {slug}",
            hint=f"make them: trustpack keys new --keys {keys}, with the configuration of {slug}",
        )
    site_keys.refuse_inside(keys, order.sites)
    wanted = publish.Order(
        folder=order.sites / slug,
        organisation=task.organisation,
        url=task.url,
        now=order.now,
        valid=task.valid,
        keep=task.keep,
        architectures=task.architectures,
        keys=site_keys.read(keys, organisation=slug, passwords=Passwords(order.passwords)),
    )
    if not order.dry_run:
        order.sites.mkdir(parents=True, exist_ok=True)
    return publish.build(wanted, [order.out / slug], dry_run=order.dry_run)


def _task(one: Given, place: str, order: SitesOrder) -> SiteTask:
    """Return the task of what an organisation gave: of its configuration, what its site says, and no key."""
    if one.fault:
        raise ConfigError(one.fault.message, hint=one.fault.hint)
    job = one.job(place)
    text = job.files[config.FILE_NAME].decode("utf-8", "replace")
    found = config.parse_every(text, f"{place}/{job.folder}/{config.FILE_NAME}")[one.realm][0]
    owner, section = config.organisation(found), found.repository
    if owner.slug != one.slug:
        where = f"{place}/{job.folder}/{config.FILE_NAME}"
        raise ConfigError(f"{where}: organisation.slug is not {job.folder}, the name of its folder")
    return SiteTask(
        order,
        owner,
        f"{order.url.rstrip('/')}/{one.slug}" if order.url else owner.site,
        int(section.valid.removesuffix("d")),
        int(section.keep) if section.keep else None,
        tuple(section.architectures),
    )
