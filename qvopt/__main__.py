"""`python -m qvopt`: the command line."""

from qvopt.cli import main

main()
