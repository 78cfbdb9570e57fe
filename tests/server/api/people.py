"""Who asks in tests: the header `x-test-user: ORGANISATION/USER/ROLES` says it."""

from __future__ import annotations

from tenuto.server.principal import Connection, Principal


class ByHeader:
    """Believes what the header says; without it nobody asks."""

    async def authenticate(self, connection: Connection) -> Principal | None:
        """See `Authenticator.authenticate`."""
        given = connection.headers.get("x-test-user", "")
        if not given:
            return None
        organisation, user, roles = f"{given}//".split("/")[:3]
        return Principal(
            organisation=organisation,
            user=user,
            name=f"{user}@{organisation}.example",
            roles=tuple(role for role in roles.split(",") if role),
            grants=("*:*",),
            proof="token",
        )


def of(organisation: str, user: str = "ann", roles: str = "") -> dict[str, str]:
    """Return the headers of somebody."""
    return {"x-test-user": f"{organisation}/{user}/{roles}"}
