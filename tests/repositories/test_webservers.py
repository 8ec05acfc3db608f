"""The guide's lines for web servers: each server starts with them and serves a site as clients want it."""

import datetime as dt
import http.client
import os
import re
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from builder.prove import authority
from tests.repositories import webservers
from tests.tools import require

NOW = dt.datetime.now(dt.UTC)


@dataclass(frozen=True)
class Host:
    """A server at work: where it is, the root that it is checked by, and a folder to play in."""

    url: str
    root: Path
    folder: Path

    def ask(self, path: str, **headers: str) -> http.client.HTTPResponse:
        """Ask for a path as it stands, unchanged by any library."""
        host = self.url.removeprefix("https://")
        connection = http.client.HTTPSConnection(host, context=ssl.create_default_context(cafile=self.root))
        connection.request("GET", path, headers=headers)
        return connection.getresponse()
