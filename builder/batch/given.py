"""What each organisation of a place gave, for itself and for each of its realms; or what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from builder.batch import realms
from builder.batch.job import Job, JobFault
from builder.config import FILE_NAME
from builder.errors import ConfigError, TrustpackError
from builder.text.quoting import visible
from builder.x509 import keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.batch.organisations import FoundOrganisations, Organisations

_KEY_HINT = "take it out, and ask who else has seen it: nothing here needs a private key of an organisation"


class Given(msgspec.Struct, frozen=True):
    """What an organisation gave; with `realm`, for one of its realms. Without files, there is a `fault`."""

    slug: str
    realm: str = ""
    files: dict[str, bytes] = {}
    fault: JobFault | None = None

    def __repr__(self) -> str:
        """Leave out what its files hold."""
        return f"Given({self.slug!r})"

    def job(self, place: str, previous: bytes = b"") -> Job:
        """Return a job for it; raises PrivateKeyError: no private key of anybody's goes to a worker."""
        found = Job(self.slug, self.files, previous, self.realm)
        for path, data in self.files.items():
            keys.refuse(data, f"{place}/{found.folder}/{path}", hint=_KEY_HINT)
        return found


def read(place: Organisations, found: FoundOrganisations) -> Iterator[Given]:
    """Yield what each organisation gave, read when it is asked for, and each of its realms after it."""
    refused = {name for name, _, _ in found.refused}
    for name, said, hint in found.refused:
        yield Given(name, fault=JobFault(f"{place.name}/{visible(name)}: {said}", hint))
    for folder in found.slugs:
        try:
            files = place.read(folder)
            if FILE_NAME not in files:
                hint = "each organisation has its own, beside its bundle"
                raise ConfigError(f"{place.name}/{folder}/{FILE_NAME}: there is no such file", hint=hint)
        except TrustpackError as error:
            yield Given(folder, fault=fault(error))
            continue
        yield Given(folder, "", files)
        for realm in realms.names(files):
            if (slug := f"{folder}-{realm}") not in refused:
                yield Given(slug, realm, files)


def fault(error: Exception, where: str = "") -> JobFault:
    """Return an error as a job's fault is told; `where` is what one is about that does not say so itself."""
    if isinstance(error, TrustpackError):
        return JobFault(str(error), error.hint, error.exit_code)
    if isinstance(error, OSError):
        return JobFault(f"{error.filename or where}: {error.strerror or error}")
    return JobFault(f"{where}: {type(error).__name__}: {error}", "this is an error of trustpack's own")
