"""`python -m qvopt`: the command line."""

from qvopt.cli import main

if __name__ == "__main__":
    main()
