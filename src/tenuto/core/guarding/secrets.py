"""Keys, tokens and passwords in a text: by the formats that their issuers document, and by what
they are assigned to where they look like nothing that a person would write."""

import math
from collections import Counter
from collections.abc import Iterator
from typing import Final

from tenuto.core.guarding.patterns import Pattern
from tenuto.core.guarding.texts import Finding, apart

_FORMATS: Final = tuple(
    (kind, Pattern(pattern, stems=tuple(stems.split("|"))))
    for kind, stems, pattern in (
        (
            "aws_access_key",
            "akia|asia|abia|acca",
            r"(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9])",
        ),
        (
            "github_token",
            "ghp_|gho_|ghu_|ghs_|ghr_",
            r"(?<![A-Za-z0-9])gh[pousr]_[A-Za-z0-9]{36,255}",
        ),
        ("github_token", "github_pat_", r"(?<![A-Za-z0-9])github_pat_[A-Za-z0-9_]{50,255}"),
        (
            "gitlab_token",
            "glpat-|gldt-|glrt-|glptt-|glcbt-",
            r"(?<![A-Za-z0-9])gl(?:pat|dt|rt|ptt|cbt)-[A-Za-z0-9_-]{20,100}",
        ),
        ("slack_token", "xox", r"(?<![A-Za-z0-9])xox[abeoprs]-[A-Za-z0-9-]{10,250}"),
        ("slack_token", "xapp-", r"(?<![A-Za-z0-9])xapp-\d-[A-Za-z0-9-]{20,250}"),
        (
            "slack_webhook",
            "hooks.slack.com",
            r"hooks\.slack\.com/services/T\w{6,20}/B\w{6,20}/\w{20,40}",
        ),
        ("anthropic_key", "sk-ant-", r"(?<![A-Za-z0-9])sk-ant-[A-Za-z0-9_-]{20,250}"),
        ("openai_key", "sk-", r"(?<![A-Za-z0-9])sk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{20,250}"),
        ("openai_key", "sk-", r"(?<![A-Za-z0-9-])sk-[A-Za-z0-9]{32,64}(?![A-Za-z0-9-])"),
        ("google_key", "aiza", r"(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"),
        ("google_token", "ya29.", r"(?<![A-Za-z0-9])ya29\.[A-Za-z0-9_-]{30,500}"),
        ("google_secret", "gocspx-", r"(?<![A-Za-z0-9])GOCSPX-[A-Za-z0-9_-]{28}"),
        ("stripe_key", "_live_|_test_", r"(?<![A-Za-z0-9])[rs]k_(?:live|test)_[A-Za-z0-9]{16,250}"),
        ("stripe_webhook", "whsec_", r"(?<![A-Za-z0-9])whsec_[A-Za-z0-9+/=]{24,100}"),
        ("sendgrid_key", "sg.", r"(?<![A-Za-z0-9])SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}"),
        ("twilio_key", "sk", r"(?<![A-Za-z0-9])SK[0-9a-f]{32}(?![A-Za-z0-9])"),
        ("npm_token", "npm_", r"(?<![A-Za-z0-9])npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])"),
        ("package_token", "pypi-agei", r"(?<![A-Za-z0-9])pypi-AgEI[A-Za-z0-9_-]{50,500}"),
        ("huggingface_token", "hf_", r"(?<![A-Za-z0-9])hf_[A-Za-z0-9]{30,60}(?![A-Za-z0-9])"),
        ("groq_key", "gsk_", r"(?<![A-Za-z0-9])gsk_[A-Za-z0-9]{40,80}"),
        ("xai_key", "xai-", r"(?<![A-Za-z0-9])xai-[A-Za-z0-9]{60,120}"),
        ("digitalocean_token", "_v1_", r"(?<![A-Za-z0-9])do[opr]_v1_[0-9a-f]{64}"),
        ("telegram_token", ":aa", r"(?<![A-Za-z0-9])\d{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])"),
        ("azure_key", "accountkey=", r"AccountKey=[A-Za-z0-9+/]{60,100}={0,2}"),
        (
            "jwt",
            "eyj",
            (
                r"(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{8,2000}\.eyJ[A-Za-z0-9_-]{8,8000}\."
                r"[A-Za-z0-9_-]{16,1000}"
            ),
        ),
    )
)
_KEY_BEGIN: Final = Pattern(r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_KEY_END: Final = Pattern(r"-----END (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_KEY_CHARS_MAX: Final = 20_000
_IN_ADDRESS: Final = Pattern(r"://[^\s:/@'\"<>]{1,64}:([^\s/@'\"<>]{6,128})@")
_ASSIGNED: Final = Pattern(
    r"(?i)(?:api[_-]?key|access[_-]?key|secret|token|passw(?:or)?d|passphrase|pwd|credentials?)"
    r"[A-Za-z0-9_-]{0,20}[\"']?\s{0,3}(?::=|=>|=|:)\s{0,3}[\"'`]?"
    r"([A-Za-z0-9+/_.~!@#$%^&*=-]{12,200})",
    stems=("key", "secret", "token", "passw", "passphrase", "pwd", "credential"),
)
_BEARER: Final = Pattern(r"(?i)\bbearer\s{1,3}([A-Za-z0-9+/_.~=-]{20,500})", stems=("bearer",))
_DOTTED_NAME: Final = Pattern(r"[A-Za-z_-]{1,60}\d{0,3}(?:[./][A-Za-z_-]{1,60}\d{0,3})+\Z")
_ENTROPY_MIN: Final = 3.2
"""Bits for each character: above words, below random letters and digits (16 of those have 3.6)."""
_STAND_INS: Final = Pattern(
    r"(?i)example|placeholder|changeme|your|dummy|redacted|xxxx|\*{3}|\.\.\.|1234567|abcdef|secret"
    r"|password|token"
)


def find_secrets(text: str) -> tuple[Finding, ...]:
    """Return the places of secrets, in order, none within another."""
    lowered = text.lower()
    found = [
        Finding(kind, *match.span())
        for kind, pattern in _FORMATS
        if pattern.may_be_in(lowered)
        for match in pattern.finditer(text)
    ]
    found += _private_keys(text)
    found += [
        Finding("password_in_address", *match.span(1))
        for match in _IN_ADDRESS.finditer(text)
        if not _STAND_INS.search(match.group(1)) and _is_mixed(match.group(1))
    ]
    found += _assigned(text, lowered)
    return apart(found)


def _private_keys(text: str) -> Iterator[Finding]:
    at = 0
    while (begin := _KEY_BEGIN.search(text, at)) is not None:
        end = _KEY_END.search(text, begin.end(), begin.end() + _KEY_CHARS_MAX)
        # Without an end it was cut off: the rest is as secret.
        at = end.end() if end is not None else min(len(text), begin.end() + _KEY_CHARS_MAX)
        yield Finding("private_key", begin.start(), at)


def _assigned(text: str, lowered: str) -> Iterator[Finding]:
    for pattern in (_ASSIGNED, _BEARER):
        if not pattern.may_be_in(lowered):
            continue
        for match in pattern.finditer(text):
            value = match.group(1).rstrip(".,;")
            if _looks_random(value):
                start = match.start(1)
                yield Finding("assigned_secret", start, start + len(value))


def _looks_random(value: str) -> bool:
    """Return whether nobody would write it by hand: digits among letters, no words, no dotted name,
    no stand-in."""
    if len(value) < 12 or _STAND_INS.search(value) or not _is_mixed(value):
        return False
    if _DOTTED_NAME.match(value):
        return False
    return entropy(value) >= _ENTROPY_MIN


def _is_mixed(value: str) -> bool:
    has_digit = any(sign.isdigit() for sign in value)
    return has_digit and any(sign.isalpha() for sign in value)


def entropy(text: str) -> float:
    """Return the bits that a character of the text has on average. Source: Shannon, 1948."""
    size = len(text)
    return -sum(n / size * math.log2(n / size) for n in Counter(text).values()) if size else 0.0
