"""Why an account, or a proof of one, is refused.

Rejected
+-- AccountRefused
    +-- NotAuthenticated   nothing, or nothing valid, shows who asks
    +-- NotPermitted       who asks may not do this
    +-- NoSuchAccount      there is no such user, key or organisation here
    +-- LastAdmin          an organisation would be left without admin
    +-- TooManyAttempts    wait before the next one
    +-- TooBusy            more passwords are to be checked than this server can

None of them says more than the asker may know, and none holds a credential.
"""

from tenuto.core.errors import Rejected


class AccountRefused(Rejected):
    """Root of them; `code` is stable."""

    code = "account_refused"


class NotAuthenticated(AccountRefused):
    """The proof is missing, wrong, expired or revoked; which of these is not told."""

    code = "not_authenticated"

    def __init__(self, message: str = "") -> None:
        super().__init__(
            message or "This needs a valid API key or access token; log in, or ask for a key."
        )


class NotPermitted(AccountRefused):
    """Who asks is known, and may not."""

    code = "not_permitted"

    def __init__(self, permission: str, message: str = "") -> None:
        self.permission = permission
        super().__init__(
            message or f"This needs the permission {permission!r}; an admin can grant it."
        )


class NoSuchAccount(AccountRefused):
    """Nothing of that kind has that id in the organisation of who asks."""

    code = "no_such_account"

    def __init__(self, kind: str, id: str) -> None:
        self.kind, self.id = kind, id
        super().__init__(f"There is no {kind} {id[:80]!r} in this organisation.")


class LastAdmin(AccountRefused):
    """The change would leave nobody who can manage the organisation."""

    code = "last_admin"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name!r} is the last admin of the organisation; make somebody else an admin first."
        )


class TooManyAttempts(AccountRefused):
    """Too many logins failed."""

    code = "too_many_attempts"

    def __init__(self, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(f"Too many attempts failed; try again in {retry_after_s} s.")


class TooBusy(AccountRefused):
    """More passwords wait for being checked than the server takes on."""

    code = "too_busy"

    def __init__(self) -> None:
        self.retry_after_s = 1
        super().__init__("The server checks too many passwords just now; try again in a second.")
