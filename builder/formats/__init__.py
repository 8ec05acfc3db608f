"""Package formats, each written and read in one place; nothing here knows of trust or starts a program."""
