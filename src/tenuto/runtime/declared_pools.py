"""The pools that this process knows, and whether their limits hold."""

from collections.abc import Iterable

from tenuto.core.errors import Escalatable
from tenuto.core.pools import Pool
from tenuto.ports.pools import Calls


class DeclaredPools:
    """Pools by name: those of the process, and those that came with code."""

    def __init__(self, calls: Calls, given: Iterable[Pool] = ()) -> None:
        """
        Args:
            given: pools that are as they are given, whatever code says of them.
        """
        self._calls = calls
        self.by_name = {pool.name: pool for pool in given}
        self._given = frozenset(self.by_name)
        self._held: set[str] = set()
        """Those whose limits hold as they are declared here."""

    def add(self, pools: Iterable[Pool]) -> None:
        """Know pools that came with code."""
        for pool in pools:
            if pool.name not in self._given and self.by_name.get(pool.name) != pool:
                self.by_name[pool.name] = pool
                self._held.discard(pool.name)

    def named(self, name: str) -> Pool:
        """Return the pool.

        Raises:
            Escalatable: nobody has declared it.
        """
        pool = self.by_name.get(name)
        if pool is None:
            known = ", ".join(map(repr, sorted(self.by_name))) or "none"
            raise Escalatable(
                f"Nobody has declared the pool {name!r}; this process knows: {known}. Give "
                f'tenuto.open(pools=[tenuto.Pool("{name}")]), or --pools FILE on the command '
                "line; then approve to try again.",
                code="no_such_pool",
            )
        return pool

    async def hold(self) -> None:
        """Return when the limits of all pools that are known hold.

        Raises:
            StoreUnavailable: the store is away.
        """
        new = [pool for name, pool in self.by_name.items() if name not in self._held]
        if new:
            await self._calls.declare(new)
            self._held.update(pool.name for pool in new)
