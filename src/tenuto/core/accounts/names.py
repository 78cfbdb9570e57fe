"""What organisations, users and keys may be called."""

import re
from typing import Final

from tenuto.core.errors import Rejected

_ORGANISATION: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,37}[a-z0-9])?")
_USER: Final = re.compile(r"[a-z0-9][a-z0-9._+@-]{0,253}")
LABEL_CHARS_MAX: Final = 200
PASSWORD_CHARS_MIN: Final = 10
PASSWORD_CHARS_MAX: Final = 1024


class BadName(Rejected):
    """A name or a password has a form that is not allowed. The message never holds a password."""


def check_organisation(name: str) -> str:
    """Return `name` if an organisation may be called so.

    Raises:
        BadName: it may not.
    """
    if not _ORGANISATION.fullmatch(name):
        raise BadName(
            f"An organisation cannot be called {name[:60]!r}; take up to 39 of the characters "
            "a-z, 0-9 and -, neither first nor last a -."
        )
    return name


def check_user(name: str) -> str:
    """Return `name`, in small letters, if a user may log in by it.

    Raises:
        BadName: it may not.
    """
    found = name.strip().lower()
    if not _USER.fullmatch(found):
        raise BadName(
            f"A user cannot be called {name[:60]!r}; take an e-mail address, or up to 254 of the "
            "characters a-z, 0-9 and . _ + @ -, the first a letter or digit."
        )
    return found


def check_label(text: str) -> str:
    """Return `text`, a line for people.

    Raises:
        BadName: it is too long, or has characters that do not show.
    """
    found = text.strip()
    if len(found) > LABEL_CHARS_MAX or (found and not found.isprintable()):
        raise BadName(f"A name for people is one line of at most {LABEL_CHARS_MAX} characters.")
    return found


def check_password(password: str, *, name: str = "") -> str:
    """Return `password` if it may be one of the user `name`.

    Length is all that is asked, and that it is not the name.
    Source: NIST SP 800-63B, 3.1.1.2, which advises against rules on kinds of characters.

    Raises:
        BadName: it may not.
    """
    if not PASSWORD_CHARS_MIN <= len(password) <= PASSWORD_CHARS_MAX:
        raise BadName(
            f"A password has {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters, and this "
            f"one has {len(password)}."
        )
    if name and name.lower() in (password.lower(), password.lower().partition("@")[0]):
        raise BadName("A password cannot be the name of its user.")
    if len(set(password)) < 4:
        raise BadName("A password repeats fewer than four different characters; choose another.")
    return password
