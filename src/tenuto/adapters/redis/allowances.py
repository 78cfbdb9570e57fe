"""Allowances that hold over all servers: counted in Redis, by one script for each request.

It is `core.limiting.rules` once more, in Lua, down to the order of each sum. Time is Redis's own,
as clocks of several machines are never the same.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from redis.exceptions import ResponseError

from tenuto.adapters.redis.line import Line, RedisAway, Script, Value
from tenuto.core.limiting.rules import SLOTS, Bucket, Rule, Verdict
from tenuto.ports.allowances import Allowance, Allowances

COMMANDS_MAX: Final = 10_000
"""Ready commands that are remembered; some 5 MB."""

TAKE: Final = f"""
local SLOTS = {SLOTS}
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local states = redis.call('MGET', unpack(KEYS))
local told, after, allowed = {{}}, {{}}, true

local function bucket(state, rate, burst)
  local tokens, at = burst, now
  if state then
    tokens, at = cmsgpack.unpack(state)
    local passed = now - at
    if passed > 0 then
      tokens, at = math.min(tokens + passed * rate / 1000, burst), now
    end
  end
  local left, seconds = tokens - 1, burst / rate
  if tokens >= 1 then
    local whole = math.floor(left)
    local reset = math.ceil((whole + 1 - left) * 1000 / rate)
    return cmsgpack.pack(left, at), seconds, 1, whole, 0, reset
  end
  local wait = math.ceil((1 - tokens) * 1000 / rate)
  return nil, seconds, 0, 0, wait, wait
end

local function window(state, limit, seconds)
  local size = math.floor(seconds * 1000 / SLOTS)
  local slot = math.floor(now / size)
  -- The newest slot, its count, and those of the slots before it, the newest first.
  local old = state and {{cmsgpack.unpack(state)}} or {{slot, 0}}
  local passed = slot - old[1]
  local count = {{}}
  if passed <= 0 then
    slot, count = old[1], old
  else
    count[1], count[2] = slot, 0
    for age = 1, SLOTS do
      count[age + 2] = age >= passed and old[age - passed + 2] or 0
    end
  end
  local used, first = 0, slot
  for age = 0, SLOTS do
    local one = count[age + 2] or 0
    count[age + 2] = one
    if one > 0 then used, first = used + one, slot - age end
  end
  local gone = math.max(now, slot * size) - size * (SLOTS + 1)
  local remaining, reset = limit - used - 1, first * size - gone
  local lasting = seconds + 2 * size / 1000
  if remaining >= 0 then
    count[2] = count[2] + 1
    return cmsgpack.pack(unpack(count)), lasting, 1, remaining, 0, reset
  end
  local wanted, last = -remaining, slot
  for age = SLOTS, 1, -1 do
    wanted = wanted - count[age + 2]
    if wanted <= 0 then
      last = slot - age
      break
    end
  end
  return nil, lasting, 0, 0, last * size - gone, reset
end

for i = 1, #KEYS do
  local rule = ARGV[3 * i - 1] == 'b' and bucket or window
  local state, seconds, yes, remaining, wait, reset =
    rule(states[i], tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1]))
  allowed = allowed and yes == 1
  after[i] = {{state, math.ceil(seconds) + 1}}
  told[i] = string.format('%d %.0f %.0f %.0f', yes, remaining, wait, reset)
end
if allowed then
  for i = 1, #KEYS do
    redis.call('SET', KEYS[i], after[i][1], 'EX', string.format('%.0f', after[i][2]))
  end
end
return table.concat(told, ' ')
"""

_log: Final = logging.getLogger("tenuto")


class RedisAllowances:
    """`Allowances` of all who share a prefix. While Redis is away, `alone` counts."""

    def __init__(
        self, line: Line, alone: Allowances, *, prefix: str = "", clock_here: bool = False
    ) -> None:
        """
        Args:
            prefix: of the keys, behind that of the line.
            clock_here: go by the moments that are given, not by Redis's clock.
        """
        self._line, self._alone = line, alone
        self._prefix = f"{line.maker.prefix}{prefix}:limit:"
        self._clock_here = clock_here
        self._script = Script(TAKE)
        self._commands: dict[int, tuple[Sequence[Allowance], bytes]] = {}
        self._is_told = False

    async def take(self, wanted: Sequence[Allowance], now_ms: int) -> tuple[Verdict, ...]:
        """See `Allowances.take`."""
        if not wanted:
            return ()
        if self._line.is_here:
            try:
                return _verdicts(await self._asked(self._command(wanted, now_ms)))
            except RedisAway:
                pass
            except ResponseError as error:
                self._tell(error)
        return await self._alone.take(wanted, now_ms)

    async def _asked(self, command: bytes) -> bytes:
        answer: bytes = await self._script.ran(self._line, command)
        if self._is_told:
            self._is_told = False
            _log.warning("Redis %s counts requests again.", self._line.maker.name)
        return answer

    def _tell(self, error: ResponseError) -> None:
        if not self._is_told:
            self._is_told = True
            _log.warning(
                "Redis %s does not count requests (%s); each process counts its own meanwhile.",
                self._line.maker.name,
                error,
            )

    def _command(self, wanted: Sequence[Allowance], now_ms: int) -> bytes:
        if self._clock_here:
            return self._made(wanted, now_ms)
        # A server asks the same of a caller again and again, by the same object.
        known = self._commands.get(id(wanted))
        if known is None or known[0] is not wanted:
            if len(self._commands) >= COMMANDS_MAX:
                self._commands.clear()
            known = self._commands[id(wanted)] = (wanted, self._made(wanted, ""))
        return known[1]

    def _made(self, wanted: Sequence[Allowance], now: Value) -> bytes:
        keys = [f"{self._prefix}{one.key}:{'/'.join(map(str, _words(one.rule)))}" for one in wanted]
        words = [word for one in wanted for word in _words(one.rule)]
        return self._script.command(keys, [now, *words])


def _words(rule: Rule) -> tuple[str, float, int]:
    if isinstance(rule, Bucket):
        return "b", rule.per_second, rule.burst
    return "w", rule.limit, rule.seconds


def _verdicts(answer: bytes) -> tuple[Verdict, ...]:
    numbers = [int(word) for word in answer.split()]
    return tuple(
        [
            Verdict(
                allowed=bool(numbers[place]),
                remaining=numbers[place + 1],
                wait_ms=numbers[place + 2],
                reset_ms=numbers[place + 3],
            )
            for place in range(0, len(numbers), 4)
        ]
    )
