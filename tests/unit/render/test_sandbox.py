"""What a template prints is the same in every build, on every machine: or it prints nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from builder.errors import ConfigError
from builder.render import template
from tests.unit import bundles

# Each is refused, since what it would print differs from run to run, or from machine to machine.
_REFUSED = {
    "self": "{{ self|text }}",
    "a macro": "{% macro m() %}{% endmacro %}{{ m|text }}",
    "a loop": "{% for i in [1] %}{{ loop|text }}{% endfor %}",
    "a method": "{{ 'a'.upper|text }}",
    "a function": "{{ range|text }}",
    "a namespace": "{{ namespace(a=1)|text }}",
    "a cycle": "{{ cycler(1)|text }}",
    "a joiner": "{{ joiner()|text }}",
    "a class": "{{ dict|text }}",
    "a generator": "{{ {1: 2}.items()|text }}",
    "in JSON": "{{ self|json }}",
    "in YAML": "{{ self|yaml }}",
    "in a list": "{{ [self]|json }}",
    "in a map": "{{ {1: self}|yaml }}",
    "in a quoted text": "{{ self|sh }}",
    "joined": "{{ ('a' ~ self)|text }}",
    "joined with a method": "{{ ('a' ~ 'b'.upper)|text }}",
    "joined with a list": "{{ ('a' ~ [self])|text }}",
    "by %": "{{ ('%s' % self)|text }}",
    "by % among others": "{{ ('%s %s' % (1, self))|text }}",
    "by % of bytes": "{{ ('%r'.encode() % ('a'.upper,)).decode()|text }}",
    "by % of other bytes": "{{ ('%a'.encode() % {'a': self}).decode()|text }}",
    "escaped": "{% autoescape true %}{% macro m() %}{% endmacro %}"
    "{% set s = m().escape(self) %}{{ s|text }}{% endautoescape %}",
    "escaped and joined": "{% autoescape true %}{% macro m() %}{% endmacro %}"
    "{% set s = m().join([self]) %}{{ s|text }}{% endautoescape %}",
    "the order of a set": "{% for i in {cycler(1): 1}.keys() - [] %}{{ i.current }}{% endfor %}",
    "the order of another": "{% for i in [] - {cycler(1): 1}.keys() %}{{ i.current }}{% endfor %}",
    "by format": "{{ '{}'.format(self)|text }}",
    "by an attribute in a format": "{{ '{0.upper}'.format('a')|text }}",
    "by a map in a format": "{{ '{a}'.format_map({'a': self})|text }}",
    "a called block": "{% macro m() %}{{ caller|text }}{% endmacro %}{% call m() %}{% endcall %}",
    "random text": "{{ lipsum()|text }}",
    "the time": "{{ day.now()|text }}",
    "the day": "{{ day.date().today()|text }}",
    "the time of UTC": "{{ day.utcnow()|text }}",
    "unquoted": "{{ self }}",
    "an attribute of Python's": "{{ day.__init__|text }}",
    "a hash": "{{ 'a'.__hash__()|text }}",
}
_PRINTED = {
    "{{ ('a' ~ 1 ~ day.year)|text }}": "a12026",
    "{{ ('%03d %s' % (7, 'x'))|text }}": "007 x",
    "{{ day|text }}": "2026-11-24 12:00:00+00:00",
    "{{ {'b': [1, none, true], 'a': day}|json }}": '{"b": [1, null, true], "a": "2026-11-24 12:00:00+00:00"}',
    "{{ (2.5 + 1)|text }}": "3.5",
}
_PROGRAM = """
import datetime, json, pathlib, sys
from builder.errors import ConfigError
from builder.render import template
folder, said = pathlib.Path(sys.argv[1]), []
for file in sorted(folder.glob('*.j2')):
    try:
        said.append(template.page(folder, file.name, {'day': datetime.datetime(2026, 11, 24)}).decode())
    except ConfigError as error:
        said.append(str(error))
print(json.dumps(said))
"""


def _run(folder: Path, seed: str) -> list[str]:
    argv = [sys.executable, "-c", _PROGRAM, str(folder)]
    env = {"PYTHONHASHSEED": seed, "PATH": os.defpath}
    said: list[str] = json.loads(subprocess.run(argv, env=env, capture_output=True, check=True).stdout)
    return said


def test_nothing_differs_from_run_to_run(tmp_path: Path) -> None:
    """Each is refused, in the same words, and no address in memory is told."""
    for number, text in enumerate(_REFUSED.values()):
        (tmp_path / f"{number:02}.j2").write_text(text)
    first, second = _run(tmp_path, "1"), _run(tmp_path, "2")
    assert first == second
    told = dict(zip(_REFUSED, first, strict=True))
    assert {name: said for name, said in told.items() if ".j2:1: " not in said or "0x" in said} == {}


@pytest.mark.parametrize(("text", "expected"), _PRINTED.items())
def test_what_has_a_text_is_printed(text: str, expected: str, tmp_path: Path) -> None:
    """Texts, numbers, dates, and lists and maps of them."""
    (tmp_path / "a.j2").write_text(text)
    assert template.page(tmp_path, "a.j2", {"day": bundles.NOW}).decode() == expected


def test_a_certificate_does_not_tell_where_it_was_read(tmp_path: Path) -> None:
    """That is a path of the machine that builds."""
    from builder.render.target import _Shown

    shown = _Shown(bundles.bundle("Acme Root").certificates[0], "")
    for path in "certificate.origin.path", "certificate.certificate.origin.path":
        (tmp_path / f"{len(path)}.j2").write_text(f"{{{{ {path}|text }}}}")
        with pytest.raises(ConfigError):
            template.page(tmp_path, f"{len(path)}.j2", {"certificate": shown})
