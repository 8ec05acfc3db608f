"""Text: quoting and escaping for every language that is written, and YAML read with its line numbers."""
