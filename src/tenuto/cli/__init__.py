"""Arguments in, exit code out, one module per verb; names no adapter and no team."""

import sys


def main() -> int:
    """Return the exit code of the command line that this process was started with."""
    arguments = sys.argv[1:]
    if arguments in (["--version"], ["-V"]):
        # Before anything else is loaded: scripts ask for it all the time.
        import tenuto

        print(f"tenuto {tenuto.__version__}")
        return 0
    from tenuto.cli.app import leave, run

    return leave(run(arguments))
