import { expect, test } from 'vitest';
import type { SessionEvent } from '../wire/events';
import { migrationAt } from './migration';
import { SessionLog } from './session';

const PLAN = {
  source: 'sqlite:///old.db',
  target: 'sqlite:///new.db',
  threshold: 0.8,
  left_out: { 'order.paid': 'A trigger.' },
  tables: [
    {
      name: 'orders',
      source: 'order',
      rows: 7,
      columns: [{ name: 'day', source: 'dt', type: 'DATE', confidence: 0.7, decided_by: 'rules' }],
    },
  ],
};
const ANNOTATED = {
  columns: { 'order.dt': { meaning: { semantic: 'date', personal: true, evidence: ['So named.'] } } },
  schema: {
    tables: [
      {
        name: 'order',
        columns: [{ name: 'dt', type: { declared: 'TEXT' } }],
        foreign_keys: [{ table: 'customers' }],
      },
    ],
  },
};

function logOf(...outputs: object[]): SessionLog {
  const log = new SessionLog();
  const add = (event: object): void => {
    const version = log.version + 1;
    log.add({ version, position: version, at: '2026-01-05T10:00:00Z', ...event } as SessionEvent);
  };
  outputs.forEach((output, index) => {
    const task = index + 1;
    add({ type: 'TaskStarted', task, node: `n${task}`, kind: 'function', after: 0, due_ms: 0 });
    add({ type: 'TaskCompleted', task, output });
  });
  return log;
}

test('a migration is told by the shapes of what nodes gave, as far as it had come', () => {
  const moved = { orders: { rows: 6, quarantined: 1, seconds: 0.5 } };
  const log = logOf({ plan: PLAN, annotated: ANNOTATED }, { moved });

  const early = migrationAt(log, 2);
  const late = migrationAt(log, 4);

  expect(migrationAt(log, 1)).toBeNull();
  expect(early?.tables[0]).toMatchObject({ name: 'orders', after: ['customers'], moved: null });
  expect(early?.tables[0]?.mappings[0]).toMatchObject({
    source: 'dt',
    declared: 'TEXT',
    type: 'DATE',
    meaning: 'date',
    confidence: 0.7,
    isPersonal: true,
    reasons: ['So named.'],
  });
  expect(late?.tables[0]?.moved).toEqual({ rows: 6, quarantined: 1, seconds: 0.5 });
});

test('a session that plans nothing to move is no migration', () => {
  expect(migrationAt(logOf({ plan: { tables: [] } }, { plan: 'none' }), 4)).toBeNull();
});
