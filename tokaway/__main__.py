"""`python -m tokaway`: the command line, for where its program is not on the path."""

from importer.cli import main

if __name__ == "__main__":
    main()
