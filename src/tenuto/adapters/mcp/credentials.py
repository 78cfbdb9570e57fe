"""Values from the environment: put in where they are named, and kept out of all that is said."""

import os
import re
from collections.abc import Mapping
from typing import Final

from tenuto.core.errors import Escalatable
from tenuto.core.vocabulary import Json

HIDDEN: Final = "***"

INHERITED: Final = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "LC_ALL", "LC_CTYPE", "TZ"),
    *("TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "SYSTEMDRIVE", "PATHEXT", "APPDATA", "LOCALAPPDATA"),
    *("HOMEDRIVE", "HOMEPATH", "USERNAME", "USERPROFILE", "PROCESSOR_ARCHITECTURE"),
)
"""Variables that every child process gets: what programs need to find themselves, and no secret."""

_REFERENCE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
_SECRET_NAME: Final = re.compile(r"(?i)(KEY|TOKEN|SECRET|PASSWORD|PASSWD|AUTHORIZATION|COOKIE)$")
_CHARS_MIN: Final = 6
"""A shorter value is no secret; hiding it would blot out ordinary words."""


class Credentials:
    """Puts in values for one server, remembers them, and hides them again."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._secrets: set[str] = set()

    def filled(self, text: str, *, where: str) -> str:
        """Return `text` with each `${NAME}` replaced from the environment.

        Raises:
            Escalatable: a variable is not set.
        """

        def value(found: re.Match[str]) -> str:
            name, other = found[1], found[2]
            value = os.environ.get(name) or other
            if value is None:
                raise Escalatable(
                    f"The environment variable {name!r} is not set, and {where} of MCP server "
                    f"{self._server!r} is taken from it. Set it, then approve to try again.",
                    code="missing_secret",
                )
            if name not in INHERITED:
                self.remember(value)
            return value

        return _REFERENCE.sub(value, text)

    def filled_secrets(self, texts: Mapping[str, str], *, where: str) -> dict[str, str]:
        """Return `texts` as `filled` does. What stands under the name of a secret is one even
        where it was written down."""
        filled = {
            name: self.filled(text, where=f"{where} {name!r}") for name, text in texts.items()
        }
        for name, text in filled.items():
            if _SECRET_NAME.search(name):
                self.remember(text)
                self.remember(text.rpartition(" ")[2])
        return filled

    def remember(self, value: str) -> None:
        """Hide `value` from now on."""
        if len(value) >= _CHARS_MIN:
            self._secrets.add(value)

    def hide(self, text: str) -> str:
        """Return `text`, which is for people, without any secret of this server or of the
        environment."""
        found = {
            value
            for name, value in os.environ.items()
            if _SECRET_NAME.search(name) and len(value) >= _CHARS_MIN
        }
        return _without(found | self._secrets, text)

    def hidden_in(self, value: Json) -> Json:
        """Return what the server gave without the secrets that it was given.

        Others of the environment stay: it cannot know them, and their values may be words."""
        if not self._secrets:
            return value
        if isinstance(value, str):
            return _without(self._secrets, value)
        if isinstance(value, list):
            return [self.hidden_in(part) for part in value]
        if isinstance(value, dict):
            return {
                _without(self._secrets, name): self.hidden_in(part) for name, part in value.items()
            }
        return value


def _without(secrets: set[str], text: str) -> str:
    # Longest first: one secret may be the beginning of another.
    for value in sorted(secrets, key=len, reverse=True):
        text = text.replace(value, HIDDEN)
    return text
