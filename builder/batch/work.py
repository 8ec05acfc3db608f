"""What a worker does for a chunk of organisations: bytes in, bytes out.

Each organisation's files are put into a folder of its own, which nothing else is in, and its errors name what
they were called where they came from. What a verb, such as build, makes of one is a module of its own.
"""

from __future__ import annotations

import faulthandler
import os
import shutil
import threading
import time
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from builder.batch.confine import refuse_foreign
from builder.batch.job import NOTHING, Chunk, ChunkDone, JobFault, JobOutcome, packed
from builder.batch.product import product
from builder.config import FILE_NAME
from builder.errors import TrustpackError
from builder.pipeline.project import find
from builder.release import scratch
from builder.x509 import keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.batch.job import Job, JobSettings
    from builder.pipeline.project import Project

_LONGEST = 4000  # characters of a message
# A cluster's worker may have many threads, and what they share here was made for one.
_ONE_AT_A_TIME = threading.Lock()


class Verb(Protocol):
    """The module of a verb."""

    def run(self, project: Project, job: Job, settings: JobSettings) -> Any:
        """Return what comes of an organisation, as msgspec can encode it; raises TrustpackError."""
        ...


def chunk(data: bytes) -> bytes:
    """Do a chunk's jobs; raises nothing for what is wrong with one of them."""
    given = msgspec.msgpack.decode(data, type=Chunk)
    if given.settings.product != product():
        return packed(ChunkDone(another=True))
    verb: Verb = import_module(f"builder.batch.{given.settings.verb}")
    # A disk would make and remove files all the time that it then is not asked for.
    own = scratch.folder("batch", in_memory=True)
    with _ONE_AT_A_TIME, _ended_after(given.settings.seconds), own as folder:
        outcomes = [_outcome(verb, job, given.settings, folder) for job in given.jobs]
    return packed(ChunkDone(outcomes))


def located(settings: JobSettings, folder: Path, text: str) -> str:
    """Return a message about what lies in the folder of scratch as one about what it was put there from."""
    text = text.replace(str(folder), settings.orgs)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


@contextmanager
def _ended_after(seconds: float) -> Iterator[None]:
    """End this process, and so what an organisation keeps it busy with, unless that ends in time.

    By a thread that needs no turn of Python's: what is busy in C gives none away.
    """
    with Path(os.devnull).open("rb") as nowhere:  # where it would tell what it was at
        faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()


def _outcome(verb: Verb, job: Job, settings: JobSettings, folder: Path) -> JobOutcome:
    began = time.process_time()
    fault, value = None, NOTHING
    try:
        encoded = msgspec.msgpack.encode(verb.run(_project(job, settings, folder), job, settings))
        value = msgspec.Raw(encoded)
    except TrustpackError as error:
        hint = located(settings, folder, error.hint)
        fault = JobFault(located(settings, folder, str(error)), hint, error.exit_code)
    except OSError as error:
        said_by_system = f"{error.filename or settings.orgs}: {error.strerror or error}"
        fault = JobFault(located(settings, folder, said_by_system))
    except Exception as error:  # noqa: BLE001  one organisation's input must not stop the others
        said_by_python = f"{settings.orgs}/{job.slug}: {type(error).__name__}: {error}"
        fault = JobFault(located(settings, folder, said_by_python), "this is an error of trustpack's own")
    finally:
        shutil.rmtree(folder / job.folder, ignore_errors=True)
    return JobOutcome(job.slug, fault, value, time.process_time() - began)


def _project(job: Job, settings: JobSettings, folder: Path) -> Project:
    """Put an organisation's files into a folder and return its project; raises ConfigError."""
    own = folder / job.folder
    own.mkdir()
    for path, data in job.files.items():
        file = own / path
        if "/" in path:
            file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        keys.looked_through(data)  # before it was sent: no private key goes to a worker
    project = find(
        [],
        None,
        own / FILE_NAME,
        job.realm or None,
        now=settings.now,
        source_date_epoch=settings.source_date_epoch,
    )
    refuse_foreign(project, job, settings)
    return project
