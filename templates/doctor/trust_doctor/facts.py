"""What clients do by default, as far as it changes between their versions: the one table for that.

Each row says since which version, and who says so; tests ask the clients that are at hand.
"""

# pip/_internal/cli/index_command.py: truststore, and with it the system's store, beside the certifi that pip
# brings; what --cert, PIP_CERT, REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE name replaces neither then.
# https://pip.pypa.io/en/stable/news/#v24-2 speaks of the store alone; asked: 24.1.2, 24.2, 26.3.
PIP_SYSTEM = (24, 2)
PIP_SYSTEM_PYTHON = (3, 10)

# https://nodejs.org/api/cli.html#--use-system-ca, and #node_use_system_ca1: major and first minor version.
NODE_SYSTEM_OPTION = {22: 15, 23: 9}
NODE_SYSTEM_VARIABLE = {22: 19, 24: 6}
NODE_SYSTEM_ALWAYS = 24  # has the option from its first version on
NODE_SYSTEM_VARIABLE_ALWAYS = 25

# PEP 829: a .start file, from the first of these on, stands for the lines of a .pth that start with import,
# which count no more from the second on.
PYTHON_START_FILES = (3, 15)
PYTHON_NO_IMPORT_LINES = (3, 18)


def pip_reads_system(pip, python):
    """Tell whether a pip takes the system's roots beside those that it brings; None where that is unknown."""
    if not pip or not python:
        return None
    return pip >= PIP_SYSTEM and python >= PIP_SYSTEM_PYTHON


def python_starts(version, has_pth, has_start):
    """Tell whether a Python runs what start-up files say; for an unknown one, whether any would."""
    if not version:
        return has_pth or has_start
    if has_start and version >= PYTHON_START_FILES:
        return True
    return has_pth and version < PYTHON_NO_IMPORT_LINES


def node_has_system_option(version):
    """Tell whether a Node.js knows --use-system-ca."""
    return _since(version, NODE_SYSTEM_OPTION, NODE_SYSTEM_ALWAYS)


def node_has_system_variable(version):
    """Tell whether a Node.js obeys NODE_USE_SYSTEM_CA=1."""
    return _since(version, NODE_SYSTEM_VARIABLE, NODE_SYSTEM_VARIABLE_ALWAYS)


def _since(version, minors, always):
    if not version:
        return None
    if version[0] >= always:
        return True
    return version[0] in minors and version[1] >= minors[version[0]]


def version_of(text):
    """Return a version's first numbers, () where a text begins with none: '24.1.2' is (24, 1, 2)."""
    found = []
    for part in text.split("."):
        digits = ""
        for sign in part:
            if not sign.isdigit():
                break
            digits += sign
        if not digits or len(digits) > 9:
            break
        found.append(int(digits))
        if digits != part:
            break
    return tuple(found)
