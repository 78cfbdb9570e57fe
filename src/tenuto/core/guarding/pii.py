"""Personal data in a text: e-mail addresses, phone numbers, IBANs, card numbers, US social security
numbers, IP addresses. Where a number has a checksum it must hold.

Every pattern has bounds, so that a text costs time in its length, whoever wrote it.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from tenuto.core.agent.guards import PII_KINDS, PiiKind
from tenuto.core.guarding.patterns import Pattern
from tenuto.core.guarding.texts import Finding, apart

_LOCAL_BACKWARDS: Final = Pattern(r"[\w.%+'!#$&*/=?^`{|}~-]{1,64}")
_DOMAIN: Final = Pattern(r"(?:[^\W_](?:[\w-]{0,62})\.){1,8}[^\W\d_]{2,24}")
_PHONES: Final = (
    # International: +49 30 1234567, 0049 30 1234567, +1 (415) 555-0132
    Pattern(r"(?<![\w+])(?<!\d )(?:\+|00)[1-9]\d{0,2}(?:[ ./-]?\(?\d{1,5}\)?){2,7}(?![\w])"),
    # North American: (415) 555-0132, 415-555-0132, 415.555.0132
    Pattern(r"(?<![\w.+-])(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[ .-])\d{3}[ .-]\d{4}(?![\w-])"),
    # National, with a leading 0: 030 / 123 456 78, 0151-12345678, 01 23 45 67 89
    Pattern(
        r"(?<![\w.+/-])(?<!\d )\(?0[1-9]\d{0,3}\)?(?: ?[/-] ?| )\d{2,8}(?:[ -]\d{2,4}){0,4}"
        r"(?![\w./-])"
    ),
)
_PHONE_DIGITS: Final = (9, 15)
_IBAN: Final = Pattern(r"(?<![A-Za-z0-9])([A-Za-z]{2})\d{2}(?= ?[A-Za-z0-9])")
_CARD: Final = Pattern(r"(?<![\w.+-])\d(?:[ -]?\d){12,18}(?![\w-])")
_SSN: Final = Pattern(r"(?<![\w-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])")
_SSN_NAMED: Final = Pattern(
    r"(?i)\b(?:ssn|social security(?: number| no\.?)?)\W{1,4}(?:is )?"
    r"((?!000|666|9\d\d)\d{3} ?(?!00)\d{2} ?(?!0000)\d{4})(?!\w)"
)
_IPV4: Final = Pattern(r"(?<![\w.-])(?:\d{1,3}\.){3}\d{1,3}(?![\w/-]|\.\d)")
_IPV6: Final = Pattern(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:/])")

_VERSION_WORDS: Final = ("version", "release", "ver.", "ver")

_IBANS: Final = """
AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29
ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20
LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25
QA29 RO24 RS22 SA24 SC31 SD18 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20
"""
_IBAN_CHARS: Final = {
    code: int(length) for entry in _IBANS.split() for code, length in [(entry[:2], entry[2:])]
}
"""Length of an IBAN by country. Source: ISO 13616 registry."""


def find_pii(text: str, only: Sequence[PiiKind] = ()) -> tuple[Finding, ...]:
    """Return the places of personal data, in order, none within another."""
    found: list[Finding] = []
    for kind in (kind for kind in PII_KINDS if kind in only or not only):
        found += [Finding(kind, start, end) for start, end in _FINDERS[kind](text)]
    return apart(found)


def _emails(text: str) -> Iterator[tuple[int, int]]:
    at = text.find("@")
    while at >= 0:
        before = text[max(0, at - 64) : at][::-1]
        local = _LOCAL_BACKWARDS.match(before)
        domain = _DOMAIN.match(text, at + 1)
        if local is not None and domain is not None:
            # What precedes the address in prose or markup is no part of it.
            taken = local.group().rstrip(".'`*/=?{|}&!#$^~-+")
            if taken:
                yield at - len(taken), domain.end()
        at = text.find("@", at + 1)


def _phones(text: str) -> Iterator[tuple[int, int]]:
    for pattern in _PHONES:
        for match in pattern.finditer(text):
            digits = sum(sign.isdecimal() for sign in match.group())
            if _PHONE_DIGITS[0] <= digits <= _PHONE_DIGITS[1]:
                yield match.span()


def _ibans(text: str) -> Iterator[tuple[int, int]]:
    for match in _IBAN.finditer(text):
        wanted = _IBAN_CHARS.get(match.group(1).upper(), 0)
        end = _end_of_iban(text, match.start(), wanted) if wanted else 0
        if end and _mod_97(text[match.start() : end].replace(" ", "").upper()) == 1:
            yield match.start(), end


def _end_of_iban(text: str, start: int, wanted: int) -> int:
    """Return where so many letters and digits end, single blanks between them; 0: they do not."""
    at, count = start, 0
    while count < wanted:
        sign = text[at : at + 1]
        if sign == " " and text[at - 1] != " ":
            at += 1
        elif sign.isascii() and sign.isalnum():
            at, count = at + 1, count + 1
        else:
            return 0
    return 0 if text[at : at + 1].isalnum() else at


def _mod_97(iban: str) -> int:
    """Source: ISO 7064, MOD 97-10."""
    turned = iban[4:] + iban[:4]
    return int("".join(str(int(sign, 36)) for sign in turned)) % 97


def _cards(text: str) -> Iterator[tuple[int, int]]:
    for match in _CARD.finditer(text):
        digits = "".join(sign for sign in match.group() if sign.isdecimal())
        if digits.isascii() and _is_issued(digits) and _luhn_holds(digits):
            yield match.span()


def _is_issued(digits: str) -> bool:
    """Return whether an issuer gives such numbers. Source: ISO/IEC 7812 ranges as published."""
    two, three, four, length = int(digits[:2]), int(digits[:3]), int(digits[:4]), len(digits)
    if digits[0] == "4":
        return length in (13, 16, 19)
    if 51 <= two <= 55 or 2221 <= four <= 2720:
        return length == 16
    if two in (34, 37):
        return length == 15
    if two in (36, 38, 39) or 300 <= three <= 305:
        return length == 14
    is_long = 16 <= length <= 19
    return is_long and (four == 6011 or two in (62, 65) or 644 <= three <= 649 or two == 35)


def _luhn_holds(digits: str) -> bool:
    total = 0
    for place, sign in enumerate(reversed(digits)):
        digit = int(sign) * (1 + place % 2)
        total += digit - 9 if digit > 9 else digit
    return total % 10 == 0 and len(set(digits)) > 1


def _ssns(text: str) -> Iterator[tuple[int, int]]:
    for match in _SSN.finditer(text):
        yield match.span()
    for match in _SSN_NAMED.finditer(text):
        yield match.span(1)


def _addresses(text: str) -> Iterator[tuple[int, int]]:
    """Addresses that anybody can be reached at; those of private networks name nobody."""
    import ipaddress  # Not at the top: it takes longer to load than all else here.

    for pattern in (_IPV4, _IPV6):
        for match in pattern.finditer(text):
            try:
                address = ipaddress.ip_address(match.group())
            except ValueError:
                continue
            before = text[max(0, match.start() - 12) : match.start()].lower().rstrip(" :=\"'")
            names_one = address.is_global and not address.is_multicast
            # Fewer groups are networks, and slices of Python: `[::2]`.
            is_whole = pattern is _IPV4 or sum(map(bool, match.group().split(":"))) >= 3
            if names_one and is_whole and not before.endswith(_VERSION_WORDS):
                yield match.span()


_FINDERS: Final[dict[PiiKind, Callable[[str], Iterator[tuple[int, int]]]]] = {
    "email": _emails,
    "phone": _phones,
    "iban": _ibans,
    "card": _cards,
    "ssn": _ssns,
    "ip": _addresses,
}
