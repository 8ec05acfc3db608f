"""Workers of Dask: processes of this machine, or of any cluster whose scheduler is reached by TLS.

Whoever reaches a scheduler or a worker of Dask makes it run code. So those of this machine listen on loopback
alone, take nobody without the certificate of this run, and have no dashboard; others must be tls://.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import ssl
from typing import TYPE_CHECKING, Any

import msgspec

from builder.batch import held
from builder.batch.work import chunk
from builder.errors import ToolError, UsageError
from builder.release import scratch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dask.typing import Key
    from distributed import Client, Future

_LOOPBACK = "127.0.0.1"
_SAFE = {
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.comm.require-encryption": True,
    # Whose worker died is told at once: it is tried once more, alone.
    "distributed.scheduler.allowed-failures": 0,
    # What looks fifty times a second whether all is well costs more than what it watches.
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.admin.tick.interval": "1s",
    "distributed.worker.memory.monitor-interval": "1s",
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.worker.profile.enabled": False,
}
_MEMORY = 2 << 30  # bytes of a worker; what takes more is ended, and its organisation found
_ASKED = 32  # chunks after which is asked how many workers there are
_LOOK = 1.0  # seconds after which is looked whether somebody is there still
_ANSWERED = 3.0  # seconds in which a scheduler says how many workers it has
_PATIENCE = 120.0  # seconds without any worker


class RemoteScheduler(msgspec.Struct, frozen=True):
    """The address of a cluster's scheduler, and files of PEM that let us in, named as Dask names them."""

    address: str
    tls_ca_file: str
    tls_cert: str
    tls_key: str


class DaskPool:
    """The workers that a scheduler knows."""

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._name = name
        self._futures: dict[Key, tuple[int, Future[bytes]]] = {}
        self._done: queue.SimpleQueue[Future[bytes]] = queue.SimpleQueue()
        self._count = 0
        self._workers = 0

    @property
    def lanes(self) -> int:
        """As many as there were workers when that was last asked, which takes longer than all else here."""
        if self._count % _ASKED == 0:
            self._ask()
        return max(1, self._workers)

    def submit(self, data: bytes) -> int:
        """Let a worker do a chunk."""
        self._count += 1
        future = self._client.submit(chunk, data, pure=False)
        self._futures[future.key] = self._count, future
        future.add_done_callback(self._done.put)  # type: ignore[no-untyped-call]
        return self._count

    def wait(self) -> tuple[int, bytes | None]:
        """Return what came of the next chunk that is done."""
        from distributed import CancelledError
        from distributed.scheduler import KilledWorker

        number, future = self._futures.pop(self._next().key)
        try:
            return number, future.result()
        except KilledWorker:
            self._ask()
            return number, None
        except CancelledError:
            raise self._lost() from None
        except ImportError as error:
            hint = "install this trustpack on all workers"
            raise ToolError(f"{self._name}: a worker cannot do it: {error}", hint=hint) from None
        finally:
            future.release()  # type: ignore[no-untyped-call]

    def _ask(self) -> None:
        self._workers = 0
        if self._client.status != "running" or self._client.scheduler is None:
            return
        with contextlib.suppress(OSError, TimeoutError):  # without a connection, nothing is known of any
            found = self._client.sync(  # type: ignore[no-untyped-call]
                self._client.scheduler.identity, n_workers=0, callback_timeout=_ANSWERED
            )
            self._workers = int(found["n_workers"])

    def _next(self) -> Future[bytes]:
        waited = 0.0
        while True:
            with contextlib.suppress(queue.Empty):
                future = self._done.get(timeout=_LOOK)
                if future.status in {"finished", "error"}:
                    return future
                if future.status in {"lost", "pending"}:
                    # Its worker died before it was asked for what it had made: another makes it again.
                    future.add_done_callback(self._done.put)  # type: ignore[no-untyped-call]
            lost = any(one.status == "cancelled" for _, one in self._futures.values())
            if lost or self._client.status != "running":
                raise self._lost()
            self._ask()
            waited = 0.0 if self._workers else waited + _LOOK
            if waited > _PATIENCE:
                raise ToolError(
                    f"{self._name}: there is no worker any more", hint="start workers, and run it again"
                )

    def _lost(self) -> ToolError:
        return ToolError(
            f"{self._name}: the connection to the scheduler is lost",
            hint="run it again: it goes on from what is done",
        )


@contextlib.contextmanager
def local(jobs: int) -> Iterator[DaskPool]:
    """Start as many processes on this machine; they are gone afterwards, and all that they wrote."""
    distributed = _distributed()
    import dask.config

    # Of the user's configuration, nothing: it could open what is closed here.
    dask.config.refresh(paths=[], env={})
    with scratch.folder("dask") as folder:
        dask.config.set({**_SAFE, "temporary-directory": str(folder)})
        try:
            cluster = _started(distributed, jobs, str(folder))
        except (OSError, RuntimeError) as error:
            raise ToolError(
                f"batch: its workers cannot be started: {_reason(error)}",
                hint="is the current folder still there, and may more processes be started?",
            ) from None
        try:
            with cluster, distributed.Client(cluster, set_as_default=False, direct_to_workers=True) as client:
                yield DaskPool(client, "the local cluster")
        finally:
            scratch.clear("batch")  # of workers that were ended in the midst of a chunk


def _started(distributed: Any, jobs: int, folder: str) -> Any:
    with held.back():
        return distributed.LocalCluster(
            n_workers=jobs,
            threads_per_worker=1,
            processes=True,
            host=_LOOPBACK,
            protocol="tls://",
            security=distributed.Security.temporary(),
            dashboard_address=None,
            scheduler_kwargs={"dashboard_address": f"{_LOOPBACK}:0"},
            silence_logs=logging.CRITICAL,
            local_directory=folder,
            preload=["builder.batch.warm"],
            memory_limit=_MEMORY,
        )


def _reason(error: BaseException | None) -> str:
    """Return what the system said at first: Dask makes other errors of it."""
    said = str(error)
    while error:
        if isinstance(error, OSError) and error.strerror:
            said = error.strerror
        error = error.__cause__ or error.__context__
    return said


@contextlib.contextmanager
def remote(scheduler: RemoteScheduler) -> Iterator[DaskPool]:
    """Use the workers of a cluster that runs already; raises UsageError for one that is not tls://."""
    address = scheduler.address
    if not address.startswith("tls://"):
        raise UsageError(
            f"--scheduler {address}: is not tls://",
            hint="Dask runs the code that it is sent: without TLS, anybody's",
        )
    distributed = _distributed()
    _refuse_unusable(scheduler)
    import dask.config

    dask.config.set({"distributed.comm.require-encryption": True})
    try:
        security = distributed.Security(
            require_encryption=True,
            tls_ca_file=scheduler.tls_ca_file,
            tls_client_cert=scheduler.tls_cert,
            tls_client_key=scheduler.tls_key,
        )
        client = distributed.Client(address, security=security, set_as_default=False)
    except (OSError, ValueError) as error:
        said = str(error).partition("\n")[0]
        hint = "does it run there, and do its certificates fit --tls-ca-file?"
        raise ToolError(f"--scheduler {address}: cannot be reached: {said}", hint=hint) from None
    with client:
        yield DaskPool(client, address)


def _refuse_unusable(scheduler: RemoteScheduler) -> None:
    """Raise ToolError for files that let nobody in; a key with a password is one, since nobody is asked."""
    options = ("--tls-ca-file", "--tls-cert", "--tls-key")
    files = (scheduler.tls_ca_file, scheduler.tls_cert, scheduler.tls_key)
    for option, file in zip(options, files, strict=True):
        try:
            with open(file, "rb"):  # noqa: PTH123  they are names for Dask
                pass
        except OSError as error:
            raise ToolError(f"{option} {file}: cannot be read: {error.strerror}") from None
    try:
        context = ssl.create_default_context(cafile=scheduler.tls_ca_file)
    except ssl.SSLError:
        raise ToolError(f"--tls-ca-file {scheduler.tls_ca_file}: holds no certificate in PEM") from None
    try:
        context.load_cert_chain(scheduler.tls_cert, scheduler.tls_key, password=str)
    except ssl.SSLError:
        raise ToolError(
            f"--tls-key {scheduler.tls_key}: is not the private key of --tls-cert {scheduler.tls_cert}",
            hint="both are PEM, and the key has no password",
        ) from None


def _distributed() -> Any:
    try:
        import distributed
    except ImportError:
        raise ToolError(
            "batch: needs Dask, which is not installed",
            hint="install trustpack with it: pip install 'trustpack[batch]'",
        ) from None
    # What matters of what it logs is told as an error.
    logging.disable(logging.CRITICAL)
    return distributed
