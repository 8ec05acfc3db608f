"""What a machine really trusts: the doctor, which is shipped as one file, and reports over many hosts."""
