"""A site in a bucket of S3, GCS or Azure, by obstore: each object whole, with its type and its time to live.

A bucket has no folders, so what lies in one as index.html is also put under the folder's own name with its
slash, which is the key that a package manager asks for. obstore has no names with a slash at their end: on S3
they are written by a store whose address ends where the name does. Others serve them in their website modes.
"""

from __future__ import annotations

import contextlib
import re
import urllib.error
import urllib.request
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec

from builder.errors import OutputError, ToolError
from builder.repositories.content_types import cache_control, content_type
from builder.repositories.stores.lease import SECONDS, Lease, Versioned, held
from builder.repositories.stores.store import (
    CHUNK,
    MAX_BYTES,
    InvalidNameError,
    OversizedError,
    checked,
    pieces,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from obstore import Attributes, PutMode
    from obstore.store import ObjectStore, S3Store

    from builder.repositories.sitefile import Kind
    from builder.repositories.stores.lease import Clock, LeaseTurn
    from builder.repositories.stores.store import Content

SCHEMES = ("s3", "gs", "az")
_INDEX = "/index.html"
_LANES = 8
_STATUS = re.compile(r"status code: ([0-9]{3})")
_TROUBLE = {"400": "does not understand us: is the region right?", "301": "is in another region",
            "404": "is not there", "401": "wants other credentials", "403": "does not let us in"}  # fmt: skip
_REGION = "set AWS_REGION, and for what is not Amazon's AWS_ENDPOINT_URL"
# No request may outlive a lease, whose holder could not know that it has lost it.
_CLIENT = {"timeout": "40s", "connect_timeout": "10s"}
_RETRY = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}


class BucketStore:
    """A bucket, or what lies in it below a prefix.

    `slashed` returns the store in which the empty path is a folder's name with a slash at its end, if any.
    `clock` tells the time, and `holder` is a word of this publisher alone, for its lease of `seconds`.
    """

    def __init__(
        self,
        name: str,
        store: ObjectStore,
        *,
        holder: str,
        clock: Clock,
        slashed: Callable[[str], S3Store] | None = None,
        seconds: float = SECONDS,
    ) -> None:
        self._name = name
        self._store = store
        self._slashed = slashed
        self._holder = holder
        self._clock = clock
        self._seconds = seconds

    @property
    def lanes(self) -> int:
        """As many as most stores take at a time."""
        return _LANES

    @property
    def name(self) -> str:
        """The bucket as it was given."""
        return self._name

    def read(self, path: str, limit: int = MAX_BYTES) -> bytes:
        """Return an object's bytes."""
        return b"".join(self.chunks(path, limit))

    def chunks(self, path: str, limit: int = MAX_BYTES) -> Iterator[bytes]:
        """Yield an object piece by piece."""
        import obstore

        checked(path)
        with self._told(path):
            found = obstore.get(self._store, path)
            if found.meta["size"] > limit:
                raise OversizedError(f"{self.name}: {path} is larger than {limit} bytes")
            for chunk in found.stream(min_chunk_size=CHUNK):
                yield bytes(chunk)

    def names(self, below: str = "") -> Iterator[str]:
        """Yield the path of each object, sorted, but for those that are put for folders."""
        import obstore

        with self._told(below):
            found = {item["path"] for batch in obstore.list(self._store, below or None) for item in batch}
        # obstore tells these names without the slash at their end.
        yield from sorted(path for path in found if f"{path}{_INDEX}" not in found)

    def folders(self) -> list[str]:
        """Return the first part of each name with a slash in it, sorted, whatever else is in the names."""
        import obstore

        with self._told(""):
            return sorted(obstore.list_with_delimiter(self._store)["common_prefixes"])

    def put(self, path: str, content: Content, kind: Kind) -> None:
        """Write an object, and if it is a folder's page, the folder's own."""
        checked(path)
        self._put(self._store, path, content, path=path, kind=kind)
        if path.endswith(_INDEX) and self._slashed:
            with self._told(path):
                folder = self._slashed(path.removesuffix(_INDEX))
            self._put(folder, "", content, path=path, kind=kind)

    def remove(self, path: str) -> None:
        """Remove an object, and what was put for its folder."""
        import obstore

        checked(path)
        with contextlib.suppress(FileNotFoundError), self._told(path):
            obstore.delete(self._store, path)
        if path.endswith(_INDEX) and self._slashed:
            with self._told(path):
                folder = self._slashed(path.removesuffix(_INDEX))
                url = obstore.sign(folder, "DELETE", "", timedelta(minutes=1))
            self._delete(url, path)

    def turn(self) -> AbstractContextManager[LeaseTurn]:
        """Wait until no other publisher's lease counts, and take it."""
        return held(self, holder=self._holder, clock=self._clock, seconds=self._seconds)

    def lease(self, path: str) -> Versioned | None:
        """Return the lease that lies at `path`, and what names its version; None where there is none."""
        import obstore

        try:
            with self._told(path):
                found = obstore.get(self._store, path)
                data, meta = bytes(found.bytes()), found.meta
        except FileNotFoundError:
            return None
        try:
            lease = msgspec.json.decode(data, type=Lease)
        except msgspec.DecodeError:
            raise OutputError(
                f"{self.name}: {path} is no lease of ours", hint="look who wrote it, and remove it"
            ) from None
        return Versioned(lease, meta["e_tag"], meta["version"])

    def swap(self, path: str, lease: Lease, over: Versioned | None) -> Versioned | None:
        """Write a lease if what lies there is still `over` (None: nothing); return it, None if it is not."""
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        mode: PutMode = "create"
        if over is not None:
            # Not as None: obstore takes what is absent, and no empty version.
            known = {"e_tag": over.e_tag, "version": over.version}
            mode = {key: value for key, value in known.items() if value is not None}  # type: ignore[assignment]
        data = msgspec.json.encode(lease)
        try:
            with self._told(path):
                done = obstore.put(
                    self._store, path, data, mode=mode, use_multipart=False,
                    attributes={"Content-Type": "application/json", "Cache-Control": "no-store"},
                )  # fmt: skip
        except (AlreadyExistsError, PreconditionError):
            return None
        return Versioned(lease, done["e_tag"], done["version"])

    def _put(self, store: ObjectStore, key: str, content: Content, *, path: str, kind: Kind) -> None:
        import obstore

        attributes: Attributes = {"Content-Type": content_type(path), "Cache-Control": cache_control(kind)}
        with self._told(path):
            obstore.put(store, key, pieces(content) if callable(content) else content, attributes=attributes)

    def _delete(self, url: str, path: str) -> None:
        request = urllib.request.Request(url, method="DELETE")  # noqa: S310  the store's own address
        try:
            with urllib.request.urlopen(request, timeout=40):  # noqa: S310  as above
                pass
        except urllib.error.HTTPError as error:
            if error.code != HTTPStatus.NOT_FOUND:
                raise OutputError(f"{self.name}: {path} cannot be removed: HTTP {error.code}") from None
        except OSError as error:
            raise OutputError(f"{self.name}: {path} cannot be removed: {error}") from None

    @contextlib.contextmanager
    def _told(self, path: str) -> Iterator[None]:
        """Say in our words what went wrong."""
        from obstore import exceptions

        try:
            yield
        except FileNotFoundError as error:
            if "NoSuchBucket" in str(error):
                raise OutputError(f"{self.name}: there is no such bucket", hint=_REGION) from None
            raise FileNotFoundError(2, "No such object", f"{self.name}/{path}") from None
        except (exceptions.AlreadyExistsError, exceptions.PreconditionError):
            raise
        except exceptions.InvalidPathError:
            where = f"{self.name}/{path}" if path else self.name
            raise InvalidNameError(
                f"{where}: holds an object whose name is no path, such as a//b or ../a",
                hint="remove it: whoever lists the bucket sees it",
            ) from None
        except exceptions.BaseError as error:
            status = _STATUS.search(str(error))
            what = _TROUBLE.get(status[1], f"answers {status[1]}") if status else "cannot be reached"
            if isinstance(error, (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError)):
                what = _TROUBLE["403"]
            where = f"{self.name}: {path}" if path else self.name
            raise OutputError(f"{where}: the store {what}", hint=_REGION) from None


def opened(
    url: str, environment: Mapping[str, str], *, holder: str, clock: Clock, seconds: float = SECONDS
) -> BucketStore:
    """Return the bucket of an s3://, gs:// or az:// address; credentials are where obstore looks for them.

    `seconds` is how long a lease counts. Raises ToolError without obstore, and OutputError for an address
    that names no bucket.
    """
    try:
        from obstore import store as stores
        from obstore.exceptions import BaseError
    except ImportError:
        raise ToolError(
            f"{url}: buckets need obstore", hint="install trustpack with it: pip install 'trustpack[cloud]'"
        ) from None
    options: dict[str, Any] = {"client_options": dict(_CLIENT), "retry_config": _RETRY}
    scheme, _, rest = url.partition("://")
    bucket, _, prefix = rest.strip("/").partition("/")
    if not bucket:
        raise OutputError(
            f"{url}: names no bucket", hint=f"write {scheme}://BUCKET or {scheme}://BUCKET/FOLDER"
        )
    try:
        if scheme != "s3":
            plain_http = environment.get("AZURE_STORAGE_ENDPOINT", "").startswith("http://")
            options["client_options"]["allow_http"] = plain_http
            found = stores.from_url(f"{scheme}://{bucket}/{prefix}".rstrip("/"), **options)
            return BucketStore(url, found, holder=holder, clock=clock, seconds=seconds)
        # With "virtual hosts" obstore takes an address as it is, with no bucket's name behind it.
        options["virtual_hosted_style_request"] = True
        where = _endpoint(bucket, environment, options)
        inside = "/".join(filter(None, (where, prefix)))
        plain = stores.S3Store(bucket, prefix=prefix or None, endpoint=where, **options)

        def slashed(folder: str) -> S3Store:
            return stores.S3Store(bucket, endpoint=f"{inside}/{folder}", **options)

        return BucketStore(url, plain, holder=holder, clock=clock, slashed=slashed, seconds=seconds)
    except (ValueError, BaseError):
        raise OutputError(f"{url}: is not an address of a bucket") from None


def _endpoint(bucket: str, environment: Mapping[str, str], options: dict[str, Any]) -> str:
    """Return the address of a bucket on S3, and set the region and whether it is plain HTTP."""
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1"
    options["region"] = region
    given = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL")
    if given:
        options["client_options"]["allow_http"] = given.startswith("http://")
        return f"{given.rstrip('/')}/{bucket}"
    ending = "com.cn" if region.startswith("cn-") else "com"
    return f"https://s3.{region}.amazonaws.{ending}/{bucket}"
