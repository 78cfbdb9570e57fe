import { useQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';
import {
  type Flow,
  type FlowEdge,
  type FlowNode,
  KINDS,
  type Kind,
  withAgentFact,
  withCondition,
  withEdge,
  withFact,
  withKind,
  withName,
  withoutEdge,
  withoutNode,
} from '../../model/flow-document';
import { Button, IconButton, inputLook, Labelled, Select } from '../../parts/controls';
import { Icon } from '../../parts/icons';
import { api, got } from '../../wire/client';

interface Props {
  flow: Flow;
  text: string;
  node: string | undefined;
  edge: FlowEdge | undefined;
  onChange: (text: string) => void;
  onChoose: (chosen: string | undefined) => void;
  onLine: (line: number) => void;
}

/** What is chosen on the canvas, to be changed; the text follows. */
export function Inspector(props: Props) {
  const { flow, node: id, edge, onChoose } = props;
  const node = flow.nodes.find((one) => one.id === id);
  if (edge === undefined && node === undefined) return null;
  return (
    <section
      aria-label="What is chosen"
      data-inspector
      className="flex max-h-[55%] shrink-0 flex-col border-b border-line bg-canvas max-lg:max-h-none"
    >
      <header className="flex items-center gap-2 border-b border-line py-1 pr-1 pl-3">
        <h2 className="min-w-0 flex-1 truncate font-semibold">
          {edge ? `${edge.from} → ${edge.to}` : node?.id}
        </h2>
        {node && !edge && (
          <Button tone="quiet" onClick={() => props.onLine(node.line)}>
            line {node.line}
          </Button>
        )}
        <IconButton label="Close" tone="quiet" onClick={() => onChoose(undefined)}>
          <Icon name="close" />
        </IconButton>
      </header>
      <div className="flex min-h-0 flex-col gap-3 overflow-auto p-3 *:shrink-0">
        {edge ? <EdgeForm {...props} edge={edge} /> : node && <NodeForm {...props} node={node} />}
      </div>
    </section>
  );
}

interface EntryProps {
  label: string;
  hint?: string;
  value: string;
  onCommit: (value: string) => void;
  isLong?: boolean;
  isCode?: boolean;
  known?: readonly string[];
}

/** An entry that changes the text when it is left, or with Enter. */
function Entry({ label, hint, value, onCommit, isLong, isCode, known = [] }: EntryProps) {
  const id = useId();
  const [now, setNow] = useState(value);
  const [before, setBefore] = useState(value);
  if (before !== value) {
    setBefore(value);
    setNow(value);
  }
  const commit = (): void => {
    if (now !== value) onCommit(now);
  };
  const look = `${inputLook} ${isCode ? 'font-mono text-xs' : ''}`;
  return (
    <Labelled label={label} {...(hint ? { hint } : {})}>
      {(props) =>
        isLong ? (
          <textarea
            {...props}
            name={label}
            rows={Math.min(8, Math.max(2, now.split('\n').length))}
            className={look}
            value={now}
            onChange={(event) => setNow(event.target.value)}
            onBlur={commit}
          />
        ) : (
          <>
            <input
              {...props}
              name={label}
              list={known.length > 0 ? id : undefined}
              className={`${look} h-8`}
              value={now}
              onChange={(event) => setNow(event.target.value)}
              onBlur={commit}
              onKeyDown={(event) => event.key === 'Enter' && commit()}
            />
            {known.length > 0 && (
              <datalist id={id}>
                {known.map((one) => (
                  <option key={one}>{one}</option>
                ))}
              </datalist>
            )}
          </>
        )
      }
    </Labelled>
  );
}

const asText = (value: unknown): string =>
  value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);

const orNone = (text: string): string | undefined => (text.trim() === '' ? undefined : text.trim());

const HINTS: Partial<Record<Kind, string>> = {
  tool: 'Which tool is called: module:name, or source.name.',
  function: 'Which function is called: module:name.',
  approval: 'What a person is asked.',
  wait: 'The name of the signal that it waits for.',
  timer: 'How long it waits: 30s, 5m, 2h, 1d.',
  timer_until: 'An expression of the moment until which it waits.',
  condition: 'An expression; its value is the output `result`.',
  map: 'An expression of the list to go over; what is done is under `do` in the text.',
  workflow: 'Which workflow runs as a session of its own.',
};

function NodeForm({ flow, text, node, onChange, onChoose }: Omit<Props, 'node'> & { node: FlowNode }) {
  const tools = useQuery({
    queryKey: ['tools'],
    queryFn: () => got(api.GET('/api/v1/tools')),
    staleTime: 60_000,
    enabled: node.kind === 'tool' || node.kind === 'agent',
  });
  const names = tools.data?.items.map((one) => one.id) ?? [];
  const { id, kind, facts } = node;
  const inputs = typeof facts.inputs === 'object' && facts.inputs !== null ? facts.inputs : {};
  const rename = (name: string): void => {
    if (!/^[A-Za-z_][\w-]*$/.test(name.trim())) return;
    onChange(withName(text, id, name.trim()));
    onChoose(name.trim());
  };
  return (
    <>
      <div className="grid grid-cols-2 gap-3">
        <Entry label="Name" value={id} onCommit={rename} />
        <Labelled label="Kind">
          {(props) => (
            <Select
              {...props}
              value={kind}
              onChange={(event) =>
                onChange(withKind(text, id, event.target.value as Kind, asText(node.value)))
              }
            >
              {kind === '' && <option value="">choose…</option>}
              {KINDS.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </Select>
          )}
        </Labelled>
      </div>
      {kind === 'agent' ? (
        <Entry
          label="Agent"
          hint="One of the workflow's; another name makes a new one."
          known={[...flow.agents.keys()]}
          value={asText(node.value)}
          onCommit={(name) => {
            const done = withFact(text, id, 'agent', name.trim());
            const isNew = name.trim() !== '' && !flow.agents.has(name.trim());
            onChange(isNew ? withAgentFact(done, name.trim(), 'model', 'offline') : done);
          }}
        />
      ) : (
        kind !== '' &&
        kind !== 'loop' && (
          <Entry
            label={kind}
            {...(HINTS[kind] ? { hint: HINTS[kind] } : {})}
            known={kind === 'tool' ? names : []}
            isCode={kind !== 'approval'}
            value={asText(node.value)}
            onCommit={(value) => onChange(withFact(text, id, kind, value))}
          />
        )
      )}
      {kind === 'agent' && typeof node.value === 'string' && flow.agents.has(node.value) && (
        <AgentForm name={node.value} facts={flow.agents.get(node.value) ?? {}} tools={names} text={text} onChange={onChange} />
      )}
      <Inputs
        inputs={inputs as Record<string, unknown>}
        onChange={(next) => onChange(withFact(text, id, 'inputs', next))}
      />
      <div className="grid grid-cols-2 gap-3">
        <Entry
          label="Only if"
          isCode
          value={asText(facts.if)}
          onCommit={(value) => onChange(withFact(text, id, 'if', orNone(value)))}
        />
        <Entry
          label="Timeout"
          value={asText(facts.timeout)}
          onCommit={(value) => onChange(withFact(text, id, 'timeout', orNone(value)))}
        />
      </div>
      {(kind === 'function' || kind === 'tool') && (
        <label className="flex items-center gap-1.5 text-sm">
          <input
            type="checkbox"
            className="size-4 accent-(--accent)"
            checked={facts.once === true}
            onChange={(event) => onChange(withFact(text, id, 'once', event.target.checked ? true : undefined))}
          />
          Never twice: after a crash it is asked about, not done again
        </label>
      )}
      <Ways flow={flow} text={text} node={node} onChange={onChange} />
      <Button
        tone="danger"
        className="self-start"
        onClick={() => {
          onChange(withoutNode(text, id));
          onChoose(undefined);
        }}
      >
        Delete the node
      </Button>
    </>
  );
}

interface AgentProps {
  name: string;
  facts: Record<string, unknown>;
  tools: string[];
  text: string;
  onChange: (text: string) => void;
}

function AgentForm({ name, facts, tools, text, onChange }: AgentProps) {
  const put = (key: string, value: unknown): void => onChange(withAgentFact(text, name, key, value));
  const given = Array.isArray(facts.tools) ? facts.tools.map(String) : facts.tools ? [String(facts.tools)] : [];
  const turns = (value: string): number | string | undefined =>
    /^\d+$/.test(value.trim()) ? Number(value) : orNone(value);
  return (
    <fieldset className="flex flex-col gap-3 rounded-lg border border-line bg-surface p-3">
      <legend className="px-1 text-sm font-medium">Agent {name}</legend>
      <Entry label="Model" isCode value={asText(facts.model)} onCommit={(value) => put('model', orNone(value))} />
      <Entry
        label="Instructions"
        isLong
        value={asText(facts.instructions)}
        onCommit={(value) => put('instructions', orNone(value))}
      />
      <Entry
        label="Tools"
        hint={tools.length > 0 ? `There are ${tools.slice(0, 4).join(', ')}${tools.length > 4 ? ', …' : ''}` : ''}
        isCode
        value={given.join(', ')}
        onCommit={(value) => {
          const names = value.split(/[\s,]+/).filter(Boolean);
          put('tools', names.length > 0 ? names : undefined);
        }}
      />
      <Entry
        label="Turns at most"
        value={asText(facts.turns_max)}
        onCommit={(value) => put('turns_max', turns(value))}
      />
    </fieldset>
  );
}

interface InputsProps {
  inputs: Record<string, unknown>;
  onChange: (inputs: Record<string, unknown> | undefined) => void;
}

/** Which expressions it is given, by name. */
function Inputs({ inputs, onChange }: InputsProps) {
  const [name, setName] = useState('');
  const names = Object.keys(inputs);
  const put = (next: Record<string, unknown>): void =>
    onChange(Object.keys(next).length > 0 ? next : undefined);
  const add = (): void => {
    if (name.trim() === '') return;
    put({ ...inputs, [name.trim()]: `inputs.${name.trim()}` });
    setName('');
  };
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1 text-sm font-medium">Inputs</legend>
      {names.map((one) => (
        <div key={one} className="flex items-end gap-1">
          <div className="min-w-0 flex-1">
            <Entry
              label={one}
              isCode
              value={asText(inputs[one])}
              onCommit={(value) => put({ ...inputs, [one]: value })}
            />
          </div>
          <IconButton
            label={`Remove ${one}`}
            tone="quiet"
            onClick={() => put(Object.fromEntries(Object.entries(inputs).filter(([key]) => key !== one)))}
          >
            <Icon name="close" />
          </IconButton>
        </div>
      ))}
      <div className="flex gap-1">
        <input
          aria-label="Name of another input"
          placeholder="another input"
          className={`${inputLook} h-8`}
          value={name}
          onChange={(event) => setName(event.target.value)}
          onKeyDown={(event) => event.key === 'Enter' && add()}
        />
        <Button disabled={name.trim() === ''} onClick={add}>
          Add
        </Button>
      </div>
    </fieldset>
  );
}

/** Where it leads: the way to draw edges by keys. */
function Ways({ flow, text, node, onChange }: Pick<Props, 'flow' | 'text' | 'onChange'> & { node: FlowNode }) {
  const ways = flow.edges.filter((edge) => edge.from === node.id);
  const others = flow.nodes.filter(
    (one) => !ways.some((edge) => edge.to === one.id && edge.kind !== 'case'),
  );
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1 text-sm font-medium">Leads to</legend>
      {ways.map((edge) => (
        <p key={`${edge.to} ${edge.index} ${edge.at}`} className="flex items-center gap-2 text-sm">
          <span className="min-w-0 flex-1 truncate">
            {edge.to}
            {edge.label && <code className="ml-2 text-xs text-soft">if {edge.label}</code>}
            {edge.kind === 'default' && <span className="ml-2 text-soft">else</span>}
          </span>
          <IconButton
            label={`Remove the edge to ${edge.to}`}
            tone="quiet"
            onClick={() => onChange(withoutEdge(text, edge))}
          >
            <Icon name="close" />
          </IconButton>
        </p>
      ))}
      <Select
        aria-label="Lead to another node"
        value=""
        onChange={(event) => onChange(withEdge(text, node.id, event.target.value))}
      >
        <option value="" disabled>
          another node…
        </option>
        {others.map((one) => (
          <option key={one.id}>{one.id}</option>
        ))}
      </Select>
    </fieldset>
  );
}

function EdgeForm({ text, edge, onChange, onChoose }: Props & { edge: FlowEdge }) {
  return (
    <>
      <Entry
        label="Only if"
        hint={
          edge.kind === 'default'
            ? 'It is taken when no other condition of the node holds.'
            : 'An expression, as outputs.read.cents > 1000. The first that is true is taken.'
        }
        isCode
        value={edge.label}
        onCommit={(value) => {
          onChange(withCondition(text, edge, value.trim()));
          onChoose(undefined);
        }}
      />
      <Button
        tone="danger"
        className="self-start"
        onClick={() => {
          onChange(withoutEdge(text, edge));
          onChoose(undefined);
        }}
      >
        Delete the edge
      </Button>
    </>
  );
}
