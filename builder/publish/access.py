"""How registries are entered: by a credential that is set, or by a token for the CI job's identity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.publish import credential as credentials
from builder.publish import identity, public
from builder.publish.web import origin, refuse_clear_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from builder.publish.credential import Credential
    from builder.publish.registry import PlannedRequest


class RegistryAccess:
    """What lets us in at the registry `url`.

    `given` returns the credential that the environment has, if any; `variables` are those that it looks at.
    `identity_in` is the variable in which GitLab has the job's identity, and `exchange` returns the token for
    it: of a package, where a registry gives one for each.
    """

    def __init__(
        self,
        url: str,
        environment: Mapping[str, str],
        *,
        given: Callable[[], Credential | None],
        variables: Sequence[str],
        identity_in: str,
        exchange: Callable[[str], Credential],
    ) -> None:
        self._url = url
        self._environment = environment
        self._given = given
        self._variables = variables
        self._identity_in = identity_in
        self._exchange = exchange
        self._tokens: dict[str, Credential] = {}

    @property
    def exchanged(self) -> bool:
        """Whether a token is had for the job's identity."""
        return self._given() is None and identity.offered(self._environment, self._identity_in)

    def ready(self, where: str) -> None:
        """Raise an error where there is nothing to get in by, or it would cross a network in the clear."""
        refuse_clear_text(self._url)
        if not self.exchanged and self._given() is None:
            raise credentials.missing(where, *self._variables)

    def requests(self) -> Iterator[PlannedRequest]:
        """Yield the request by which the job's identity is had, if it takes one."""
        if self.exchanged:
            yield from identity.requests(self._environment, self._identity_in)

    def token(self, package: str = "") -> Credential:
        """Return what files are sent with."""
        if package not in self._tokens:
            self._tokens[package] = self._given() or self._exchange(package)
        return self._tokens[package]

    def reader(self, url: str) -> Credential | None:
        """Return what an address is read with: a private registry may want it, and no other host gets it."""
        return self._given() if origin(url) == origin(self._url) and not public.is_public(url) else None
