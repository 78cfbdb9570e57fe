import { describe, expect, test } from 'vitest';
import type { SessionEvent } from '../wire/events';
import { costsAt } from './cost';
import { looksAt } from './graph';
import kept from './recaps.fixture.json';
import { type Recap, SessionLog, statusAt } from './session';

// Written by tests/views/test_recap.py: a log of the server with what it tells of each version.
const events = kept.events as unknown as SessionEvent[];
const recaps = kept.recaps as unknown as Recap[];
const AGENTS = new Map([['draft', 'writer']]);

function logAfter(version: number): SessionLog {
  const log = new SessionLog(AGENTS, recaps[version] ?? null);
  for (const event of events.slice(version)) log.add(event);
  return log;
}

const whole = logAfter(0);
const versions = events.map((_, index) => index + 1);
/** Each place to go on from, with each version that is looked at from there. */
const pairs = versions.flatMap((first) =>
  versions.filter((at) => at >= first).map((at) => [first, at] as const),
);

describe('a log that goes on from a recap', () => {
  test('shows nodes and edges as the whole log does, at every version', () => {
    for (const [first, at] of pairs) {
      const { nodes, flow } = looksAt(logAfter(first), at);
      const those = looksAt(whole, at);
      expect([first, at, Object.fromEntries(nodes)]).toEqual([
        first,
        at,
        Object.fromEntries(those.nodes),
      ]);
      expect(flow).toEqual(those.flow);
    }
  });

  test('costs what the whole log costs', () => {
    for (const [first, at] of pairs) {
      const { total, agents } = costsAt(logAfter(first), at);
      const those = costsAt(whole, at);
      expect([...agents.keys()]).toEqual([...those.agents.keys()]);
      for (const part of Object.keys(total) as (keyof typeof total)[]) {
        expect(total[part], `${part} at ${at} after ${first}`).toBeCloseTo(those.total[part]);
      }
    }
  });

  test('is as far as the whole log, and names its tasks as that does', () => {
    for (const [first, at] of pairs) {
      const log = logAfter(first);
      expect(statusAt(log, at)).toBe(statusAt(whole, at));
      expect(log.version).toBe(events.length);
      expect(log.event(at)?.version).toBe(at > first ? at : undefined);
      expect(log.momentAt(at)).toBe(whole.momentAt(at));
      for (const task of log.tasks.values()) {
        const that = whole.tasks.get(task.no);
        expect([task.label, task.agent, task.call]).toEqual([that?.label, that?.agent, that?.call]);
      }
    }
  });
});
