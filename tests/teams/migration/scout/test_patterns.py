"""Forms of values, by their names."""

import pytest

from tenuto.teams.migration.scout.patterns import in_number, in_text


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2024-02-29", "date_iso"),
        ("31.12.1999", "date_dmy_dot"),
        ("12/31/1999", "date_mdy_slash"),
        ("31/12/1999", "date_dmy_slash"),
        ("19991231", "date_compact"),
        ("3 Mar 2021", "date_dmonth"),
        ("03-MAR-2021", "date_dmonth_dash"),
        ("March 3, 2021", "date_monthd_long"),
        ("2024-02-29T23:59:59.123", "timestamp_iso"),
        ("2024-02-29 23:59:59+02:00", "timestamp_zone"),
        ("0000-00-00 00:00:00", "zero_date"),
        ("23:59", "time"),
        ("-17", "integer"),
        ("007", "integer_padded"),
        ("3.50", "decimal_point"),
        ("3,50", "decimal_comma"),
        ("1,234,567.80", "thousands_comma"),
        ("1.234.567,80", "thousands_point"),
        ("€ 12,50", "money_sign"),
        ("12.5 %", "percent"),
        ("Ja", "boolean"),
        ('{"a": [1]}', "json"),
        ("123e4567-e89b-12d3-a456-426614174000", "uuid"),
        ("ann.lee+x@example.org", "email"),
        ("+49 (0)30 123456", "phone"),
        ("030-0074321", "phone"),
        ("https://example.org/a?b=c", "url"),
        ("192.168.0.1", "ip"),
        ("2001:db8::1", "ip"),
        ("DE89 3704 0044 0532 0130 00", "iban"),
        ("4111 1111 1111 1111", "card"),
        ("DE", "country_code"),
        ("EUR", "currency_code"),
        ("   ", "empty"),
        (" x", "padded"),
        ("a\0b", "nul"),
        ("MÃ¼ller", "mojibake"),
    ],
)
def test_a_text_has_its_form(text: str, form: str) -> None:
    assert form in set(in_text(text))


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2023-02-29", "date_iso"),
        ("31/13/1999", "date_dmy_slash"),
        ("12/31/1999", "date_dmy_slash"),
        ("1.2.3.4.5", "ip"),
        ("999.1.1.1", "ip"),
        ("DE89 3704 0044 0532 0130 01", "iban"),
        ("4111 1111 1111 1112", "card"),
        ("2024-01-01", "phone"),
        ("1234567", "phone"),
        ("01/02/2021", "phone"),
        ("{not json}", "json"),
        ("a@b", "email"),
        ("25:00", "time"),
        ("1.234.56", "thousands_point"),
    ],
)
def test_what_only_looks_alike_has_not(text: str, form: str) -> None:
    assert form not in set(in_text(text))


def test_a_day_that_can_be_read_both_ways_is_counted_both_ways() -> None:
    assert {"date_dmy_slash", "date_mdy_slash"} <= set(in_text("03/04/2021"))


def test_numbers_have_forms_too() -> None:
    assert "zero_one" in set(in_number(1))
    assert "epoch_seconds" in set(in_number(1_700_000_000))
    assert "epoch_millis" in set(in_number(1_700_000_000_000))
    assert "date_compact" in set(in_number(20240229))
    assert set(in_number(float("inf"))) == {"not_finite"}
