"""Until when the same input is judged as it is today: what is skipped until then, and not for longer."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from builder.lint import known
from builder.lint.certificate import SOON

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.model import Bundle, Certificate
    from builder.pipeline.project import Project

_DAY = dt.timedelta(days=1)
_NEVER = dt.datetime.max.replace(tzinfo=dt.UTC)


def changes(project: Project, bundle: Bundle) -> dt.datetime:
    """Return the next moment at which lint, the lifecycle or the plan may say something else.

    Rather one too many than one too few: an organisation that is looked at once more costs a build.
    """
    return min((moment for moment in _moments(project, bundle) if moment > project.now), default=_NEVER)


def _moments(project: Project, bundle: Bundle) -> Iterator[dt.datetime]:
    overlap = project.lifecycle.overlap
    for item in (*bundle.certificates, *bundle.distrusted):
        yield from _of_certificate(item, overlap)
    for override in project.config.bundle.overrides:
        yield _midnight(dt.date.fromisoformat(override.until), _DAY)
    for stage in project.lifecycle.stages.values():
        for day in filter(None, (stage.since, stage.until)):
            yield from (_midnight(day, span) for span in (-overlap, dt.timedelta(), _DAY, overlap))
    for record in project.lock.history if project.lock else ():
        yield _midnight(dt.date.fromisoformat(record.date), overlap)
    yield _midnight(known.list_date().as_of, known.OLD + _DAY)


def _of_certificate(item: Certificate, overlap: dt.timedelta) -> Iterator[dt.datetime]:
    yield item.not_before
    yield item.not_after
    yield _later(item.not_after, -SOON)
    yield _midnight(item.not_after.date(), -overlap)
    yield _midnight(item.not_after.date(), _DAY)


def _midnight(day: dt.date, span: dt.timedelta) -> dt.datetime:
    return _later(dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC), span)


def _later(moment: dt.datetime, span: dt.timedelta) -> dt.datetime:
    """Return a moment so much later, where the calendar has it."""
    try:
        return moment + span
    except OverflowError:
        return _NEVER if span > dt.timedelta() else moment
