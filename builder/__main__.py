"""`python -m builder` is `trustpack`."""

from builder.cli import main

if __name__ == "__main__":
    main()
