"""What installing Tenuto brings, and that the pins cover it."""

import re
import tomllib
from importlib.metadata import distribution, entry_points
from typing import Any, Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.tidy.project import ROOT

BASE_DISTRIBUTIONS_MAX: Final = 12
PIN: Final = re.compile(r"[a-z0-9-]+==[0-9][0-9a-z.]*")


def test_the_base_install_stays_small() -> None:
    brought = brought_by("tenuto", extra="")

    assert {"tenuto", "msgspec", "markdown-it-py"} <= brought
    assert len(brought) <= BASE_DISTRIBUTIONS_MAX, sorted(brought)


def test_every_dependency_has_an_upper_bound() -> None:
    project = pyproject()["project"]
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *(line for extra in extras for line in extra)]

    unbounded = [line for line in wanted if "<" not in line]

    assert unbounded == []


def test_all_that_development_brings_is_pinned_and_installed_as_pinned() -> None:
    pins = pinned("constraints.txt")
    brought = brought_by("tenuto", extra="dev") - {"tenuto"}

    unlike = {
        name: distribution(name).version
        for name in brought
        if pins.get(name) != distribution(name).version
    }

    assert unlike == {}, "run `make venv`; then pin what is new in constraints.txt"


@pytest.mark.parametrize("extra", ["bench", "nemo"])
def test_the_pins_of_an_extra_name_only_what_it_adds(extra: str) -> None:
    pins = pinned(f"constraints-{extra}.txt")
    wanted = pyproject()["project"]["optional-dependencies"][extra]

    assert pins.keys() & pinned("constraints.txt").keys() == set()
    assert {canonicalize_name(Requirement(line).name) for line in wanted} <= pins.keys()


def test_the_version_installed_is_the_version_of_the_project() -> None:
    import tenuto

    assert tenuto.__version__ == pyproject()["project"]["version"]


def test_the_command_and_the_teams_are_found_where_the_project_says() -> None:
    project = pyproject()["project"]

    commands = {
        point.name: point.value
        for point in entry_points(group="console_scripts")
        if point.name in project["scripts"]
    }
    teams = {point.name: point.value for point in entry_points(group="tenuto.teams")}

    assert commands == project["scripts"]
    assert teams == project["entry-points"]["tenuto.teams"]


def test_the_command_and_the_teams_load() -> None:
    assert callable(entry_points(group="console_scripts")["tenuto"].load())
    for team in entry_points(group="tenuto.teams"):
        assert team.load() is not None


def brought_by(name: str, *, extra: str) -> set[str]:
    """Return the canonical names of the distribution and of all that it brings on this machine."""
    brought: set[str] = set()
    waiting = [(canonicalize_name(name), extra)]
    seen: set[tuple[str, str]] = set()
    while waiting:
        found = waiting.pop()
        if found in seen:
            continue
        seen.add(found)
        brought.add(found[0])
        for line in distribution(found[0]).requires or []:
            wanted = Requirement(line)
            if wanted.marker is None or wanted.marker.evaluate({"extra": found[1]}):
                waiting += [
                    (canonicalize_name(wanted.name), extra) for extra in ["", *wanted.extras]
                ]
    return brought


def pinned(file_name: str) -> dict[str, str]:
    lines = (ROOT / file_name).read_text("utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert [line for line in pins if not PIN.fullmatch(line)] == [], "one name==version a line"
    assert pins == sorted(pins, key=lambda line: line.split("==")[0])
    return {name: version for name, _, version in (line.partition("==") for line in pins)}


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
