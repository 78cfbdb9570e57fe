"""Carries out calls of pools for the processes that own their sessions."""

import asyncio

import msgspec

from tenuto.core.errors import Escalatable
from tenuto.core.vocabulary import Json
from tenuto.runtime.attempts import Attempts
from tenuto.runtime.code import Code
from tenuto.runtime.errands import Errand, came_of, decode_errand, encode_came
from tenuto.runtime.record import Record


class Carrier:
    """The code of this process, for whoever wants it called."""

    def __init__(self, code: Code, attempts: Attempts) -> None:
        self._code, self._attempts = code, attempts

    async def carry_out(self, payload: bytes) -> bytes:
        """Return what came of an errand, whatever it was.

        Raises:
            asyncio.CancelledError: this process is to stop it.
        """
        record, output = Record(), None
        found: BaseException | None = None
        errand = decode_errand(payload)
        try:
            output = await self._call(errand, record)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            found = error
        except Exception as error:
            found = error
        try:
            return encode_came(came_of(errand, output, found, record))
        except (TypeError, ValueError, msgspec.MsgspecError) as error:
            # Text that is no Unicode, in a note or a message.
            return encode_came(came_of(errand, None, error, Record()))

    async def _call(self, errand: Errand, record: Record) -> Json:
        if not errand.tool:
            function = self._code.function(errand.ref)
            return await self._attempts.call_function(errand, function, record)
        tool = self._code.tool(errand.ref)
        if tool.spec.name != errand.tool:
            message = f"{errand.ref!r} is tool {tool.spec.name!r} here, and {errand.tool!r} there."
            raise Escalatable(f"{message} Deploy the same code to both.", code="code_not_found")
        return await self._attempts.call_tool(
            errand, tool, self._attempts.bound(errand, tool, record)
        )
