"""What people name as the place of organisations or of their releases: a folder, or a bucket."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from builder.batch import organisations
from builder.batch.outputs import OutputsFolder
from builder.errors import UsageError
from builder.text import urls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from builder.batch.organisations import Organisations
    from builder.batch.outputs import Outputs
    from builder.repositories.stores.bucket import BucketStore

    Opener = Callable[[str], BucketStore]

_SCHEMES = ("s3://", "gs://", "az://")


@contextlib.contextmanager
def orgs(place: str, bucket: Opener) -> Iterator[Organisations]:
    """Open the place of organisations; `bucket` opens one. Raises UsageError or OutputError."""
    if not _is_bucket(place):
        with organisations.opened(Path(place)) as folder:
            yield folder
        return
    from builder.batch.buckets import OrganisationsBucket

    found = OrganisationsBucket(bucket(place))
    with contextlib.closing(found):
        yield found


@contextlib.contextmanager
def outputs(place: str, bucket: Opener) -> Iterator[Outputs]:
    """Open the place of releases, as `orgs` does."""
    if not _is_bucket(place):
        yield OutputsFolder(Path(place))
        return
    from builder.batch.buckets import OutputsBucket

    found = OutputsBucket(bucket(place))
    with contextlib.closing(found):
        yield found


def refuse_inside(place: str, out: str) -> None:
    """Raise UsageError where the next batch would take releases for an organisation."""
    one, other = place.rstrip("/"), out.rstrip("/")
    if _is_bucket(place) or _is_bucket(out):
        inside = f"{other}/".startswith(f"{one}/")
    else:
        inside = Path(out).resolve().is_relative_to(Path(place).resolve())
        if Path(place).resolve().is_relative_to(Path(out).resolve()) and not inside:
            raise UsageError(
                f"--out {out}: has the folder of organisations in it",
                hint="choose another one: a release could be written among the organisations",
            )
    if inside:
        raise UsageError(
            f"--out {out}: lies in the folder of organisations",
            hint="choose another one: the next batch would take it for an organisation",
        )


def refuse_there(file: Path, *folders: str) -> None:
    """Raise UsageError where metrics would replace an organisation's file, or a release's."""
    for place in folders:
        if not _is_bucket(place) and file.resolve().is_relative_to(Path(place).resolve()):
            raise UsageError(
                f"--openmetrics {file}: lies in {place}, which holds other files",
                hint="choose a folder of its own, such as the one that the node exporter reads",
            )


def _is_bucket(place: str) -> bool:
    if not place:
        raise UsageError("a place is empty", hint="is a variable of the shell not set?")
    if place.startswith(_SCHEMES):
        return True
    if urls.is_address(place):
        raise UsageError(
            f"{place}: is no place that is known here", hint=f"give a folder, or one of {', '.join(_SCHEMES)}"
        )
    return False
