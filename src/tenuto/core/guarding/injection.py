"""Text that gives orders to a model: heuristics, which an attacker who knows them gets around.

They make attacks dearer and visible; what holds is a rule about labels at the tool border, or a
person. A text is looked at as it is written and, where that differs, as it reads: compatibility
forms folded, hidden characters left out.
Source of the families: Greshake et al., arXiv:2302.12173; OWASP LLM01:2025.
"""

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from tenuto.core.guarding.patterns import Pattern
from tenuto.core.guarding.texts import Finding, apart

_FILL: Final = r"[^.!?\n]{0,40}?"
_ORDERS: Final = tuple(
    (kind, Pattern(pattern, re.IGNORECASE, stems=tuple(stems.split("|"))))
    for kind, stems, pattern in (
        (
            "override",
            "ignore|disregard|forget|override|bypass|discard|neglect",
            r"\b(?:ignore|disregard|forget|override|bypass|discard|neglect)\b" + _FILL + r"\b(?:"
            r"previous|prior|above|earlier|preceding|foregoing|former|existing|initial|original"
            r"|system|your|all|any|every)\b"
            + _FILL
            + r"\b(?:instructions?|prompts?|rules?|directions?|directives?|guidelines?|orders?"
            r"|commands?|polic(?:y|ies)|constraints?|guardrails?|programming)\b",
        ),
        (
            "override",
            "ignorier|vergiss|missachte",
            r"\b(?:ignorier\w{0,3}|vergiss|missachte)\b" + _FILL + r"\b(?:anweisung|regel|befehl|"
            r"vorgabe|instruktion)\w{0,4}\b",
        ),
        (
            "override",
            "ignor|oublie|olvid|dimentica",
            r"\b(?:ignore[zr]?|oublie[zr]?|ignora|olvida|olvide|dimentica)\b"
            + _FILL
            + r"\b(?:instruction|consigne|instrucci|istruzion|regla|règle|regol)\w{0,5}\b",
        ),
        (
            "override",
            "instruction|prompt|order|directive",
            (
                r"\b(?:new|updated|real|actual|true|secret|following)\s(?:system\s)?"
                r"(?:instructions?|prompt|orders?|directives?)\s?(?:are|is|follow)?\s?:"
            ),
        ),
        (
            "override",
            "task is|job is|goal is|role is|purpose is",
            r"\byour\s(?:new|real|actual|true|only)\s(?:task|job|goal|role|purpose)\sis",
        ),
        (
            "override",
            "from now on|starting now|henceforth",
            (
                r"\b(?:from now on|starting now|henceforth)\b,?\s(?:you|always|never|only|respond"
                r"|answer|act|ignore)\b"
            ),
        ),
        (
            "override",
            "override|overrule",
            r"\b(?:system|admin(?:istrator)?|developer|security)\s(?:override|overrule)\b",
        ),
        (
            "role_play",
            "you are",
            r"\byou are (?:now|no longer|not)\b" + _FILL + r"\b(?:dan|jailbroken|unrestricted"
            r"|unfiltered|uncensored|free|bound|restricted|an? (?:ai|assistant|chatbot|model|bot"
            r"|hacker|evil|different|new|helpful)|evil|root|admin)\b",
        ),
        (
            "role_play",
            "dan|jailbroken|unrestricted|unfiltered|uncensored|restriction|limit|rules|filter|guideline|guardrail",
            r"\b(?:act|behave|respond|pretend|roleplay|role-play|answer)\b" + _FILL + r"\b(?:"
            r"dan|jailbroken|unrestricted|unfiltered|uncensored|no (?:restrictions?|limits?|rules"
            r"|filters?)|without (?:any )?(?:restrictions?|limits?|rules|filters?|guidelines"
            r"|guardrails))\b",
        ),
        (
            "role_play",
            "mode",
            (
                r"\b(?:enable|enter|activate|switch to|turn on)\s(?:the\s)?(?:developer|debug"
                r"|dan|god|jailbreak|unrestricted|sudo)\smode\b"
            ),
        ),
        (
            "leak",
            "prompt|instruction|message|rules",
            r"\b(?:reveal|print|repeat|show|output|display|leak|disclose|tell me|write out|recite)"
            r"\b" + _FILL + r"\b(?:system|hidden|initial|original|secret|developer)\s(?:prompt"
            r"|instructions?|message|rules)\b",
        ),
        (
            "leak",
            "conversation|chat history|key|password|credential|secret|prompt|data|token",
            r"\b(?:send|forward|post|upload|e-?mail|exfiltrate|transmit)\b" + _FILL + r"\b(?:"
            r"conversation|chat history|api keys?|passwords?|credentials|secrets?|system prompt"
            r"|user'?s? data|tokens?)\b" + _FILL + r"\b(?:to|at|via)\b\s(?:https?:|\S{1,60}@)",
        ),
        (
            "secrecy",
            "the user",
            (
                r"\b(?:do not|don'?t|never|without)\s(?:tell(?:ing)?|inform(?:ing)?|alert(?:ing)?"
                r"|mention(?:ing)? (?:this|it)? ?(?:to)?|notify(?:ing)?)\s(?:to\s)?the\suser\b"
            ),
        ),
        (
            "to_the_model",
            "attention|note to|message|important|instruction|hey|dear",
            (
                r"\b(?:attention|note to|message (?:to|for)|important(?: message)? (?:to|for)"
                r"|instructions? (?:to|for)|hey|dear)\W{0,3}(?:the )?(?:ai|llm|language model"
                r"|chatbot|ai (?:assistant|agent|model)|assistant reading|agents? reading|gpt"
                r"|claude|gemini)\b"
            ),
        ),
        (
            "to_the_model",
            "if you are a",
            r"\bif you are an? (?:ai|llm|language model|ai assistant|ai agent|chatbot)\b",
        ),
        (
            "to_the_model",
            "tool|function",
            (
                r"\b(?:you must|you need to|please)\b\s(?:now\s|immediately\s|first\s)?(?:call"
                r"|invoke|use|run|execute)\s(?:the\s)?[\w.:`'\"-]{1,60}\s(?:tool|function)\b"
            ),
        ),
    )
)
_TAGS: Final = Pattern(
    r"(?i)<\|(?:im_start|im_end|system|user|assistant|endoftext|start_header_id|end_header_id"
    r"|eot_id|tool_call|channel)\|>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>"
    r"|</?(?:system|assistant|tool_results?|tool_response|tool_call|tool_use|function_calls?"
    r"|function_results?|function_response|antml:\w{1,20}|system[_-]prompt|system[_-]reminder"
    r"|user_query|untrusted_content)\s?>"
    r"|^#{2,4} ?(?:system|instruction|new instructions?|assistant)\s?:"
    r"|^\W{0,4}(?:system|developer)[ _-](?:prompt|message|notice|note|alert|override)\W{0,3}:",
    re.MULTILINE,
)
_TAG_CHARACTERS: Final = Pattern("[\U000e0000-\U000e007f]{1,4000}")
_FLAG: Final = Pattern("\U0001f3f4[\U000e0020-\U000e007e]{1,8}\U000e007f")
_ZERO_WIDTH: Final = Pattern(
    "(?<=[A-Za-z0-9 .,])[\u200b-\u200d\u2060-\u2064\ufeff\u00ad]{1,4000}(?=[A-Za-z0-9 .,])"
    "|[\u200b\u2060-\u2064\ufeff]{3,4000}"
)
_BIDI: Final = Pattern("[\u202a-\u202e\u2066-\u2069]")
_OVERRIDES: Final = frozenset("\u202d\u202e")
_RIGHT_TO_LEFT: Final = Pattern("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_SELECTORS: Final = Pattern("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{3,4000}")
_HIDDEN: Final = Pattern(
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff"
    "\U000e0000-\U000e007f\U000e0100-\U000e01ef]"
)
_LOOK_ALIKES: Final = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0445\u0443\u0456\u0458\u0455\u04bb\u0501\u051b\u03bf\u03bd\u03b9\u0131",
    "aeopcxyijshdqovii",
)
"""Letters of other alphabets that read as Latin ones."""
_IMAGE: Final = Pattern(
    r"!\[[^\]\n]{0,300}\]\(\s?<?https?://[^)\s>?#]{1,300}[?#]([^)\s>]{1,4000})"
    r"|<img\b[^>]{0,300}?\bsrc\s?=\s?[\"']?https?://[^\"'\s>?#]{1,300}[?#]([^\"'\s>]{1,4000})",
    re.IGNORECASE,
)
_TEMPLATE: Final = Pattern(
    r"[{\[<]{1,2}[A-Za-z_ -]{2,60}|%7B|(?i:data|secret|history|conversation|prompt|leak|exfil)="
    r"|=[A-Za-z0-9+/_-]{48,}"
)
_BASE64: Final = Pattern(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{24,8000}={0,2}(?![A-Za-z0-9+/])")
_BLOBS_MAX: Final = 200
_HEX: Final = Pattern(r"(?<![0-9A-Fa-f])(?:[0-9A-Fa-f]{2}){24,4000}(?![0-9A-Fa-f])")
_SPACED: Final = Pattern(r"\b(?:\w[ .\-_]){8,400}\w\b")
_SPACES: Final = Pattern(r"[ .\-_]")
_JOINED_ORDERS: Final = Pattern(r"(?i)ignore(?:all|the|your|previous|prior)|systemprompt|jailbreak")


def find_injections(text: str) -> tuple[Finding, ...]:
    """Return the places that give orders or hide something, in order, none within another."""
    found = [*_orders(text), *_hidden(text), *_images(text), *_encoded(text)]
    plain = _as_read(text)
    if plain != text and not found:
        # Places in the one text are none in the other.
        found = [Finding(f.kind, 0, len(text)) for f in _orders(plain)[:1]]
    return apart(found)


def _orders(text: str) -> list[Finding]:
    lowered = text.lower()
    found = [
        Finding(kind, *match.span())
        for kind, pattern in _ORDERS
        if pattern.may_be_in(lowered)
        for match in pattern.finditer(text)
    ]
    return found + [Finding("fake_tag", *match.span()) for match in _TAGS.finditer(text)]


def _hidden(text: str) -> Iterator[Finding]:
    if text.isascii():
        return
    flags = [match.span() for match in _FLAG.finditer(text)]
    for match in _TAG_CHARACTERS.finditer(text):
        if not any(start <= match.start() < end for start, end in flags):
            yield Finding("hidden_text", *match.span())
    for pattern in (_ZERO_WIDTH, _SELECTORS):
        for match in pattern.finditer(text):
            yield Finding("hidden_text", *match.span())
    is_mixed = _RIGHT_TO_LEFT.search(text) is not None
    for match in _BIDI.finditer(text):
        if not is_mixed or match.group() in _OVERRIDES:
            yield Finding("turned_text", *match.span())


def _images(text: str) -> Iterator[Finding]:
    for match in _IMAGE.finditer(text):
        query = match.group(1) or match.group(2)
        if _TEMPLATE.search(query):
            yield Finding("image_with_data", *match.span())


def _encoded(text: str) -> Iterator[Finding]:
    for count, match in enumerate(_BASE64.finditer(text)):
        if count >= _BLOBS_MAX:
            break
        if _gives_orders(_from_base64(match.group())):
            yield Finding("encoded_order", *match.span())
    for count, match in enumerate(_HEX.finditer(text)):
        if count >= _BLOBS_MAX:
            break
        if _gives_orders(binascii.unhexlify(match.group())):
            yield Finding("encoded_order", *match.span())
    for match in _SPACED.finditer(text):
        joined = _SPACES.sub("", match.group())
        if _JOINED_ORDERS.search(joined):
            yield Finding("encoded_order", *match.span())


def _from_base64(blob: str) -> bytes:
    plain = blob.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _gives_orders(decoded: bytes) -> bool:
    try:
        text = decoded.decode()
    except UnicodeDecodeError:
        return False
    return bool(_orders(text))


def _as_read(text: str) -> str:
    """Return the text as a model reads it."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", _HIDDEN.sub("", text)).translate(_LOOK_ALIKES)
