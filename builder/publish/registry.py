"""What the registries have in common: what each is asked, what it answers, and whether that is the same."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from builder.publish.shipment import ReleaseFile
    from builder.publish.web import Web


class PublishedFile(msgspec.Struct, frozen=True):
    """What a registry has under a file's name: its digest, such as "sha256:HEX", empty where it tells none.

    `read` fetches it.
    """

    url: str
    read: Callable[[], bytes]
    digest: str = ""

    def is_(self, data: bytes) -> bool:
        """Tell whether it is these bytes."""
        algorithm, _, digest = self.digest.partition(":")
        if digest:
            return hashlib.new(algorithm, data).hexdigest() == digest
        return self.read() == data


class PlannedRequest(msgspec.Struct, frozen=True):
    """A request that publishing makes: for which file, and by which program, if any is needed."""

    method: str
    url: str
    file: str = ""
    by: str = ""


class Surroundings(msgspec.Struct, frozen=True):
    """What registries are reached with: the environment's variables, and the network.

    `ca_file` is what the programs are to trust beside the system's CAs.
    """

    environment: Mapping[str, str]
    web: Web
    ca_file: str = ""


class Registry(Protocol):
    """A place that files are published to, by its name in trustpack.yaml; it raises PublishError."""

    name: str
    url: str

    def takes(self, file: ReleaseFile) -> bool:
        """Tell whether a file is for it."""

    def requests(self, files: Sequence[ReleaseFile]) -> Iterator[PlannedRequest]:
        """Yield the requests that publishing these files makes where nothing is there yet."""

    def ready(self) -> None:
        """Raise an error where no credential is set, or no program is there; nothing is asked for that."""

    def begin(self) -> None:
        """Do what comes before the files: mostly nothing."""
        return

    def look(self, file: ReleaseFile) -> PublishedFile | None:
        """Return what is there under a file's name, if anything is."""

    def send(self, file: ReleaseFile) -> None:
        """Send a file; raise UnansweredError where that may be tried again."""

    def finish(self) -> None:
        """Do what comes after the files: mostly nothing."""
        return
