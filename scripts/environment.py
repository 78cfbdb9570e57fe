"""Makes a virtual environment with this project in it, and does nothing when it is up to date.

Runs on the interpreter that the environment is to have, with nothing installed, so it takes the
standard library only, and no syntax that an older Python could not read: it has to be able to say
that it is too old.
"""

import argparse
import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON_MIN = (3, 11)


def main() -> int:
    """Return 0 when the environment is ready, 1 after saying what is missing."""
    options = parsed_arguments()
    if sys.version_info < PYTHON_MIN:
        found = ".".join(map(str, sys.version_info[:3]))
        return refused(
            "Tenuto needs Python {}.{} or newer; ".format(*PYTHON_MIN)
            + f"{sys.executable} is {found}.\n"
            "Install a newer one and name it: make PYTHON=/path/to/python3 ..."
        )
    folder = ROOT / options.folder
    sources = [ROOT / "pyproject.toml", *(ROOT / name for name in options.constraints)]
    wanted = fingerprint(sources)
    asked = folder / f".installed-{options.extra or 'base'}"
    usable = runs(folder)
    if usable and asked.is_file() and asked.read_text("utf-8") == wanted:
        return 0
    if not usable:
        code = created(folder)
        if code:
            return code
    code = installed(folder, extra=options.extra, constraints=options.constraints)
    if code:
        return code
    # Every extra brings the base with it, so the folder also serves who asks for the base alone.
    for stamp in {asked, folder / ".installed-base"}:
        stamp.write_text(wanted, "utf-8")
    return 0


def parsed_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", help="the environment's folder, below the project's root")
    parser.add_argument("--extra", default="", help="the extra to install besides the base")
    parser.add_argument("--constraints", nargs="*", default=[], help="files that pin versions")
    return parser.parse_args()


def fingerprint(sources: "list[Path]") -> str:
    """Return a digest of the files that decide what is installed, and of where the project lies."""
    digest = hashlib.sha256(f"{ROOT} {sys.version_info[:2]}".encode())
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()


def python_of(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def runs(folder: Path) -> bool:
    """Return whether the environment's interpreter starts, is new enough and has pip.

    It does not in a folder from another machine, or in one whose making was interrupted.
    """
    if not python_of(folder).exists():
        return False
    probe = f"import pip, sys; sys.exit(sys.version_info < {PYTHON_MIN})"
    probed = subprocess.run(
        [python_of(folder), "-c", probe], check=False, stderr=subprocess.DEVNULL
    )
    return probed.returncode == 0


def created(folder: Path) -> int:
    try:
        import ensurepip  # noqa: F401  (asked for here: Debian ships Python without it)
        import venv
    except ImportError:
        return refused(
            f"{sys.executable} cannot make a virtual environment: "
            "its module 'ensurepip' or 'venv' is missing.\n"
            "On Debian and Ubuntu install the package 'python3-venv'; elsewhere use a complete\n"
            "Python, and name it: make PYTHON=/path/to/python3 ..."
        )
    print(f"making {folder.name} with Python {sys.version.split()[0]}", flush=True)
    venv.create(folder, with_pip=True, clear=folder.exists(), symlinks=sys.platform != "win32")
    return 0


def installed(folder: Path, *, extra: str, constraints: "list[str]") -> int:
    target = f".[{extra}]" if extra else "."
    pins = [part for name in constraints for part in ("--constraint", name)]
    print(f"installing {target} into {folder.name}", flush=True)
    pip = [str(python_of(folder)), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*pip, "install", *pins, "--editable", target], cwd=ROOT, check=False)
    if done.returncode:
        return refused(
            f"pip could not install {target} into {folder}: its own message stands above.\n"
            "The usual reason is that no package index can be reached from here."
        )
    return 0


def refused(message: str) -> int:
    print(message, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
