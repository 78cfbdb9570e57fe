"""Forms that values have, each with a name. A value may fit several: 03/04/2021 fits two.

A text is looked at as it is stored, without white space at its ends.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator
from typing import Final

Fits = Callable[[str], bool]


def _matches(pattern: str, flags: int = 0) -> Fits:
    fits = re.compile(pattern, flags).fullmatch
    return lambda text: fits(text) is not None


def _date(pattern: str, format: str) -> Fits:
    """Return whether a text is a day that there is; the pattern keeps `strptime` from the rest."""
    fits = re.compile(pattern).fullmatch

    def is_date(text: str) -> bool:
        if fits(text) is None:
            return False
        try:
            dt.datetime.strptime(text, format)  # noqa: DTZ007  (is there such a day)
        except ValueError:
            return False
        return True

    return is_date


_TIME: Final = r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d([.,]\d{1,9})?)?"
_ZONE: Final = r"\s?(Z|UTC|[+-]\d\d(:?\d\d)?)"
_SIGN: Final = "([$€£¥]|EUR|USD|GBP|CHF)"
_DAY: Final = r"\d{4}-\d\d-\d\d"

DATE_FORMATS: Final = {
    "date_iso": (r"\d{4}-\d\d-\d\d", "%Y-%m-%d"),
    "date_ymd_slash": (r"\d{4}/\d{1,2}/\d{1,2}", "%Y/%m/%d"),
    "date_ymd_dot": (r"\d{4}\.\d{1,2}\.\d{1,2}", "%Y.%m.%d"),
    "date_compact": (r"(1[6-9]|20|21)\d{6}", "%Y%m%d"),
    "date_dmy_dot": (r"\d{1,2}\.\d{1,2}\.\d{4}", "%d.%m.%Y"),
    "date_dmy_slash": (r"\d{1,2}/\d{1,2}/\d{4}", "%d/%m/%Y"),
    "date_mdy_slash": (r"\d{1,2}/\d{1,2}/\d{4}", "%m/%d/%Y"),
    "date_dmy_dash": (r"\d{1,2}-\d{1,2}-\d{4}", "%d-%m-%Y"),
    "date_mdy_dash": (r"\d{1,2}-\d{1,2}-\d{4}", "%m-%d-%Y"),
    "date_dmy_short": (r"\d{1,2}\.\d{1,2}\.\d\d", "%d.%m.%y"),
    "date_mdy_short": (r"\d{1,2}/\d{1,2}/\d\d", "%m/%d/%y"),
    "date_dmonth": (r"\d{1,2} [A-Za-z]{3} \d{4}", "%d %b %Y"),
    "date_dmonth_dash": (r"\d{1,2}-[A-Za-z]{3}-\d{4}", "%d-%b-%Y"),
    "date_dmonth_long": (r"\d{1,2} [A-Za-z]{4,9} \d{4}", "%d %B %Y"),
    "date_monthd": (r"[A-Za-z]{3} \d{1,2}, \d{4}", "%b %d, %Y"),
    "date_monthd_long": (r"[A-Za-z]{4,9} \d{1,2}, \d{4}", "%B %d, %Y"),
}
"""Name to what it looks like, and the format of `strptime`. Names of months are English ones."""

TIMESTAMP_FORMATS: Final = {
    "timestamp_dmy_dot": (r"\d{1,2}\.\d{1,2}\.\d{4} \d\d:\d\d:\d\d", "%d.%m.%Y %H:%M:%S"),
    "timestamp_dmy_dot_minutes": (r"\d{1,2}\.\d{1,2}\.\d{4} \d\d:\d\d", "%d.%m.%Y %H:%M"),
    "timestamp_dmy_slash": (r"\d{1,2}/\d{1,2}/\d{4} \d\d:\d\d:\d\d", "%d/%m/%Y %H:%M:%S"),
    "timestamp_dmy_slash_minutes": (r"\d{1,2}/\d{1,2}/\d{4} \d\d:\d\d", "%d/%m/%Y %H:%M"),
    "timestamp_mdy_slash": (r"\d{1,2}/\d{1,2}/\d{4} \d\d:\d\d:\d\d", "%m/%d/%Y %H:%M:%S"),
    "timestamp_mdy_slash_minutes": (r"\d{1,2}/\d{1,2}/\d{4} \d\d:\d\d", "%m/%d/%Y %H:%M"),
    "timestamp_ymd_slash": (r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d", "%Y/%m/%d %H:%M:%S"),
    "timestamp_compact": (r"(19|20)\d{12}", "%Y%m%d%H%M%S"),
}

DAY_ORDERS: Final = (
    ("date_dmy_slash", "date_mdy_slash"),
    ("date_dmy_dash", "date_mdy_dash"),
    ("timestamp_dmy_slash", "timestamp_mdy_slash"),
    ("timestamp_dmy_slash_minutes", "timestamp_mdy_slash_minutes"),
)
"""Pairs of which a value may fit both; what fits one alone decides for all."""


def _is_json(text: str) -> bool:
    if text[:1] not in ("{", "[") or text[-1:] not in ("}", "]"):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _is_iban(text: str) -> bool:
    """Source: ISO 13616: the digits, with the first four last, leave 1 of 97."""
    bare = text.replace(" ", "").upper()
    if re.fullmatch(r"[A-Z]{2}\d\d[A-Z0-9]{11,30}", bare) is None:
        return False
    return int("".join(str(int(letter, 36)) for letter in bare[4:] + bare[:4])) % 97 == 1


def _is_card(text: str) -> bool:
    """Source: ISO/IEC 7812, with the digit of Luhn."""
    digits = text.replace(" ", "").replace("-", "")
    if _CARD.fullmatch(text) is None or not 13 <= len(digits) <= 19:
        return False
    doubled = [
        int(digit) * 2 if place % 2 else int(digit) for place, digit in enumerate(digits[::-1])
    ]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


_PHONE: Final = re.compile(r"\+?[\d\s()./-]{6,24}(\s?(x|ext\.?)\s?\d{1,5})?")
_NO_PHONE: Final = re.compile(r"[\d.,]+|\d{1,4}[-./ ]\d{1,2}[-./ ]\d{1,4}|-\d+")
_CARD: Final = re.compile(r"[2-6]\d[\d -]{10,24}")


def _is_phone(text: str) -> bool:
    if _PHONE.fullmatch(text) is None or _NO_PHONE.fullmatch(text) is not None:
        return False
    return 7 <= sum(map(str.isdigit, text)) <= 15


_COUNTRIES: Final = frozenset(
    [
        "AD",
        "AE",
        "AF",
        "AG",
        "AL",
        "AM",
        "AO",
        "AR",
        "AT",
        "AU",
        "AZ",
        "BA",
        "BB",
        "BD",
        "BE",
        "BF",
        "BG",
        "BH",
        "BI",
        "BJ",
        "BN",
        "BO",
        "BR",
        "BS",
        "BT",
        "BW",
        "BY",
        "BZ",
        "CA",
        "CD",
        "CF",
        "CG",
        "CH",
        "CI",
        "CL",
        "CM",
        "CN",
        "CO",
        "CR",
        "CU",
        "CV",
        "CY",
        "CZ",
        "DE",
        "DJ",
        "DK",
        "DM",
        "DO",
        "DZ",
        "EC",
        "EE",
        "EG",
        "ER",
        "ES",
        "ET",
        "FI",
        "FJ",
        "FR",
        "GA",
        "GB",
        "GD",
        "GE",
        "GH",
        "GM",
        "GN",
        "GQ",
        "GR",
        "GT",
        "GW",
        "GY",
        "HK",
        "HN",
        "HR",
        "HT",
        "HU",
        "ID",
        "IE",
        "IL",
        "IN",
        "IQ",
        "IR",
        "IS",
        "IT",
        "JM",
        "JO",
        "JP",
        "KE",
        "KG",
        "KH",
        "KI",
        "KM",
        "KP",
        "KR",
        "KW",
        "KZ",
        "LA",
        "LB",
        "LC",
        "LI",
        "LK",
        "LR",
        "LS",
        "LT",
        "LU",
        "LV",
        "LY",
        "MA",
        "MC",
        "MD",
        "ME",
        "MG",
        "MK",
        "ML",
        "MM",
        "MN",
        "MR",
        "MT",
        "MU",
        "MV",
        "MW",
        "MX",
        "MY",
        "MZ",
        "NA",
        "NE",
        "NG",
        "NI",
        "NL",
        "NO",
        "NP",
        "NR",
        "NZ",
        "OM",
        "PA",
        "PE",
        "PG",
        "PH",
        "PK",
        "PL",
        "PT",
        "PW",
        "PY",
        "QA",
        "RO",
        "RS",
        "RU",
        "RW",
        "SA",
        "SB",
        "SC",
        "SD",
        "SE",
        "SG",
        "SI",
        "SK",
        "SL",
        "SM",
        "SN",
        "SO",
        "SR",
        "SS",
        "ST",
        "SV",
        "SY",
        "SZ",
        "TD",
        "TG",
        "TH",
        "TJ",
        "TL",
        "TM",
        "TN",
        "TO",
        "TR",
        "TT",
        "TV",
        "TW",
        "TZ",
        "UA",
        "UG",
        "UK",
        "US",
        "UY",
        "UZ",
        "VA",
        "VC",
        "VE",
        "VN",
        "VU",
        "WS",
        "YE",
        "ZA",
        "ZM",
        "ZW",
    ]
)
_CURRENCIES: Final = frozenset(
    [
        "AED",
        "ARS",
        "AUD",
        "BGN",
        "BRL",
        "CAD",
        "CHF",
        "CLP",
        "CNY",
        "COP",
        "CZK",
        "DKK",
        "EGP",
        "EUR",
        "GBP",
        "HKD",
        "HRK",
        "HUF",
        "IDR",
        "ILS",
        "INR",
        "ISK",
        "JPY",
        "KES",
        "KRW",
        "KZT",
        "MAD",
        "MXN",
        "MYR",
        "NGN",
        "NOK",
        "NZD",
        "PEN",
        "PHP",
        "PKR",
        "PLN",
        "QAR",
        "RON",
        "RSD",
        "RUB",
        "SAR",
        "SEK",
        "SGD",
        "THB",
        "TRY",
        "TWD",
        "UAH",
        "USD",
        "UYU",
        "VND",
        "ZAR",
    ]
)
TRUE_WORDS: Final = frozenset(
    (
        "y",
        "yes",
        "t",
        "true",
        "1",
        "on",
        "j",
        "ja",
        "s",
        "si",
        "sí",
        "o",
        "oui",
        "wahr",
        "vrai",
        "x",
    )
)
FALSE_WORDS: Final = frozenset(
    ("n", "no", "f", "false", "0", "off", "nein", "non", "falsch", "faux", "")
)

TEXT_PATTERNS: Final[dict[str, Fits]] = {
    **{name: _date(*parts) for name, parts in DATE_FORMATS.items()},
    **{name: _date(*parts) for name, parts in TIMESTAMP_FORMATS.items()},
    "timestamp_iso": _matches(rf"{_DAY}[T ]{_TIME}"),
    "timestamp_zone": _matches(rf"{_DAY}[T ]{_TIME}{_ZONE}"),
    "zero_date": _matches(r"0000-00-00([T ]00:00:00(\.0+)?)?|\d{4}-00-\d\d|\d{4}-\d\d-00"),
    "time": _matches(_TIME),
    "integer": _matches(r"[+-]?(0|[1-9]\d{0,18})"),
    "integer_padded": _matches(r"0\d+"),
    "decimal_point": _matches(r"[+-]?(\d+\.\d+|\.\d+)"),
    "decimal_comma": _matches(r"[+-]?\d+,\d+"),
    "thousands_comma": _matches(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?"),
    "thousands_point": _matches(r"[+-]?\d{1,3}(\.\d{3})+(,\d+)?"),
    "float": _matches(r"[+-]?(\d+\.?\d*|\.\d+)[eE][+-]?\d+"),
    "money_sign": _matches(rf"[+-]?{_SIGN}\s?[+-]?\d[\d.,' ]*|[+-]?\d[\d.,' ]*\s?{_SIGN}"),
    "percent": _matches(r"[+-]?\d+([.,]\d+)?\s?%"),
    "boolean": lambda text: text.lower() in TRUE_WORDS or text.lower() in FALSE_WORDS - {""},
    "json": _is_json,
    "uuid": _matches(r"\{?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}?"),
    "email": _matches(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(\.[\w-]+)+"),
    "phone": _is_phone,
    "url": _matches(r"(https?|ftp)://[^\s]+|www\.[^\s]+\.[a-z]{2,}[^\s]*", re.IGNORECASE),
    "ip": _matches(
        r"((25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(25[0-5]|2[0-4]\d|1?\d?\d)|[0-9a-fA-F:]*::[0-9a-fA-F:]*|([0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}"
    ),
    "iban": _is_iban,
    "card": _is_card,
    "country_code": lambda text: text in _COUNTRIES,
    "currency_code": lambda text: text in _CURRENCIES,
    "hash": _matches(r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|\$2[aby]\$.{56}|\$argon2.*"),
    "person_name": _matches(r"[A-ZÀ-Þ][\w'’-]+( [A-ZÀ-Þ]\.)?( [a-z]{1,3})?( [A-ZÀ-Þ][\w'’-]+)+"),
}
"""Of what remains of a text without white space at its ends."""

_DIGIT: Final = re.compile(r"[0-9:]")
_WORDED: Final = {
    name: TEXT_PATTERNS[name]
    for name in (
        "boolean",
        "json",
        "email",
        "url",
        "country_code",
        "currency_code",
        "person_name",
    )
}
"""Those of which a text without any digit may be one."""

NUMBER_PATTERNS: Final[dict[str, Callable[[float], bool]]] = {
    "zero_one": lambda number: number in (0, 1),
    "epoch_seconds": lambda number: 631_152_000 <= number <= 2_208_988_800,
    "epoch_millis": lambda number: 631_152_000_000 <= number <= 2_208_988_800_000,
    "date_compact": lambda number: (
        number == int(number) and TEXT_PATTERNS["date_compact"](str(int(number)))
    ),
    "year": lambda number: 1900 <= number <= 2100 and number == int(number),
    "latitude": lambda number: -90 <= number <= 90 and number != int(number),
    "longitude": lambda number: -180 <= number <= 180 and number != int(number),
}

_MOJIBAKE: Final = re.compile("[ÃÂ][\u0080-\u00bf]|â€|\ufffd")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def in_text(text: str) -> Iterator[str]:
    """Give the names of the forms that a text has."""
    bare = text.strip()
    if text != bare:
        yield "padded"
    if not bare:
        yield "empty"
        return
    if _CONTROL.search(text):
        yield "nul" if "\0" in text else "control"
    if _MOJIBAKE.search(text):
        yield "mojibake"
    if len(bare) > 100:
        if _is_json(bare):
            yield "json"
        elif TEXT_PATTERNS["url"](bare):
            yield "url"
        return
    for name, fits in TEXT_PATTERNS.items() if _DIGIT.search(bare) else _WORDED.items():
        if fits(bare):
            yield name


def in_number(number: float) -> Iterator[str]:
    """Give the names of the forms that a number has."""
    if number - number != 0:
        yield "not_finite"
        return
    if number == int(number):
        yield "integer"
    for name, fits in NUMBER_PATTERNS.items():
        if fits(number):
            yield name
