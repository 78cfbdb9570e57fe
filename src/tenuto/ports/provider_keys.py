"""Keys of providers that tenants gave for themselves."""

from typing import Protocol


class ProviderKeys(Protocol):
    """Finds the key that a tenant's requests are made with."""

    async def key(self, tenant: str, name: str) -> str | None:
        """Return the tenant's own key of that name, as `OPENAI_API_KEY`, or None where it has none.

        Raises:
            PortError: it cannot be read now.
        """
        ...
