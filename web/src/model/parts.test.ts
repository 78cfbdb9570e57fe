import { describe, expect, test } from 'vitest';
import { FrameReader } from '../wire/frames';
import { differences } from './diff';
import { fieldsFor, fieldsOf, initialOf, read } from './forms';
import { layout, NODE } from './layout';
import { ticks } from './timeline';
import { agoText, countText, lengthText, usdText } from './words';

describe('differences', () => {
  test('are told place by place', () => {
    const before = { values: { notes: ['a'], count: 1, old: true } };
    const after = { values: { notes: ['a', 'b'], count: 2, 'new key': null } };

    expect(differences(before, after)).toEqual([
      { path: 'values.notes[1]', kind: 'added', before: undefined, after: 'b' },
      { path: 'values.count', kind: 'changed', before: 1, after: 2 },
      { path: 'values.old', kind: 'removed', before: true, after: undefined },
      { path: 'values["new key"]', kind: 'added', before: undefined, after: null },
    ]);
    expect(differences(before, structuredClone(before))).toEqual([]);
  });
});

describe('a form', () => {
  const schema = {
    type: 'object',
    properties: {
      words: { type: 'integer', default: 200 },
      style: { enum: ['short', 'long'] },
      question: { type: 'string', description: 'What to find out.' },
      refine: { type: 'boolean', default: false },
      tags: { type: 'array' },
    },
    required: ['question'],
  };

  test('has a field for each part of a schema, what is required first', () => {
    const fields = fieldsOf(schema)!;

    expect(fields.map((field) => [field.name, field.kind])).toEqual([
      ['question', 'long'],
      ['words', 'number'],
      ['style', 'choice'],
      ['refine', 'boolean'],
      ['tags', 'json'],
    ]);
    expect(initialOf(fields).words).toBe('200');
    expect(fieldsOf({ type: 'string' })).toBeNull();
  });

  test('gives the value that was entered, without what was left empty', () => {
    const fields = fieldsOf(schema)!;

    const { value, errors } = read(fields, { question: 'Why?', words: '50', tags: '["a"]' });

    expect(errors).toEqual({});
    expect(value).toEqual({ question: 'Why?', words: 50, tags: ['a'] });
  });

  test('says of each field what is wrong with it', () => {
    const { errors } = read(fieldsOf(schema)!, { words: 'many', tags: '[' });

    expect(Object.keys(errors)).toEqual(['question', 'words', 'tags']);
    expect(errors.words).toBe('Enter a number; found "many".');
    expect(errors.tags).toContain('This is no JSON');
  });

  test('over a value gives it back as it was, where nothing was changed', () => {
    const value = { to: 'ada@example.org', cents: 1200, urgent: true, lines: [1, null], note: '' };
    const fields = fieldsFor(value);

    const { value: same, errors } = read(fields, initialOf(fields));

    expect(errors).toEqual({});
    expect(same).toEqual(value);
  });
});

describe('the layout', () => {
  test('puts what follows below, and turns edges that lead back around', () => {
    const lines = [
      { from: 'a', to: 'b' },
      { from: 'a', to: 'c' },
      { from: 'b', to: 'd' },
      { from: 'c', to: 'd' },
      { from: 'd', to: 'a' },
    ];

    const { places } = layout(['a', 'b', 'c', 'd'], lines);

    const y = (id: string): number => places.get(id)!.y;
    expect(y('a')).toBeLessThan(y('b'));
    expect(y('b')).toBe(y('c'));
    expect(y('d')).toBeGreaterThan(y('c'));
    expect(places.get('b')!.x).not.toBe(places.get('c')!.x);
  });

  test('leads a line over several layers past the nodes between', () => {
    const lines = [
      { from: 'a', to: 'b' },
      { from: 'b', to: 'c' },
      { from: 'a', to: 'c' },
      { from: 'c', to: 'a' },
    ];

    const { places, routes, turned } = layout(['a', 'b', 'c'], lines);

    const b = places.get('b')!;
    const [bend] = routes.get(2)!;
    expect(bend!.x < b.x || bend!.x > b.x + NODE.width).toBe(true);
    expect(places.get('a')!.x).toBeCloseTo(places.get('c')!.x, -2);
    expect(routes.has(0)).toBe(false);
    expect(routes.get(3)).toHaveLength(1);
    expect([...turned]).toEqual([3]);
  });

  test('places ten thousand nodes in a moment, none on another', () => {
    const ids = Array.from({ length: 10_000 }, (_, n) => `n${n}`);
    const lines = ids.slice(1).map((to, n) => ({ from: `n${Math.floor(n / 3)}`, to }));

    const took = [1, 2, 3].map(() => {
      const began = performance.now();
      layout(ids, lines);
      return performance.now() - began;
    });

    expect(Math.min(...took)).toBeLessThan(1_000);
    const { places } = layout(ids, lines);
    const taken = new Set([...places.values()].map(({ x, y }) => `${x}/${y}`));
    expect(taken.size).toBe(10_000);
    expect(NODE.width).toBeGreaterThan(0);
  });
});

describe('the stream', () => {
  test('is read from pieces of any length', () => {
    const reader = new FrameReader();
    const text = ': heartbeat\n\nid: 7\nevent: event\ndata: {"a":1}\n\nevent: end\ndata: {}\n\n';

    const frames = [...text].flatMap((character) => reader.take(character));

    expect(frames).toEqual([
      { event: 'event', id: '7', data: '{"a":1}' },
      { event: 'end', id: '7', data: '{}' },
    ]);
  });
});

describe('words', () => {
  test('tell lengths, moments and amounts as people read them', () => {
    expect([12, 4_200, 185_000, 7_800_000, 180_000_000].map(lengthText)).toEqual([
      '12 ms',
      '4.2 s',
      '3 min 5 s',
      '2 h 10 min',
      '2 d 2 h',
    ]);
    expect(agoText(0, 12_400)).toBe('12 s ago');
    expect(agoText(3_600_000, 0)).toBe('in 1 h');
    expect([0, 0.0123, 4.5].map(usdText)).toEqual(['$0', '$0.0123', '$4.50']);
    expect([950, 12_400].map(countText)).toEqual(['950', '12.4 k']);
    expect(ticks(1_000, 5)).toEqual([0, 200, 400, 600, 800, 1_000]);
  });
});
