"""What no committed file may hold, and what no folder or module may be called."""

import re
from typing import Final

from tests.tidy.project import committed_files, committed_texts, name_of

BANNED_NAMES: Final = frozenset({"utils", "util", "helpers", "helper", "common", "base", "manager"})

# Written in halves, so that this file does not hold what it looks for.
LATER_MARKS: Final = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
REGISTRY_HOSTS: Final = re.compile(
    r"(?i)py" + r"pi\.org|python" + r"hosted\.org|npm" + r"js\.(?:org|com)|crates" + r"\.io"
    r"|proxy\.go" + r"lang\.org|repo1?\.mav" + r"en\.|deb\.deb" + r"ian\.org|extra-in" + r"dex-url"
    r"|\bindex" + r"-url\b|trusted" + r"-host"
)
MACHINE_PATHS: Final = re.compile(
    r"(?<![\w.])/(?:wo" + r"rk/|ro" + r"ot/|ho" + r"me/\w|Us" + r"ers/\w)"
    r"|[A-Z]:\\Us" + r"ers\\"
)


def test_folders_and_modules_are_named_for_what_they_hold() -> None:
    problems = sorted(
        name
        for name in map(name_of, committed_files())
        if BANNED_NAMES & {part.split(".")[0].lower().strip("_") for part in name.split("/")}
    )

    assert problems == [], "name the noun, or move the code to its only user"


def test_nothing_is_left_marked_for_later() -> None:
    assert lines_with(LATER_MARKS) == [], "do it, or open an issue"


def test_no_file_names_a_package_registry() -> None:
    assert lines_with(REGISTRY_HOSTS) == [], "the reader's own package client knows where to look"


def test_no_file_names_a_path_of_one_machine() -> None:
    assert lines_with(MACHINE_PATHS) == [], "nobody else has that folder"


def test_the_patterns_find_what_they_look_for() -> None:
    assert LATER_MARKS.search("# TO" + "DO: later")
    assert not LATER_MARKS.search("a todo list is shown")
    assert REGISTRY_HOSTS.search("https://py" + "pi.org/simple")
    assert MACHINE_PATHS.search("cd /wo" + "rk/main")
    assert MACHINE_PATHS.search("/ho" + "me/ann/notes.md")
    assert not MACHINE_PATHS.search("https://example.org/home/")
    assert not MACHINE_PATHS.search("docs/work/plan.md")


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:120]}"
        for name, text in committed_texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]
