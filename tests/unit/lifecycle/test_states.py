"""Lifecycle: what trustpack.yaml may say of a CA, and where each mistake is found."""

import datetime as dt
import re
from pathlib import Path

import pytest

from builder import config
from builder.errors import ConfigError
from builder.lifecycle import states as lifecycle
from builder.lifecycle.states import Lifecycle, Stage

A, B, C = "aa" * 32, "bb" * 32, "cc" * 32
HEAD = "organisation: {slug: acme}\nbundle: {paths: [x]}\nlifecycle:\n"


def read(
    folder: Path, text: str, *, held: tuple[str, ...] = (A, B), past: tuple[str, ...] = (C,)
) -> Lifecycle:
    """Read a configuration's lifecycle, and check it against the certificates at hand."""
    file = folder / "trustpack.yaml"
    file.write_text(HEAD + text, "utf-8")
    read, lines = config.read_with_lines(file)
    section = read.lifecycle
    stages = lifecycle.read(section, lines.where)
    shipped = [one for one in held if not stages.is_distrusted(one)]
    lifecycle.check(stages, section, lines.where, held=held, past=past, shipped=shipped)
    return stages


def test_everything_a_stage_can_say(tmp_path: Path) -> None:
    """Fingerprints in any usual spelling; what is not listed is active."""
    colons = ":".join(re.findall("..", A)).upper()
    found = read(
        tmp_path,
        f"  overlap: 45d\n  authorities:\n    {colons}:\n      state: retiring\n      since: 2026-01-02\n"
        f"      until: 2027-03-04\n      owner: PKI team\n      evidence: SEC-12\n      successor: {B}\n",
    )
    assert found.overlap == dt.timedelta(days=45)
    assert found.stage(A) == Stage(
        "retiring", dt.date(2026, 1, 2), dt.date(2027, 3, 4), "PKI team", "SEC-12", successor=B
    )
    assert (found.stage(B), found.is_distrusted(A)) == (Stage("active"), False)


def test_without_the_section_everything_is_active(tmp_path: Path) -> None:
    """And an overlap is thirty days."""
    assert read(tmp_path, "  {}\n").overlap == dt.timedelta(days=30)


def test_a_distrusted_ca_is_not_shipped(tmp_path: Path) -> None:
    """The other states are."""
    text = "".join(f"    {key}: {{state: {state}}}\n" for key, state in ((A, "distrusted"), (B, "retiring")))
    found = read(tmp_path, "  authorities:\n" + text)
    assert (found.is_distrusted(A), found.is_distrusted(B)) == (True, False)


def test_a_ca_of_an_earlier_release_may_stay_listed(tmp_path: Path) -> None:
    """Its owner and evidence are worth keeping after it is gone."""
    assert read(tmp_path, f"  authorities:\n    {C}: {{state: retiring}}\n").stage(C).state == "retiring"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("  authorities:\n    " + "dd" * 32 + ": {}\n", r":5: no certificate of the bundle has .*dddd"),
        (f"  authorities:\n    {C}: {{state: distrusted}}\n", r":5: the distrusted CA cccc.* is not in"),
        (f"  authorities:\n    {A}:\n      successor: {C}\n", r":6: the successor cccc.* is not shipped"),
        (f"  authorities:\n    {A}:\n      successor: {A}\n", r":6: the CA cannot succeed itself"),
        (
            f"  authorities:\n    {A}:\n      successor: {B}\n    {B}:\n      successor: {A}\n",
            r":6: the CA cannot succeed itself",
        ),
        (
            f"  authorities:\n    {A}:\n      successor: {B}\n    {B}: {{state: distrusted}}\n",
            r":6: the successor bbbb.* is not shipped",
        ),
        (
            f"  authorities:\n    {A}: {{}}\n    {A.upper()}: {{}}\n",
            r":6: the CA aaaa.* is a duplicate entry",
        ),
        (
            f"  authorities:\n    {A}:\n      until: 2027-02-29\n",
            r":6: until: 2027-02-29 is not a valid date",
        ),
        (
            f"  authorities:\n    {A}:\n      since: 2027-01-02\n      until: 2027-01-01\n",
            r":7: the day 2027-01-01 is before 2027-01-02",
        ),
        (f"  authorities:\n    {A}:\n      state: retired\n", r":6: .*'retired' is not one of"),
        ("  overlap: 30\n", r":4: lifecycle.overlap: '30' is not allowed"),
        ("  overlaps: 30d\n", r":4: unknown key 'overlaps'"),
        ("  authorities:\n    abcd: {}\n", r":5: 'abcd' is no SHA-256"),
    ],
)
def test_each_mistake_is_found_where_it_stands(tmp_path: Path, text: str, said: str) -> None:
    """File, line and what is wrong."""
    with pytest.raises(ConfigError, match=said):
        read(tmp_path, text)


def test_domains_are_kept_in_one_form_and_order(tmp_path: Path) -> None:
    """Names in lower case before networks; without any, a CA is meant for all names."""
    found = read(tmp_path, f"  authorities:\n    {A}: {{domains: [10.0.0.7, B.example, a.example]}}\n")
    assert found.stage(A).domains == ("a.example", "b.example", "10.0.0.7/32")
    assert found.stage(B).domains == ()


@pytest.mark.parametrize(
    ("domains", "said"),
    [
        ("['*.corp.example']", "'*.corp.example': write it as corp.example"),
        ("[corp.example, CORP.example]", "corp.example is a duplicate entry"),
        ("[10.0.0.1/8]", "the network is 10.0.0.0/8"),
        ("[]", "must not be empty"),
        ("corp.example", "list"),
    ],
)
def test_a_domain_that_is_none_is_found_with_its_line(tmp_path: Path, domains: str, said: str) -> None:
    """An empty list too, which would stand for nothing at all."""
    with pytest.raises(ConfigError, match=r"trustpack\.yaml:[56]: ") as caught:
        read(tmp_path, f"  authorities:\n    {A}:\n      domains: {domains}\n")
    assert said in str(caught.value)
