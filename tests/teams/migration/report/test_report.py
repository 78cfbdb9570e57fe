"""A page that stands alone, tells what is proven and what is not, and runs nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import msgspec

from tenuto.teams.migration import report
from tests.teams.migration.report.samples_of_facts import DEFECT, EVIL, facts

VOID = {"meta"}


class Reading(HTMLParser):
    """Reads a page; keeps its elements, and sees that each is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        given = dict(attrs)
        self.links += [str(given[name]) for name in ("src", "href") if name in given]
        self.ids += [str(given["id"])] if "id" in given else []
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag


def test_the_page_asks_nobody_for_anything_and_runs_nothing() -> None:
    page = report.html(facts(DEFECT))

    read = Reading(page)

    assert "script" not in read.names
    assert {link[0] for link in read.links} == {"#"}
    assert not re.search(r"url\(|@import|https?://", page)
    assert "default-src 'none'" in page.replace("&#x27;", "'")


def test_links_lead_to_parts_that_are_there() -> None:
    read = Reading(report.html(facts(DEFECT)))

    assert {link.removeprefix("#") for link in read.links} <= set(read.ids)


def test_names_and_values_of_a_database_stay_text() -> None:
    page = report.html(facts(DEFECT))

    assert EVIL not in page
    assert "&lt;script&gt;" in page


def test_a_target_without_defects_is_called_verified() -> None:
    page = report.html(facts())

    assert "Verified" in page
    assert "The target is proven to behave as the source." in report.account(facts())


def test_a_defect_is_named_in_the_first_words() -> None:
    told = report.account(facts(DEFECT))

    assert told.startswith("The target does not behave as the source: 1 defect.")
    assert "customer.name [id=7]" in told


def test_who_takes_a_target_with_defects_is_not_told_that_it_is_verified() -> None:
    page = report.html(facts(DEFECT, accepted=True))

    assert "Taken as it is" in page
    assert "<strong>Verified</strong>" not in page


def test_what_is_left_out_and_what_could_not_be_built_is_not_proven() -> None:
    text = report.markdown(facts())

    assert "customer.touch was left out" in text
    assert "The view v of v could not be built." in text


def test_open_questions_and_rows_put_aside_are_for_a_person_to_decide() -> None:
    text = report.markdown(facts())

    assert "Which date is 03/04/2021?" in text
    assert "3 rows in the table tenuto\\_quarantine" in text


def test_blanks_at_the_end_of_a_value_can_be_seen() -> None:
    assert "␣" in report.html(facts(DEFECT))


def test_facts_may_come_as_the_json_of_events() -> None:
    given = msgspec.to_builtins(facts(DEFECT))

    assert report.html(given) == report.html(facts(DEFECT))


def test_cells_of_markdown_end_where_they_should() -> None:
    evil = msgspec.structs.replace(DEFECT, source="a | b\n# c")

    lines = [line for line in report.markdown(facts(evil)).splitlines() if "a \\| b" in line]

    assert len(lines) == 1
    assert lines[0].count(" | ") == 4


def test_what_happened_on_the_way_is_told() -> None:
    given = msgspec.to_builtins(facts())
    alert = {"kind": "deadline_at_risk", "text": "At 10 rows/s it <will> be late.", "round": 3}
    given["happened"] = [alert]

    assert "deadline at risk" in report.html(given) and "&lt;will&gt;" in report.html(given)
    assert "While rows were moved" in report.markdown(given)
    assert "While rows were moved" not in report.html(facts())
