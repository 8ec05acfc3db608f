"""What is wrong with a text that is no YAML, in words of ours: libyaml's are for those who wrote it."""

from __future__ import annotations

# By libyaml's words, of which some stand in the middle of others.
_WORDS = {
    "mapping values are not allowed": "a second ': ' on one line; quote the value that holds it",
    "found undefined alias": "a value begins with * and names no alias; quote it",
    "cannot start any token": "a tab, %, @ or ` begins something; indent by spaces, quote values",
    "found a tab character": "a tab; indent with spaces",
    "unexpected end of stream": "a quote is opened, and never closed",
    "unexpected document indicator": "a quote is opened, and never closed",
    "expected ',' or '}'": "a { is never closed, or a comma is missing before here",
    "expected ',' or ']'": "a [ is never closed, or a comma is missing before here",
    "expected key": "the indentation does not fit the lines above",
    "expected '-' indicator": "the indentation does not fit the list above",
    "could not find expected ':'": "a key without its ': ' before here",
    "block sequence entries are not allowed": "a list begins in the middle of a line, not on one of its own",
    "unknown escape character": "a backslash in double quotes; use single quotes",
    "expected hexdecimal number": "a backslash in double quotes; use single quotes",
    "alphabetic or numeric character": "a value begins with * or &; quote the value",
    "duplicate anchor": "two values have one name after &",
    "another document": "the text goes on after its end; one file has one document",
    "expected <document start>": "the text goes on after its end; one file has one document",
    "expected a single document": "the text goes on after its end; one file has one document",
    "control characters are not allowed": "a control character",
    "special characters are not allowed": "a control character",
    "incompatible YAML document": "another version of YAML than 1.1 or 1.2",
}


def explained(problem: str) -> str:
    """Return what libyaml calls `problem`; a plain sentence for what is not in the table."""
    for words, ours in _WORDS.items():
        if words in problem:
            return ours
    return "something here cannot be understood; quote the values"
