"""One text in place of another, wherever the chunks end."""

from builder.repositories.ecosystems.replacing import replaced

DATA = b"aab aaab abab aab"


def test_it_does_not_matter_where_chunks_end() -> None:
    """The result is that of the whole, for every way to cut it in three."""
    for first in range(len(DATA) + 1):
        for second in range(first, len(DATA) + 1):
            chunks = (DATA[:first], DATA[first:second], DATA[second:])
            assert DATA.replace(b"aab", b"<->") == b"".join(replaced(chunks, b"aab", b"<->"))


def test_what_is_put_there_is_not_looked_through_again() -> None:
    """A replacement may hold what it replaces."""
    assert b"aabaab" == b"".join(replaced([b"aa", b"b"], b"aab", b"aabaab"))
