"""The command line, `python -m urn`."""

import sys

from urn.prediction.command_line import main

if __name__ == "__main__":
    sys.exit(main())
