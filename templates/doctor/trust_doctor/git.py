"""git's configuration: what its files, and those that they include, say of TLS, in git's own order.

As in git-config(1): a file is included where its name stands, and the last of all that is said counts.
"""

import re
from collections import namedtuple

_SECTION = re.compile(r'\s*\[\s*([A-Za-z0-9.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]')
_COMMENT = re.compile(r'(?<!\\)[ \t]*[#;](?=[^"]*$).*$')
_SETTING = re.compile(r"\s*([A-Za-z0-9-]+)\s*=\s*(.*)")
_NAMES = ("sslcainfo", "sslcapath", "sslverify")
_DEPTH = 10  # as git has it
_INCLUDED = 50  # files, by one
_UNEXPANDED = "~"

# `condition` is what has to hold for `file` to be included, empty for one that always is; `name` is in small
# letters, or "include" for a file that cannot be looked for: whose home ~ is, nobody knows.
Setting = namedtuple("Setting", "file condition name server value")


class _Reader:
    def __init__(self, host, home, user, clean):
        self.host = host
        self.home = home
        self.user = user
        self.clean = clean
        self.left = _INCLUDED

    def settings(self, path, condition="", depth=0):
        text = self.host.asked_by(self.user, self.host.text, path)
        for section, of, name, said in _lines(text):
            value = self.clean(said, self.home)
            if section == "http" and name in _NAMES:
                yield Setting(path, condition, name, of, value)
            elif section in ("include", "includeif") and name == "path" and value:
                # Of conditions within conditions, the outer one has to hold first.
                inner = condition or (of if section == "includeif" else "")
                for found in self._included(path, value, inner, depth + 1):
                    yield found

    def _included(self, by, value, condition, depth):
        if value.startswith((_UNEXPANDED, "%")):
            yield Setting(by, condition, "include", "", value)
            return
        path = value if value.startswith("/") else by.rpartition("/")[0] + "/" + value
        if not self.host.exists(path):  # nor does git mind
            return
        self.left -= 1
        if self.left < 0 or depth > _DEPTH:
            self.host.note(by, "includes more files than the doctor looks at", self.user)
            return
        for found in self.settings(path, condition, depth):
            yield found


def settings(host, path, home, user, clean):
    """Yield each Setting that is about TLS; `clean` takes a value's quotes away, and puts a home in for ~."""
    return _Reader(host, home, user, clean).settings(path)


def _lines(text):
    """Yield (section, what of it, name, value), the first and third in small letters."""
    section, of = "", ""
    for line in text.split("\n"):
        head = _SECTION.match(line)
        if head:
            section, of = head.group(1).lower(), head.group(2) or ""
        match = _SETTING.match(line[head.end() :] if head else line)
        if match:
            yield section, of, match.group(1).lower(), _COMMENT.sub("", match.group(2))
