// The file of a workflow, changed part by part: comments, order and the way it is written stay.
//
// A change is made to the parsed document. What this changes in the text that the parser writes, line
// by line, is then done to the text as it was: lines that the change does not touch stay as they are,
// even where the parser would have written them otherwise.

import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type ToStringOptions,
} from 'yaml';

export const KINDS = [
  'agent',
  'tool',
  'function',
  'approval',
  'wait',
  'timer',
  'timer_until',
  'condition',
  'map',
  'loop',
  'workflow',
] as const;

export type Kind = (typeof KINDS)[number];

export interface FlowNode {
  id: string;
  kind: Kind | '';
  /** What the keyword has: the agent's name, the question, the expression. */
  value: unknown;
  /** All that is said of it. */
  facts: Record<string, unknown>;
  /** Where its line is in the text, from 1 on. */
  line: number;
}

/** Where an edge stands: `edges[index]`, or a condition of `conditional_edges[index]`. */
export interface FlowEdge {
  from: string;
  to: string;
  kind: 'plain' | 'join' | 'case' | 'default';
  /** The condition of a case. */
  label: string;
  index: number;
  /** Of a switch: which of its conditions. */
  at: number;
}

export interface Flow {
  name: string;
  nodes: FlowNode[];
  edges: FlowEdge[];
  /** Agents by name. */
  agents: Map<string, Record<string, unknown>>;
  entry: string[];
  /** Why the text cannot be read, in words; the rest is then empty. */
  fault: string;
}

const NOTHING: Flow = { name: '', nodes: [], edges: [], agents: new Map(), entry: [], fault: '' };

/** What a text says, as far as it can be drawn: the graph form. */
export function flowOf(text: string): Flow {
  const lineCounter = new LineCounter();
  const doc = parseDocument(text, { lineCounter });
  const first = doc.errors[0];
  if (first !== undefined) return { ...NOTHING, fault: (first.message.split('\n')[0] ?? '').trim() };
  const all = doc.toJS() as unknown;
  if (!isRecord(all)) return { ...NOTHING, fault: 'This is no workflow yet: it has no keys.' };
  if (Array.isArray(all.tasks)) {
    return { ...NOTHING, fault: 'This is the task form, which is changed as text only.' };
  }
  const graph = isRecord(all.graph) ? all.graph : {};
  return {
    name: typeof all.workflow === 'string' ? all.workflow : '',
    nodes: nodesIn(doc, isRecord(graph.nodes) ? graph.nodes : {}, lineCounter),
    edges: [...plainIn(graph.edges), ...switchesIn(graph.conditional_edges)],
    agents: new Map(
      Object.entries(isRecord(all.agents) ? all.agents : {}).map(([name, one]) => [
        name,
        isRecord(one) ? one : {},
      ]),
    ),
    entry: namesOf(graph.entry),
    fault: '',
  };
}

function nodesIn(doc: Document, nodes: Record<string, unknown>, counter: LineCounter): FlowNode[] {
  const map = doc.getIn(['graph', 'nodes'], true);
  const lines = new Map<string, number>();
  if (isMap(map)) {
    for (const pair of map.items) {
      const { key } = pair;
      if (isScalar(key) && key.range) lines.set(String(key.value), counter.linePos(key.range[0]).line);
    }
  }
  return Object.entries(nodes).map(([id, one]) => {
    const facts = isRecord(one) ? one : {};
    const kind = KINDS.find((each) => each in facts) ?? '';
    return { id, kind, value: kind === '' ? null : facts[kind], facts, line: lines.get(id) ?? 1 };
  });
}

function plainIn(edges: unknown): FlowEdge[] {
  const found: FlowEdge[] = [];
  if (!Array.isArray(edges)) return found;
  edges.forEach((edge: unknown, index) => {
    if (!isRecord(edge)) return;
    const sources = namesOf(edge.from);
    for (const from of sources) {
      for (const to of namesOf(edge.to)) {
        const kind = sources.length > 1 ? 'join' : 'plain';
        found.push({ from, to, kind, label: '', index, at: -1 });
      }
    }
  });
  return found;
}

function switchesIn(edges: unknown): FlowEdge[] {
  const found: FlowEdge[] = [];
  if (!Array.isArray(edges)) return found;
  edges.forEach((edge: unknown, index) => {
    if (!isRecord(edge) || typeof edge.from !== 'string' || !Array.isArray(edge.conditions)) return;
    const { from } = edge;
    edge.conditions.forEach((one: unknown, at) => {
      if (!isRecord(one)) return;
      const to = 'else' in one ? one.else : one.then;
      if (typeof to !== 'string') return;
      const kind = 'else' in one ? 'default' : 'case';
      found.push({ from, to, kind, label: kind === 'case' ? String(one.if ?? '') : '', index, at });
    });
  });
  return found;
}

const namesOf = (value: unknown): string[] =>
  typeof value === 'string'
    ? [value]
    : Array.isArray(value)
      ? value.filter((one): one is string => typeof one === 'string')
      : [];

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const TEMPLATE = `workflow: new
inputs: {task: string}
agents:
  helper:
    model: offline
    instructions: Do what the task says.
graph:
  nodes:
    work: {agent: helper, inputs: {task: inputs.task}}
  entry: work
output: outputs.work.text
`;

// Changes. Each gives the text as it is then.

type Change = (doc: Document) => void;

export const withNode = (text: string, id: string, facts: Record<string, unknown>): string =>
  edited(text, (doc) => {
    const node = doc.createNode(facts, { flow: true });
    const map = doc.getIn(['graph', 'nodes'], true);
    if (isMap(map)) map.set(doc.createNode(id), node);
    else doc.setIn(['graph', 'nodes'], doc.createNode({ [id]: facts }));
  });

/** A key of a node takes another value; undefined: it goes. */
export const withFact = (text: string, id: string, key: string, value: unknown): string =>
  edited(text, (doc) => put(doc, ['graph', 'nodes', id, key], value));

/** The keyword of a node becomes another, in the place of the one before. */
export const withKind = (text: string, id: string, kind: Kind, value: unknown): string =>
  edited(text, (doc) => {
    const node = doc.getIn(['graph', 'nodes', id], true);
    if (!isMap(node)) return;
    const pair = node.items.find(({ key }) => isScalar(key) && KINDS.includes(key.value as Kind));
    if (pair === undefined) {
      node.items.unshift(doc.createPair(kind, value) as never);
      return;
    }
    if (isScalar(pair.key)) pair.key.value = kind;
    pair.value = doc.createNode(value) as never;
  });

export const withoutNode = (text: string, id: string): string =>
  edited(text, (doc) => {
    doc.deleteIn(['graph', 'nodes', id]);
    forEdges(doc, (value) => (value === id ? null : value));
  });

/** A node gets another name, wherever edges, and the entry, name it. Expressions stay as they are. */
export const withName = (text: string, id: string, name: string): string =>
  edited(text, (doc) => {
    const map = doc.getIn(['graph', 'nodes'], true);
    if (!isMap(map) || map.has(name)) return;
    for (const { key } of map.items) if (isScalar(key) && key.value === id) key.value = name;
    forEdges(doc, (value) => (value === id ? name : value));
  });

export const withEdge = (text: string, from: string, to: string): string =>
  edited(text, (doc) => {
    const edges = doc.getIn(['graph', 'edges'], true);
    const edge = doc.createNode({ from, to }, { flow: true });
    if (isSeq(edges)) {
      // An empty list stands as [], and would have to hold all that comes.
      if (edges.items.length === 0) edges.flow = false;
      edges.add(edge);
      return;
    }
    const graph = doc.getIn(['graph'], true);
    if (!isMap(graph)) return;
    const made = doc.createPair('edges', [edge]);
    const at = graph.items.findIndex(({ key }) => isScalar(key) && key.value === 'nodes');
    graph.items.splice(at + 1, 0, made as never);
  });

/** An edge between two nodes is no more; of a switch, the case. */
export const withoutEdge = (text: string, edge: FlowEdge): string =>
  edited(text, (doc) => {
    if (edge.at >= 0) dropCase(doc, edge);
    else dropPlain(doc, edge);
  });

function dropCase(doc: Document, { index, at }: FlowEdge): void {
  doc.deleteIn(['graph', 'conditional_edges', index, 'conditions', at]);
  const rest = doc.getIn(['graph', 'conditional_edges', index, 'conditions'], true);
  if (isSeq(rest) && rest.items.length === 0) dropItem(doc, 'conditional_edges', index);
}

function dropPlain(doc: Document, { index, from, to }: FlowEdge): void {
  const at = ['graph', 'edges', index];
  const [sources, targets] = [namesOf(js(doc, [...at, 'from'])), namesOf(js(doc, [...at, 'to']))];
  if (targets.length > 1) put(doc, [...at, 'to'], shorter(targets, to));
  else if (sources.length > 1) put(doc, [...at, 'from'], shorter(sources, from));
  else dropItem(doc, 'edges', index);
}

function dropItem(doc: Document, list: 'edges' | 'conditional_edges', index: number): void {
  doc.deleteIn(['graph', list, index]);
  const rest = doc.getIn(['graph', list], true);
  if (isSeq(rest) && rest.items.length === 0) doc.deleteIn(['graph', list]);
}

/** An edge is taken only when something is true: a plain one becomes a case, or a case another. */
export const withCondition = (text: string, edge: FlowEdge, condition: string): string =>
  edited(text, (doc) => {
    if (edge.at >= 0) {
      const at = ['graph', 'conditional_edges', edge.index, 'conditions', edge.at];
      const one = condition === '' ? { else: edge.to } : { if: condition, then: edge.to };
      doc.setIn(at, doc.createNode(one, { flow: true }));
      return;
    }
    if (condition === '') return;
    dropPlain(doc, edge);
    addCase(doc, edge.from, { if: condition, then: edge.to });
  });

function addCase(doc: Document, from: string, one: Record<string, string>): void {
  const made = doc.createNode(one, { flow: true });
  const all = doc.getIn(['graph', 'conditional_edges'], true);
  if (isSeq(all)) {
    const known = all.items.find((each) => isMap(each) && each.get('from') === from);
    const conditions = isMap(known) ? known.get('conditions', true) : undefined;
    if (isSeq(conditions)) {
      // An else is the last of all.
      const last = conditions.items.at(-1);
      const at = isMap(last) && last.has('else') ? conditions.items.length - 1 : conditions.items.length;
      conditions.items.splice(at, 0, made);
    } else {
      all.add(doc.createNode({ from, conditions: [made] }));
    }
    return;
  }
  doc.setIn(['graph', 'conditional_edges'], doc.createNode([{ from, conditions: [made] }]));
}

/** A key of an agent takes another value; undefined: it goes. An agent that is new is made. */
export const withAgentFact = (text: string, name: string, key: string, value: unknown): string =>
  edited(text, (doc) => put(doc, ['agents', name, key], value));

function put(doc: Document, path: (string | number)[], value: unknown): void {
  if (value === undefined) {
    doc.deleteIn(path);
    return;
  }
  const known = doc.getIn(path, true);
  if (isScalar(known) && typeof value !== 'object') known.value = value;
  else doc.setIn(path, doc.createNode(value, { flow: typeof value === 'object' && value !== null }));
}

const js = (doc: Document, path: (string | number)[]): unknown => {
  const found = doc.getIn(path);
  return isSeq(found) || isMap(found) ? found.toJSON() : found;
};

const shorter = (names: readonly string[], gone: string): string | string[] => {
  const rest = names.filter((one) => one !== gone);
  return rest.length === 1 ? (rest[0] as string) : rest;
};

/** Has each name that edges and the entry give become another, or none. */
function forEdges(doc: Document, change: (name: string) => string | null): void {
  const changed = (value: unknown): string | string[] | null => {
    const names = namesOf(value).map(change).filter((one) => one !== null);
    return names.length === 0 ? null : names.length === 1 && typeof value === 'string' ? (names[0] as string) : names;
  };
  const replace = (path: (string | number)[]): boolean => {
    const before = js(doc, path);
    const after = changed(before);
    if (after === null) return false;
    if (JSON.stringify(after) !== JSON.stringify(before)) put(doc, path, after.length === 1 ? after[0] : after);
    return true;
  };
  const edges = js(doc, ['graph', 'edges']);
  for (let index = Array.isArray(edges) ? edges.length - 1 : -1; index >= 0; index -= 1) {
    const [hasFrom, hasTo] = ['from', 'to'].map((end) => replace(['graph', 'edges', index, end]));
    if (!hasFrom || !hasTo) dropItem(doc, 'edges', index);
  }
  forSwitches(doc, change);
  if (js(doc, ['graph', 'entry']) !== undefined && !replace(['graph', 'entry'])) doc.deleteIn(['graph', 'entry']);
}

function forSwitches(doc: Document, change: (name: string) => string | null): void {
  const all = js(doc, ['graph', 'conditional_edges']);
  if (!Array.isArray(all)) return;
  for (let index = all.length - 1; index >= 0; index -= 1) {
    const edge: unknown = all[index];
    if (!isRecord(edge) || typeof edge.from !== 'string' || !Array.isArray(edge.conditions)) continue;
    const from = change(edge.from);
    const base = ['graph', 'conditional_edges', index];
    if (from === null) {
      dropItem(doc, 'conditional_edges', index);
      continue;
    }
    if (from !== edge.from) put(doc, [...base, 'from'], from);
    for (let at = edge.conditions.length - 1; at >= 0; at -= 1) {
      const one: unknown = edge.conditions[at];
      if (!isRecord(one)) continue;
      const end = 'else' in one ? 'else' : 'then';
      const to = one[end];
      if (typeof to !== 'string') continue;
      const next = change(to);
      if (next === null) doc.deleteIn([...base, 'conditions', at]);
      else if (next !== to) put(doc, [...base, 'conditions', at, end], next);
    }
    const rest = doc.getIn([...base, 'conditions'], true);
    if (isSeq(rest) && rest.items.length === 0) dropItem(doc, 'conditional_edges', index);
  }
}

/** The text with a change, and as little else changed as can be. */
export function edited(text: string, change: Change): string {
  const doc = parseDocument(text);
  if (doc.errors.length > 0) return text;
  const how = styleOf(text);
  const before = doc.toString(how);
  change(doc);
  const after = doc.toString(how);
  if (after === before) return text;
  const done = carried(text, before, after);
  return saysSame(done, doc) ? done : after;
}

function saysSame(done: string, doc: Document): boolean {
  const read = parseDocument(done);
  return read.errors.length === 0 && JSON.stringify(read.toJS()) === JSON.stringify(doc.toJS());
}

/** How a text is written, so that what is added is written alike. */
function styleOf(text: string): ToStringOptions {
  const indent = /^( +)[\w'"-]/m.exec(text)?.[1]?.length ?? 2;
  return {
    lineWidth: 0,
    flowCollectionPadding: /\{ /.test(text) && !/\{\w/.test(text),
    indent: Math.min(8, Math.max(2, indent)),
    indentSeq: !/^( *)[\w-]+:\n\1- /m.test(text),
  };
}

interface Hunk {
  /** Lines of `before`, from one to another, that became these of `after`. */
  begin: number;
  end: number;
  from: number;
  to: number;
}

/** Does to a text what turns `before` into `after`: lines that this leaves alone stay as they are. */
export function carried(text: string, before: string, after: string): string {
  const [mine, base, theirs] = [linesOf(text), linesOf(before), linesOf(after)];
  const known = matches(base.map(squeezed), mine.map(squeezed));
  const kept = matches(base, theirs);
  const lineAfter = (at: number): number | undefined => (at === base.length ? mine.length : known[at]);
  const lineBefore = (at: number): number | undefined => {
    const found = at === 0 ? -1 : known[at - 1];
    return found === undefined ? undefined : found + 1;
  };
  const result: string[] = [];
  let at = 0;
  for (const { begin, end, from, to } of hunksOf(base, theirs, kept)) {
    let [first, low, last, high] = [begin, from, end, to];
    // Where a line has no like in the text, more is taken over, up to one that has.
    while ((lineAfter(first) ?? lineBefore(first)) === undefined) [first, low] = [first - 1, low - 1];
    while ((lineBefore(last) ?? lineAfter(last)) === undefined) [last, high] = [last + 1, high + 1];
    const here = lineAfter(first) ?? lineBefore(first) ?? 0;
    const there = first === last ? here : (lineBefore(last) ?? lineAfter(last) ?? 0);
    if (here < at || there < here) return after;
    result.push(...mine.slice(at, here), ...theirs.slice(low, high));
    at = there;
  }
  return [...result, ...mine.slice(at)].join('\n');
}

function hunksOf(base: string[], theirs: string[], kept: (number | undefined)[]): Hunk[] {
  const found: Hunk[] = [];
  let [begin, from] = [0, 0];
  for (let end = 0; end <= base.length; end += 1) {
    const to = end === base.length ? theirs.length : kept[end];
    if (to === undefined) continue;
    if (end > begin || to > from) found.push({ begin, end, from, to });
    [begin, from] = [end + 1, to + 1];
  }
  return found;
}

const linesOf = (text: string): string[] => text.split('\n');

/** A line without what writers of YAML do not keep: more than one space between two words. */
const squeezed = (line: string): string => line.replace(/(\S)\s+/g, '$1 ').trimEnd();

/** For each line of one text the line of another that it is, in order; undefined: it is not there. */
function matches(a: readonly string[], b: readonly string[]): (number | undefined)[] {
  const found: (number | undefined)[] = new Array(a.length).fill(undefined);
  let begin = 0;
  while (begin < a.length && begin < b.length && a[begin] === b[begin]) {
    found[begin] = begin;
    begin += 1;
  }
  let [endA, endB] = [a.length, b.length];
  while (endA > begin && endB > begin && a[endA - 1] === b[endB - 1]) {
    endA -= 1;
    endB -= 1;
    found[endA] = endB;
  }
  const [high, wide] = [endA - begin, endB - begin];
  const longest = Array.from({ length: high + 1 }, () => new Uint32Array(wide + 1));
  for (let i = high - 1; i >= 0; i -= 1) {
    for (let j = wide - 1; j >= 0; j -= 1) {
      const [row, next] = [longest[i] as Uint32Array, longest[i + 1] as Uint32Array];
      row[j] =
        a[begin + i] === b[begin + j]
          ? (next[j + 1] as number) + 1
          : Math.max(next[j] as number, row[j + 1] as number);
    }
  }
  for (let i = 0, j = 0; i < high && j < wide; ) {
    if (a[begin + i] === b[begin + j]) {
      found[begin + i] = begin + j;
      i += 1;
      j += 1;
    } else if ((longest[i + 1]?.[j] ?? 0) >= (longest[i]?.[j + 1] ?? 0)) i += 1;
    else j += 1;
  }
  return found;
}

/** What is wrong, by the node that it is wrong with. */
export function faultsOf(errors: readonly { message: string; path?: string }[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const { message, path = '' } of errors) {
    const id = /^graph\.nodes\.([\w-]+)/.exec(path)?.[1];
    if (id !== undefined && !found.has(id)) found.set(id, message);
  }
  return found;
}

/** A node that is to be: its name, what is said of it, and the agent that has to be made for it. */
export interface Fresh {
  id: string;
  facts: Record<string, unknown>;
  agent: string | null;
}

const FIRST: Record<Exclude<Kind, 'agent'>, Record<string, unknown>> = {
  tool: { tool: 'module:name' },
  function: { function: 'module:name' },
  approval: { approval: 'May it go on?' },
  wait: { wait: 'go' },
  timer: { timer: '5m' },
  timer_until: { timer_until: 'inputs.moment' },
  condition: { condition: 'true' },
  map: { map: 'inputs.items', do: { function: 'module:name' } },
  loop: { loop: { function: 'module:name' }, while: 'index < 3' },
  workflow: { workflow: 'name' },
};

/** A node of a kind that can be drawn at once, under a name that is free. */
export function fresh(flow: Flow, kind: Kind): Fresh {
  const taken = new Set(flow.nodes.map((node) => node.id));
  let id: string = kind;
  for (let count = 2; taken.has(id); count += 1) id = `${kind}_${count}`;
  if (kind !== 'agent') return { id, facts: FIRST[kind], agent: null };
  const known = [...flow.agents.keys()][0];
  return { id, facts: { agent: known ?? 'helper' }, agent: known === undefined ? 'helper' : null };
}
