import { describe, expect, it } from 'vitest';
import type { SessionEvent } from '../wire/events';
import { BEGIN, compared, parted } from './compare';
import { SessionLog } from './session';

type Told = { type: string; [name: string]: unknown };

function logOf(...events: Told[]): SessionLog {
  const log = new SessionLog(new Map([['write', 'writer']]));
  events.forEach((event, index) => {
    const at = new Date(1_000_000 + index).toISOString();
    log.add({ version: index + 1, position: 0, at, ...event } as unknown as SessionEvent);
  });
  return log;
}

const started = (inputs = {}): Told => ({ type: 'SessionStarted', inputs });
const begun = (task: number, node: string, kind = 'function'): Told => ({
  type: 'TaskStarted',
  task,
  node,
  kind,
  after: 0,
  due_ms: 0,
});
const turn = (parent: number, first: number): Told => ({
  type: 'ChildrenStarted',
  parent,
  first,
  count: 1,
  index: 0,
  kind: 'model',
  node: 'write',
  due_ms: 0,
});
const done = (task: number, output: unknown): Told => ({ type: 'TaskCompleted', task, output });
const answer = (text: string, cost_usd = 0.01) => ({
  text,
  calls: [],
  data: null,
  finish: 'stop',
  usage: { input_tokens: 1, output_tokens: 1, cost_usd },
  fault: '',
  model: 'm',
});

const verdicts = (a: SessionLog, b: SessionLog) =>
  compared(a, b).steps.map((step) => [step.key, step.verdict]);

describe('two sessions', () => {
  it('that did the same are the same, whatever it cost', () => {
    const run = (usd: number) =>
      logOf(started(), begun(1, 'write', 'agent'), turn(1, 2), done(2, answer('Hello', usd)), done(1, 'Hello'));

    const found = compared(run(0.01), run(0.5));

    expect(found.first).toBeNull();
    expect(found.counts).toEqual({ same: 3, different: 0, 'only a': 0, 'only b': 0 });
  });

  it('first differ in what made the difference, not in what lies around it', () => {
    const run = (text: string) =>
      logOf(started(), begun(1, 'write', 'agent'), turn(1, 2), done(2, answer(text)), done(1, text));

    const found = compared(run('Hello'), run('Good day'));

    expect(found.first).toBe('write / turn 1');
    const step = found.steps.find((one) => one.key === found.first);
    expect(step?.changed.map((one) => [one.path, one.before, one.after])).toEqual([
      ['gave.text', 'Hello', 'Good day'],
    ]);
  });

  it('that began with other inputs differ from the begin on', () => {
    const found = compared(logOf(started({ n: 1 })), logOf(started({ n: 2 })));

    expect(found.first).toBe(BEGIN);
    expect(found.steps[0]?.changed[0]?.path).toBe('inputs.n');
  });

  it('are aligned by step where one did more than the other', () => {
    const a = logOf(started(), begun(1, 'look'), done(1, 1), begun(2, 'write'), done(2, 2));
    const b = logOf(
      started(),
      begun(1, 'look'),
      done(1, 1),
      begun(2, 'check'),
      done(2, 0),
      begun(3, 'write'),
      done(3, 2),
      begun(4, 'look'),
      done(4, 1),
    );

    expect(verdicts(a, b)).toEqual([
      [BEGIN, 'same'],
      ['look', 'same'],
      ['check', 'only b'],
      ['write', 'same'],
      ['look (2)', 'only b'],
    ]);
    expect(verdicts(b, a)[2]).toEqual(['check', 'only a']);
  });

  it('whose steps came in another order have each step once', () => {
    const run = (...nodes: string[]) =>
      logOf(started(), ...nodes.flatMap((node, n) => [begun(n + 1, node), done(n + 1, node)]));

    const keys = verdicts(run('a', 'b', 'c'), run('c', 'a', 'b')).map(([key]) => key);

    expect([...keys].sort()).toEqual(['a', 'b', BEGIN, 'c'].sort());
    expect(keys).toHaveLength(4);
  });
});

describe('two texts', () => {
  it('are parted into what is alike at the ends and what is not between', () => {
    expect(parted('pay the 20 euro back now', 'pay the full sum back now')).toEqual({
      before: 'pay the ',
      a: '20 euro',
      b: 'full sum',
      after: ' back now',
    });
  });

  it('lose and repeat nothing', () => {
    for (const [a, b] of [['a a', 'a'], ['', 'x y'], ['same', 'same'], ['a b a', 'a b a b a']] as const) {
      const found = parted(a, b);
      expect(found.before + found.a + found.after).toBe(a);
      expect(found.before + found.b + found.after).toBe(b);
    }
  });
});
