import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  carried,
  flowOf,
  TEMPLATE,
  withAgentFact,
  withCondition,
  withEdge,
  withFact,
  withKind,
  withName,
  withNode,
  withoutEdge,
  withoutNode,
} from './flow-document';

/** With comments everywhere, and written as no program would. */
const TRIAGE = `# A support desk.
workflow: triage   # its name
version: "1"
inputs:
  text: {type: string, description:   What the customer wrote.}

agents:
  reader:          # reads
    model: offline
    instructions: >-
      Say in one sentence
      what the customer wants.
graph:
  nodes:
    # First of all.
    read: {agent: reader, inputs: {text: "inputs.text"}}
    refund: {approval: 'Pay the order back?', timeout: 2d}  # costs money
    answer:
      condition: "outputs.refund == null"   # or approved
  edges:
    - {from: refund, to: answer} # then
  conditional_edges:
    - from: read
      conditions:
        - {if: "inputs.text.contains('broken')", then: refund}   # broken
        - {else: answer}
  entry: read
output: "{'settled': outputs.answer.result}"
`;

/** The lines that only one of the texts has. */
function diff(before: string, after: string): { gone: string[]; come: string[] } {
  const [old, now] = [before.split('\n'), after.split('\n')];
  return {
    gone: old.filter((line) => !now.includes(line)).map((line) => line.trim()),
    come: now.filter((line) => !old.includes(line)).map((line) => line.trim()),
  };
}

const edgesOf = (text: string): string[] =>
  flowOf(text).edges.map((edge) => `${edge.from}→${edge.to}${edge.label ? ` if ${edge.label}` : ''}`);

describe('a workflow that is drawn', () => {
  it('has its nodes with their kinds and lines, and all its edges', () => {
    const flow = flowOf(TRIAGE);

    expect(flow.nodes.map((node) => [node.id, node.kind, node.value, node.line])).toEqual([
      ['read', 'agent', 'reader', 16],
      ['refund', 'approval', 'Pay the order back?', 17],
      ['answer', 'condition', 'outputs.refund == null', 18],
    ]);
    expect(edgesOf(TRIAGE)).toEqual([
      'refund→answer',
      "read→refund if inputs.text.contains('broken')",
      'read→answer',
    ]);
    expect([flow.entry, [...flow.agents.keys()], flow.fault]).toEqual([['read'], ['reader'], '']);
  });

  it('shows splits and joins as an edge for each pair', () => {
    const text = 'graph:\n  nodes: {}\n  edges:\n    - {from: a, to: [b, c]}\n    - {from: [b, c], to: d}\n';

    expect(edgesOf(text)).toEqual(['a→b', 'a→c', 'b→d', 'c→d']);
    expect(flowOf(text).edges.map((edge) => edge.kind)).toEqual(['plain', 'plain', 'join', 'join']);
  });

  it('says why it cannot be drawn', () => {
    expect(flowOf('a: [').fault).not.toBe('');
    expect(flowOf('').fault).toContain('no workflow');
    expect(flowOf('tasks: []').fault).toContain('task form');
  });

  it('of the template is whole', () => {
    expect(flowOf(TEMPLATE).nodes).toHaveLength(1);
  });
});

describe('a change on the canvas', () => {
  it('of nothing leaves the text as it is, letter by letter', () => {
    expect(withFact(TRIAGE, 'refund', 'timeout', '2d')).toBe(TRIAGE);
    expect(withName(TRIAGE, 'read', 'refund')).toBe(TRIAGE);
    expect(withEdge('a: [', 'b', 'c')).toBe('a: [');
  });

  it('touches only the line that it is about, and keeps the comment on it', () => {
    const done = withFact(TRIAGE, 'refund', 'timeout', '5d');

    expect(diff(TRIAGE, done)).toEqual({
      gone: ["refund: {approval: 'Pay the order back?', timeout: 2d}  # costs money"],
      come: ["refund: {approval: 'Pay the order back?', timeout: 5d} # costs money"],
    });
  });

  it('adds a node and an edge as a line each', () => {
    const done = withEdge(withNode(TRIAGE, 'note', { wait: 'go' }), 'answer', 'note');

    expect(diff(TRIAGE, done)).toEqual({
      gone: [],
      come: ['note: {wait: go}', '- {from: answer, to: note}'],
    });
    expect(edgesOf(done)).toContain('answer→note');
  });

  it('gives a node another name wherever edges name it', () => {
    const done = withName(TRIAGE, 'answer', 'reply');

    expect(edgesOf(done)).toEqual([
      'refund→reply',
      "read→refund if inputs.text.contains('broken')",
      'read→reply',
    ]);
    expect(done).toContain('# or approved');
    expect(diff(TRIAGE, done).come).toHaveLength(3);
    expect(flowOf(withName(TRIAGE, 'read', 'look')).entry).toEqual(['look']);
  });

  it('takes a node away with its edges', () => {
    const done = withoutNode(TRIAGE, 'refund');

    expect(flowOf(done).nodes.map((node) => node.id)).toEqual(['read', 'answer']);
    expect(edgesOf(done)).toEqual(['read→answer']);
    expect(done).toContain('# First of all.');
    expect(flowOf(withoutNode(TRIAGE, 'read')).entry).toEqual([]);
    expect(edgesOf(withoutNode(TRIAGE, 'read'))).toEqual(['refund→answer']);
  });

  it('takes an edge away, of several targets only the one', () => {
    const [plain, broken] = flowOf(TRIAGE).edges;
    const split = 'graph:\n  nodes: {}\n  edges:\n    - {from: a, to: [b, c]} # both\n';

    expect(edgesOf(withoutEdge(TRIAGE, plain!))).toEqual([
      "read→refund if inputs.text.contains('broken')",
      'read→answer',
    ]);
    expect(edgesOf(withoutEdge(TRIAGE, broken!))).toEqual(['refund→answer', 'read→answer']);
    expect(withoutEdge(split, flowOf(split).edges[0]!)).toContain('- {from: a, to: c} # both');
  });

  it('gives an edge a condition, before the else of its switch', () => {
    const plain = withEdge(TRIAGE, 'read', 'answer');
    const edge = flowOf(plain).edges.find((one) => one.kind === 'plain' && one.from === 'read');
    const done = withCondition(plain, edge!, 'inputs.text == ""');

    expect(edgesOf(done)).toEqual([
      'refund→answer',
      "read→refund if inputs.text.contains('broken')",
      'read→answer if inputs.text == ""',
      'read→answer',
    ]);
    const only = withCondition(TRIAGE, flowOf(TRIAGE).edges[0]!, 'outputs.refund.approved');
    expect(edgesOf(only)).toContain('refund→answer if outputs.refund.approved');
  });

  it('makes a node another kind in the same place', () => {
    const done = withKind(TRIAGE, 'refund', 'wait', 'go');

    expect(flowOf(done).nodes[1]).toMatchObject({ kind: 'wait', value: 'go' });
    expect(done).toContain('refund: {wait: go, timeout: 2d} # costs money');
  });

  it('configures agents, and makes those that are new', () => {
    const done = withAgentFact(withAgentFact(TRIAGE, 'reader', 'model', 'openai:x'), 'new', 'model', 'offline');

    expect(diff(TRIAGE, done)).toEqual({
      gone: [],
      come: ['model: openai:x', 'new:'],
    });
    expect(flowOf(withAgentFact(TRIAGE, 'reader', 'tools', ['a:b'])).agents.get('reader')?.tools).toEqual(['a:b']);
    expect(flowOf(withAgentFact(done, 'new', 'model', undefined)).agents.get('new')).toEqual({});
  });

  it('keeps every comment and every value that it is not about', () => {
    const comments = (text: string): string[] => text.match(/#.*/g) ?? [];
    const changes = [
      withFact(TRIAGE, 'read', 'if', 'true'),
      withNode(TRIAGE, 'z', { timer: '5m' }),
      withEdge(TRIAGE, 'answer', 'read'),
      withName(TRIAGE, 'answer', 'reply'),
      withAgentFact(TRIAGE, 'reader', 'instructions', 'Short.'),
    ];

    for (const done of changes) {
      expect(comments(done)).toEqual(comments(TRIAGE));
      expect(parse(done).output).toBe(parse(TRIAGE).output);
      expect(done).toContain('description:   What the customer wrote.');
    }
  });
});

describe('what is carried over', () => {
  it('are the lines that changed, into a text that is written in another way', () => {
    expect(carried('a:  1\nb:  2\nc: 3\n', 'a: 1\nb: 2\nc: 3\n', 'a: 1\nb: 2\nc: 4\n')).toBe(
      'a:  1\nb:  2\nc: 4\n',
    );
    expect(carried('x\na:  1\ny\nb\n', 'x\na: 1\ny\nb\n', 'x\na: 1\ny\nnew\nb\n')).toBe(
      'x\na:  1\ny\nnew\nb\n',
    );
  });
});
