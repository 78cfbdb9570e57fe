import { describe, expect, test } from 'vitest';
import type { SessionEvent } from '../wire/events';
import { costsAt } from './cost';
import { lanesOf, saidAt } from './conversation';
import { agentsOf, edgeKey, type Graph, looksAt } from './graph';
import { found, gist } from './search';
import { changeAt, pathOf, SessionLog, statusAt, versionAt } from './session';
import { timelineAt } from './timeline';

const START = Date.parse('2026-01-05T10:00:00.000Z');

/** A log of the events, one each 100 ms; fields that no test looks at are left out. */
function logOf(...events: { type: string; [name: string]: unknown }[]): SessionLog {
  const log = new SessionLog(agentsOf(GRAPH));
  events.forEach((event, index) => {
    log.add({
      version: index + 1,
      position: index + 1,
      at: new Date(START + index * 100).toISOString(),
      ...event,
    } as unknown as SessionEvent);
  });
  return log;
}

const GRAPH = {
  entry: ['read'],
  nodes: [
    { id: 'read', kind: 'agent', ref: 'reader', body: '', label: 'read', condition: '' },
    { id: 'refund', kind: 'approval', ref: '', body: '', label: 'refund', condition: '' },
    { id: 'parts', kind: 'map', ref: 'writer', body: 'agent', label: 'parts', condition: '' },
  ],
  edges: [],
  mermaid: '',
} as Graph;

const answer = (text: string, calls: unknown[] = []) => ({
  text,
  calls,
  data: null,
  finish: 'stop',
  usage: { input_tokens: 10, output_tokens: 5, cost_usd: 0.01, cached_tokens: 0 },
  fault: '',
  model: '',
  cached: '',
  trail: [],
  purpose: '',
  recalled: [],
});

const begun = (task: number, node: string, kind: string, after = 0) => ({
  type: 'TaskStarted',
  task,
  node,
  kind,
  after,
  due_ms: 0,
});

const below = (parent: number, first: number, kind: string, count = 1, node = 'read') => ({
  type: 'ChildrenStarted',
  parent,
  first,
  index: 0,
  count,
  node,
  kind,
  due_ms: 0,
});

const done = (task: number, output: unknown = null) => ({ type: 'TaskCompleted', task, output });

const desk = () =>
  logOf(
    { type: 'SessionStarted', inputs: { text: 'broken' }, workflow: 'triage', user: 'ada' },
    begun(1, 'read', 'agent'),
    below(1, 2, 'model'),
    done(2, answer('They want their money back.')),
    done(1, { text: 'They want their money back.' }),
    begun(3, 'refund', 'approval', 1),
    { type: 'ApprovalDecided', task: 3, approved: true, by: 'ada', note: 'It was broken.' },
    done(3, { approved: true }),
    { type: 'SessionCompleted', output: { settled: true } },
  );

describe('a session', () => {
  test('is what its events made of it, at any version', () => {
    const log = desk();

    expect(statusAt(log, 1)).toBe('running');
    expect(statusAt(log, 6)).toBe('waiting');
    expect(statusAt(log, 8)).toBe('running');
    expect(statusAt(log, 9)).toBe('completed');
    expect(changeAt(log.tasks.get(3)!, 5)).toBeUndefined();
    expect(changeAt(log.tasks.get(3)!, 7)?.state).toBe('waiting');
    expect(changeAt(log.tasks.get(3)!, 9)?.state).toBe('done');
  });

  test('takes each event once, and none where one is missing', () => {
    const log = desk();

    log.add(log.events[2]!);

    expect(log.version).toBe(9);
    expect(() => log.add({ ...log.events[8]!, version: 11 })).toThrow('events are missing');
  });

  test('names a call by its tool, and a delegate by its own name', () => {
    const calls = [
      { id: 'a', tool: 'search', arguments: { query: 'fog' } },
      { id: 'b', tool: 'critic', arguments: {} },
    ];
    const log = logOf(
      { type: 'SessionStarted', inputs: {} },
      begun(1, 'read', 'agent'),
      below(1, 2, 'model'),
      done(2, answer('', calls)),
      below(1, 3, 'tool'),
      { ...below(1, 4, 'agent'), index: 1 },
    );

    expect(pathOf(log, 3)).toBe('read / search');
    expect(log.tasks.get(3)?.agent).toBe('reader');
    expect(log.tasks.get(4)?.agent).toBe('critic');
  });

  test('that failed an attempt waits for the next one', () => {
    const failure = { kind: 'transient', code: 'timeout', message: 'It took too long.' };
    const log = logOf(
      { type: 'SessionStarted', inputs: {} },
      begun(1, 'fetch', 'tool'),
      { type: 'AttemptFailed', task: 1, failure, retry_ms: START + 900, jitter: 0 },
      { type: 'TaskRetried', task: 1, inputs: null, by: '' },
    );

    expect(statusAt(log, 3)).toBe('waiting');
    expect(changeAt(log.tasks.get(1)!, 3)?.why).toBe('the next attempt: It took too long.');
    expect(statusAt(log, 4)).toBe('running');
    expect(log.tasks.get(1)?.attempts).toBe(2);
  });

  test('tells with what a call was made that a person changed', () => {
    const calls = [{ id: 'a', tool: 'refund', arguments: { cents: 5000 } }];
    const failure = { kind: 'escalatable', code: 'ask', message: 'May it?' };
    const ask = { kind: 'permission', title: 'May it?' };
    const log = logOf(
      { type: 'SessionStarted', inputs: {} },
      begun(1, 'read', 'agent'),
      below(1, 2, 'model'),
      done(2, answer('', calls)),
      below(1, 3, 'tool'),
      { type: 'TaskEscalated', task: 3, failure, ask },
      { type: 'TaskRetried', task: 3, inputs: { cents: 2000 }, by: 'ada' },
      done(3, { paid: 2000 }),
    );

    expect(log.tasks.get(3)?.changed).toEqual({ version: 7, inputs: { cents: 2000 } });
    expect(log.tasks.get(3)?.attempts).toBe(1);
    expect(saidAt(log, 8).at(-1)?.title).toBe('refund(cents=2000)');
  });

  test('knows which event was the newest at a moment', () => {
    const log = desk();

    expect(versionAt(log, START - 1)).toBe(0);
    expect(versionAt(log, START + 250)).toBe(3);
    expect(versionAt(log, START + 9_999)).toBe(9);
  });
});

describe('the graph', () => {
  test('shows where the work was at a version, and how tokens went', () => {
    const log = desk();

    const early = looksAt(log, 4);
    const late = looksAt(log, 9);

    expect(early.nodes.get('read')?.state).toBe('running');
    expect(early.nodes.has('refund')).toBe(false);
    expect(late.nodes.get('refund')?.state).toBe('done');
    expect(late.flow.get(edgeKey('read', 'refund'))).toBe(1);
  });

  test('counts the items of a map on its node', () => {
    const log = logOf(
      { type: 'SessionStarted', inputs: {} },
      begun(1, 'parts', 'map'),
      { type: 'MapOpened', task: 1, count: 3 },
      below(1, 2, 'agent', 3, 'parts.do'),
      done(2),
    );

    const look = looksAt(log, 5).nodes.get('parts');

    expect(look?.items).toEqual({ done: 1, failed: 0, open: 2, total: 3 });
    expect(log.tasks.get(3)?.label).toBe('parts[1]');
    expect(log.tasks.get(3)?.agent).toBe('writer');
  });
});

describe('the timeline', () => {
  test('has a bar for each task that was not passed by, with its waits apart', () => {
    const log = desk();

    const { bars } = timelineAt(log, 6, START + 700);

    expect(bars.map((bar) => [bar.task.label, bar.depth, bar.state])).toEqual([
      ['read', 0, 'done'],
      ['turn 1', 1, 'done'],
      ['refund', 0, 'waiting'],
    ]);
    expect(bars[2]?.stretches).toEqual([
      { fromMs: START + 500, toMs: START + 700, state: 'waiting' },
    ]);
  });
});

describe('the conversation', () => {
  test('tells what was said by whom, up to a version', () => {
    const log = desk();

    const said = saidAt(log, 9);

    expect(said.map((one) => [one.lane, one.kind])).toEqual([
      ['session', 'asked'],
      ['reader', 'answered'],
      ['session', 'decided'],
      ['session', 'ended'],
    ]);
    expect(lanesOf(said)).toEqual(['session', 'reader']);
    expect(saidAt(log, 3)).toHaveLength(1);
  });

  test('shows messages between agents as going from one lane to the other', () => {
    const calls = [{ id: 'a', tool: 'send', arguments: { to: 'writer', text: 'Begin.' } }];
    const log = logOf(
      { type: 'SessionStarted', inputs: {} },
      begun(1, 'read', 'agent'),
      below(1, 2, 'model'),
      done(2, answer('', calls)),
      below(1, 3, 'message'),
      done(3, { message: 1, to: ['writer'], kind: 'notification' }),
    );

    const told = saidAt(log, 6).at(-1);

    expect(told).toMatchObject({ kind: 'told', lane: 'reader', to: ['writer'], text: 'Begin.' });
  });
});

describe('a part of the work that runs as a session of its own', () => {
  test('is told with that session', () => {
    const log = logOf(
      { type: 'SessionStarted', inputs: {} },
      begun(1, 'write', 'workflow'),
      { type: 'ChildSessionStarted', task: 1, session: 'ses_2' },
    );

    expect(saidAt(log, 3).at(-1)).toMatchObject({ kind: 'began', session: 'ses_2', path: 'write' });
    expect(log.tasks.get(1)?.child).toBe('ses_2');
  });
});

describe('the cost', () => {
  test('is what models said of their answers so far, by agent', () => {
    const log = desk();

    expect(costsAt(log, 3).total.turns).toBe(0);
    expect(costsAt(log, 9).total).toMatchObject({ turns: 1, inputTokens: 10, usd: 0.01 });
    expect([...costsAt(log, 9).agents.keys()]).toEqual(['reader']);
  });
});

describe('search', () => {
  test('finds events in which every word stands', () => {
    const log = desk();

    expect(found(log.events, 'MONEY back', 9)).toEqual([3, 4]);
    expect(found(log.events, 'money', 4)).toEqual([3]);
    expect(found(log.events, '', 9)).toHaveLength(9);
    expect(gist(log.events[6]!)).toBe('approved by ada');
  });

  test('of a hundred thousand events takes no longer than an eye blinks', () => {
    const log = logOf({ type: 'SessionStarted', inputs: {} });
    for (let version = 2; version <= 100_000; version += 1) {
      const at = new Date(START + version).toISOString();
      const data = { claim: `claim ${version} about fog signals on the coast` };
      const noted = { version, position: version, at, type: 'Noted', task: 1, kind: 'claim', data };
      log.add(noted as unknown as SessionEvent);
    }
    found(log.events, 'warm', 100_000);

    const took = [1, 2, 3].map(() => {
      const began = performance.now();
      expect(found(log.events, 'claim 99999 fog', 100_000)).toEqual([99_998]);
      return performance.now() - began;
    });

    expect(Math.min(...took)).toBeLessThan(300);
  });
});
