"""What is said of a registry that cannot be asked."""

from __future__ import annotations

import socket

import pytest

from builder.publish.credential import Credential
from builder.publish.web import UnansweredError, Web


def test_an_address_at_which_nobody_is_was_not_waited_for() -> None:
    """Who has mistyped it looks at the address then, and not for a registry that is slow."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # and does not listen
        closed = f"http://127.0.0.1:{held.getsockname()[1]}/"
        for url, said in (
            (closed, "nobody answers at this address"),
            ("https://registry.invalid/", "nobody knows this host"),
        ):
            with pytest.raises(UnansweredError, match=f"^{url}: {said}$") as caught:
                Web(seconds=5).send("PUT", url, b"", Credential("NPM_TOKEN", "hunter2", {}), {})
            assert caught.value.hint.startswith("is it written right in trustpack.yaml?")
