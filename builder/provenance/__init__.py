"""What a release is made of, from what and by whom: bill of materials, statement, notes."""
