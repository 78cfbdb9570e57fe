"""`python -m tenuto.cli`: the same as `tenuto`, by the interpreter of one's choice."""

import sys

from tenuto.cli import main

if __name__ == "__main__":
    sys.exit(main())
