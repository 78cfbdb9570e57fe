"""Who asks in tests: the header `x-test-user: ORGANISATION/USER/ROLES` says it."""

from __future__ import annotations

from tenuto.server.principal import Connection, Principal


class Person(Principal, frozen=True, kw_only=True):
    """A principal with a name and roles, as a login gives it."""

    name: str = ""
    roles: tuple[str, ...] = ()


class ByHeader:
    """Believes what the header says; without it nobody asks."""

    async def authenticate(self, connection: Connection) -> Principal | None:
        """See `Authenticator.authenticate`."""
        given = connection.headers.get("x-test-user", "")
        if not given:
            return None
        organisation, user, roles = f"{given}//".split("/")[:3]
        return Person(
            organisation=organisation,
            user=user,
            name=f"{user}@{organisation}.example",
            actor=f"user:{user}",
            permissions=frozenset({"*"}),
            roles=tuple(role for role in roles.split(",") if role),
        )


def of(organisation: str, user: str = "ann", roles: str = "") -> dict[str, str]:
    """Return the headers of somebody."""
    return {"x-test-user": f"{organisation}/{user}/{roles}"}
