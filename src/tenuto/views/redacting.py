"""Takes keys, tokens and passwords out of what leaves the system."""

from tenuto.core.guarding.secrets import find_secrets
from tenuto.core.guarding.texts import Finding, replaced
from tenuto.core.vocabulary import Json


def redacted(value: Json) -> Json:
    """Return the value with each secret replaced by `[secret:KIND]`; the same where there is none.

    A text is looked at with the name of the member that it is, as `api_key`."""
    if isinstance(value, str):
        return _struck(value, "")
    if isinstance(value, list):
        return [redacted(item) for item in value]
    if isinstance(value, dict):
        return {
            name: _struck(item, f"{name}: ") if isinstance(item, str) else redacted(item)
            for name, item in value.items()
        }
    return value


def _struck(text: str, before: str) -> str:
    shift = len(before)
    found = tuple(
        Finding(kind=finding.kind, start=finding.start - shift, end=finding.end - shift)
        for finding in find_secrets(before + text)
        if finding.start >= shift
    )
    return replaced(text, found, lambda kind, _: f"[secret:{kind}]") if found else text
