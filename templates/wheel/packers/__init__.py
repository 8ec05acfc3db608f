"""What packers of programs ask: PyInstaller, through the entry point `pyinstaller40`."""

import os

__all__ = ["folders"]


def folders() -> "list[str]":
    """Return the folder with PyInstaller's hooks."""
    return [os.path.dirname(__file__)]
