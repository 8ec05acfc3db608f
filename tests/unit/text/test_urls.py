"""Addresses as messages show them: nothing secret is left, however they are written."""

import pytest

from builder.text.urls import is_address, scrubbed, secret, shown


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("https://ca.example/roots.pem#sha256=ab", "https://ca.example/roots.pem"),
        ("HTTPS://user:s3cret@ca.example/x", "HTTPS://ca.example/x"),
        ("htps://user:s3cret@ca.example/x", "htps://ca.example/x"),
        ("https:/user:s3cret@ca.example/x", "https:/ca.example/x"),
        (r"https:\\user:s3cret@ca.example\x", r"https:\\ca.example\x"),
        ("https:user:s3cret@ca.example", "https:ca.example"),
        ("//user:s3cret@ca.example/x", "//ca.example/x"),
        ("user:s3cret@ca.example/x", "ca.example/x"),
        ("https://user%3As3cret%40ca.example/x", "https://ca.example/x"),
        ("https://user:s3/cret@ca.example/x", "https://ca.example/x"),
        ("https://user:s3#cret@ca.example/x", "https://ca.example/x"),
        ("https://ca.example/x?token=s3cret", "https://ca.example/x?…"),
        ("https://ca.example/x?s3cret", "https://ca.example/x?…"),
        ("https://ca.example/x;token=s3cret", "https://ca.example/x?…"),
        ("https://ca.example/x#token=s3cret", "https://ca.example/x"),
        ("ca.example/x?token=s3cret", "ca.example/x?…"),
        ("https://ca.example/@scope/x", "https://ca.example/@scope/x"),
        ("roots.pem", "roots.pem"),
        ("/a//b@c/what?.pem", "/a//b@c/what?.pem"),
        ("C:\\ca\\roots.pem", "C:\\ca\\roots.pem"),
    ],
)
def test_an_address_is_shown_without_secrets(written: str, seen: str) -> None:
    """Scheme, host and path are left; a file's name stays as it is."""
    assert seen == shown(written)


def test_an_address_in_a_text_is_shown_alike() -> None:
    """What another program says of an address is as safe as what we say."""
    assert scrubbed("GET https://u:s3cret@h/x?t=s3cret failed") == "GET https://h/x?… failed"


@pytest.mark.parametrize("name", ["https://h", "HTTP://h", "htps://h", "ftp://h", "https:/h", "//u@h/x"])
def test_what_is_meant_as_an_address_is_none_of_files(name: str) -> None:
    """However it is misspelt; a file's name is no address."""
    assert (is_address(name), is_address("a/b.pem"), is_address("C:\\a"), is_address("//srv/a")) == (
        True,
        False,
        False,
        False,
    )


@pytest.mark.parametrize(
    "query", ["token=a", "access_token=a", "X-Amz-Signature=a", "b=1&sig=a", "api_key=a", "private-token=a"]
)
def test_a_secret_in_an_address_is_told(query: str) -> None:
    """By what people call it; other queries are none."""
    assert secret(f"https://h/x?{query}")
    assert not secret("https://h/x?page=2&lang=en")
