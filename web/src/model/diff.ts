// What is different between two values of JSON, place by place.

import type { Json } from '../wire/events';

export interface Difference {
  /** As `values.notes[2]`. */
  path: string;
  kind: 'added' | 'removed' | 'changed';
  before: Json | undefined;
  after: Json | undefined;
}

const isObject = (value: Json | undefined): value is { [name: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Differences in the order of the places; of what is new or gone as a whole, only its own place. */
export function differences(before: Json | undefined, after: Json | undefined): Difference[] {
  const found: Difference[] = [];
  compare('', before, after, found);
  return found;
}

function compare(
  path: string,
  before: Json | undefined,
  after: Json | undefined,
  found: Difference[],
): void {
  if (before === after) return;
  if (isObject(before) && isObject(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    for (const name of names) {
      compare(joined(path, name), before[name], after[name], found);
    }
  } else if (Array.isArray(before) && Array.isArray(after)) {
    const length = Math.max(before.length, after.length);
    for (let at = 0; at < length; at += 1) {
      compare(`${path}[${at}]`, before[at], after[at], found);
    }
  } else if (before === undefined) {
    found.push({ path, kind: 'added', before, after });
  } else if (after === undefined) {
    found.push({ path, kind: 'removed', before, after });
  } else {
    found.push({ path, kind: 'changed', before, after });
  }
}

function joined(path: string, name: string): string {
  const plain = /^[\w-]+$/.test(name);
  if (!plain) return `${path}[${JSON.stringify(name)}]`;
  return path === '' ? name : `${path}.${name}`;
}
