// What a session that moves a database tells of it: found in what its nodes gave, by their shapes.

import type { Json, JsonObject } from '../wire/events';
import { changeAt, type SessionLog, type Task, type TaskState, tasksAt } from './session';

export interface Mapping {
  source: string;
  name: string;
  declared: string;
  type: string;
  meaning: string;
  confidence: number;
  isPersonal: boolean;
  decidedBy: string;
  changes: string[];
  reasons: string[];
  alternatives: { type: string; consequences: string }[];
}

export interface MovedTable {
  name: string;
  source: string;
  rows: number;
  /** Tables that its foreign keys name. */
  after: string[];
  mappings: Mapping[];
  moved: { rows: number; quarantined: number; seconds: number } | null;
}

export interface Lane {
  label: string;
  tables: string[];
  state: TaskState;
  child: string | null;
}

export interface Difference {
  verdict: string;
  what: string;
  source: string;
  target: string;
  reason: string;
}

export interface Decision {
  version: number;
  by: string;
  isApproved: boolean;
  note: string;
  task: string;
}

export interface Migration {
  source: string;
  target: string;
  threshold: number;
  tables: MovedTable[];
  leftOut: [string, string][];
  lanes: Lane[];
  verified: boolean | null;
  counts: [string, number][];
  checks: { name: string; compared: number; unit: string }[];
  differences: Difference[];
  decisions: Decision[];
}

const object = (value: unknown): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
const list = (value: unknown): Json[] => (Array.isArray(value) ? (value as Json[]) : []);
const text = (value: unknown): string =>
  typeof value === 'string' ? value : value == null ? '' : JSON.stringify(value);
const number = (value: unknown): number => (typeof value === 'number' ? value : 0);

/** What a session tells of a migration up to a version; null: it plans none. */
export function migrationAt(log: SessionLog, at: number): Migration | null {
  const outputs = outputsAt(log, at);
  const plan = outputs.map(({ plan }) => object(plan)).findLast((one) => list(one.tables).length > 0);
  if (plan === undefined) return null;
  const last = (name: string): JsonObject =>
    object(outputs.findLast((one) => one[name] !== undefined)?.[name]);
  const verification = last('verification');
  return {
    source: text(plan.source),
    target: text(plan.target),
    threshold: number(plan.threshold),
    tables: tablesOf(plan, last('annotated'), last('moved')),
    leftOut: Object.entries(object(plan.left_out)).map(([name, why]) => [name, text(why)]),
    lanes: lanesAt(log, at, outputs),
    verified: typeof verification.verified === 'boolean' ? verification.verified : null,
    counts: Object.entries(object(verification.counts)).map(([name, of]) => [name, number(of)]),
    checks: checksOf(verification),
    differences: differencesOf(verification),
    decisions: decisionsAt(log, at),
  };
}

function outputsAt(log: SessionLog, at: number): JsonObject[] {
  const found: [number, JsonObject][] = [];
  for (const [task, change] of tasksAt(log, at)) {
    if (change.state === 'done' && task.parent === 0) found.push([change.version, object(task.output)]);
  }
  return found.sort(([one], [other]) => one - other).map(([, output]) => output);
}

function tablesOf(plan: JsonObject, annotated: JsonObject, moved: JsonObject): MovedTable[] {
  const schema = new Map(
    list(object(annotated.schema).tables).map((one) => [text(object(one).name), object(one)]),
  );
  const meanings = object(annotated.columns);
  return list(plan.tables).map((one) => {
    const table = object(one);
    const source = text(table.source) || text(table.name);
    const was = schema.get(source);
    const declared = new Map(
      list(was?.columns).map((it) => [
        text(object(it).name),
        text(object(object(it).type).declared),
      ]),
    );
    const done = moved[text(table.name)] ?? moved[source];
    const after = list(was?.foreign_keys ?? table.foreign_keys).map((key) => text(object(key).table));
    return {
      name: text(table.name),
      source,
      rows: number(table.rows),
      after: [...new Set(after)].filter((name) => name !== '' && name !== source),
      mappings: list(table.columns).map((column) => mappingOf(object(column), source, declared, meanings)),
      moved:
        done === undefined
          ? null
          : {
              rows: number(object(done).rows),
              quarantined: number(object(done).quarantined),
              seconds: number(object(done).seconds),
            },
    };
  });
}

function mappingOf(
  column: JsonObject,
  table: string,
  declared: ReadonlyMap<string, string>,
  meanings: JsonObject,
): Mapping {
  const source = text(column.source) || text(column.name);
  const meaning = object(object(meanings[`${table}.${source}`]).meaning);
  return {
    source,
    name: text(column.name),
    declared: declared.get(source) ?? '',
    type: text(column.type),
    meaning: text(column.semantic) || text(meaning.semantic),
    confidence: number(column.confidence),
    isPersonal: meaning.personal === true,
    decidedBy: text(column.decided_by),
    changes: list(column.changes).map((one) => text(object(one).do)),
    reasons: [...list(column.reasons), ...list(meaning.evidence)].map(text),
    alternatives: list(column.alternatives).map((one) => ({
      type: text(object(one).type),
      consequences: text(object(one).consequences),
    })),
  };
}

function lanesAt(log: SessionLog, at: number, outputs: JsonObject[]): Lane[] {
  const planned = list(outputs.findLast((one) => Array.isArray(one.lanes))?.lanes);
  return planned.map((lane, index) => {
    const tables = new Set(list(lane).map((range) => text(object(range).table)));
    const task = itemOf(log, index);
    const state = task === undefined ? 'waiting' : (changeAt(task, at)?.state ?? 'waiting');
    return {
      label: `lane ${index + 1}`,
      tables: [...tables],
      state,
      child: task?.child ?? null,
    };
  });
}

function itemOf(log: SessionLog, index: number): Task | undefined {
  const map = [...log.tasks.values()].findLast((one) => one.kind === 'map');
  return map?.below.map((no) => log.tasks.get(no)).findLast((one) => one?.index === index);
}

function checksOf(verification: JsonObject): Migration['checks'] {
  const sums = new Map<string, { name: string; compared: number; unit: string }>();
  for (const one of list(verification.checks).map(object)) {
    const name = text(one.name);
    const sum = sums.get(name) ?? { name, compared: 0, unit: text(one.unit) };
    sum.compared += number(one.compared);
    sums.set(name, sum);
  }
  return [...sums.values()];
}

/** Differences between the databases, and queries that are not answered alike: defects first. */
function differencesOf(verification: JsonObject): Difference[] {
  const found = list(verification.differences).map((value) => {
    const one = object(value);
    return {
      verdict: text(one.verdict ?? one.kind),
      what: [one.table, one.column, one.name, one.key].map(text).filter(Boolean).join('.'),
      source: text(one.source),
      target: text(one.target),
      reason: text(one.reason ?? one.message),
    };
  });
  const asked = list(verification.queries)
    .map(object)
    .filter((one) => text(one.answer) !== 'same' && text(one.reason) !== '')
    .map((one) => ({
      verdict: text(one.answer),
      what: text(one.name),
      source: '',
      target: '',
      reason: text(one.reason),
    }));
  const all = [...found, ...asked];
  const weight = ({ verdict }: Difference): number => (verdict === 'expected' ? 1 : 0);
  return all.sort((one, other) => weight(one) - weight(other));
}

function decisionsAt(log: SessionLog, at: number): Decision[] {
  return log.events.flatMap((event) => {
    if (event.type !== 'ApprovalDecided' || event.version > at) return [];
    const { version, by, approved: isApproved, note } = event;
    return [{ version, by, isApproved, note, task: log.tasks.get(event.task)?.label ?? '' }];
  });
}
