"""An organisation's own templates and patterns: told where they are stopped, in bounded time and memory."""

from pathlib import Path

import pytest

from builder.errors import ConfigError
from builder.render import apart

_ENDLESS = {
    "loops in loops": "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
    "one step that never ends": "{{ (9 ** (9 ** 9))|text }}",
    "a macro that calls itself twice": "{% macro m(n) %}{% if n %}{% set a = m(n - 1) %}"
    "{% set b = m(n - 1) %}{% endif %}{% endmacro %}{% set a = m(99) %}",
    "lists of lists": "{% set ns = namespace(x=(1,)) %}{% for i in range(99) %}"
    "{% set ns.x = (ns.x, ns.x) %}{% endfor %}{% set y = {ns.x: 1} %}",
}
_LARGE = {
    "a product": "{% set x = 'a' * 10 ** 10 %}",
    "a format": "{{ ('%10000000000d' % 1)|text }}",
    "a width": "{{ 'a'.center(10 ** 10)|text }}",
    "doubling": "{% set ns = namespace(x='aaaa') %}{% for i in range(99) %}"
    "{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    "bytes": "{% set x = (1).to_bytes(10 ** 10) %}",
}
_DEEP = {
    "brackets": "{{ " + "(" * 20_000 + ")" * 20_000 + " }}",
    "blocks": "{% for i in [1] %}" * 200 + "{% endfor %}" * 200,
}


def _refused(folder: Path, template: str, seconds: float = 1) -> ConfigError:
    (folder / "a.j2").write_text(f"one\ntwo\n{template}")
    with pytest.raises(ConfigError) as caught:
        apart.rendered(folder, ["a.j2"], {}, seconds=seconds)
    return caught.value


@pytest.mark.parametrize("template", _ENDLESS.values(), ids=_ENDLESS)
def test_what_takes_for_ever_is_stopped(template: str, tmp_path: Path) -> None:
    """File and line are told, inside of one step too."""
    error = _refused(tmp_path, template)
    assert str(error) == f"{tmp_path}/a.j2:3: takes longer than 1 seconds"
    assert error.hint == "does it ever end?"


@pytest.mark.parametrize("template", _LARGE.values(), ids=_LARGE)
def test_what_takes_all_memory_is_stopped(template: str, tmp_path: Path) -> None:
    """The machine that builds keeps its own."""
    error = _refused(tmp_path, template, seconds=30)
    assert str(error) == f"{tmp_path}/a.j2:3: takes more memory than there is for it"


@pytest.mark.parametrize("template", _DEEP.values(), ids=_DEEP)
def test_what_is_too_deep_is_told(template: str, tmp_path: Path) -> None:
    """It is not called endless, and no line of compiled code is named."""
    assert str(_refused(tmp_path, template, seconds=30)) == f"{tmp_path}/a.j2: is nested too deeply"


def test_a_template_that_includes_itself_is_told(tmp_path: Path) -> None:
    """As one that calls itself."""
    for template in "{% include 'a.j2' %}", "{% macro m() %}{% set a = m() %}{% endmacro %}{% set a = m() %}":
        error = _refused(tmp_path, template, seconds=30)
        assert str(error) == f"{tmp_path}/a.j2:3: includes or calls itself without end"


def test_a_loop_in_an_included_template_is_told_by_its_own_line(tmp_path: Path) -> None:
    """And not by that of the template that includes it."""
    (tmp_path / "b.j2").write_text(f"one\n{_ENDLESS['loops in loops']}")
    error = _refused(tmp_path, "{% include 'b.j2' %}")
    assert str(error) == f"{tmp_path}/b.j2:2: takes longer than 1 seconds"


def test_nothing_of_the_machine_reaches_the_other_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the variables of a job that builds; and it makes what this process would make."""
    monkeypatch.setenv("PYTHONSTARTUP", "/nowhere")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    (tmp_path / "a.j2").write_text("{{ day.astimezone().strftime('%H')|text }}\n")
    import datetime as dt

    day = dt.datetime(2026, 11, 28, tzinfo=dt.UTC)
    assert apart.rendered(tmp_path, ["a.j2"], {"day": day}) == {"a.j2": b"00\n"}


def test_a_pattern_that_backtracks_is_stopped() -> None:
    """A name that it would be tried on for ages is told with it."""
    assert apart.matches("[a-z]+", "acme", "x.yaml:3")
    assert not apart.matches("[a-z]+", "acme!", "x.yaml:3")
    with pytest.raises(ConfigError) as caught:
        apart.matches("(a+)+", "a" * 60 + "!", "x.yaml:3", seconds=1)
    assert str(caught.value) == f"x.yaml:3: on '{'a' * 59}…': takes longer than 1 seconds"


def test_what_is_said_of_a_template_is_no_longer_than_people_read(tmp_path: Path) -> None:
    """Ten million characters of it would fill a job's log."""
    for template in "{{ ('a b' * 10 ** 7)|token }}", "{% include 'a' * 10 ** 7 %}", "{{ {}['a' * 10 ** 7] }}":
        error = _refused(tmp_path, template, seconds=30)
        assert str(error).startswith(f"{tmp_path}/a.j2:3: ")
        assert len(str(error)) == 1000
