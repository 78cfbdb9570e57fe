import { useMutation, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { lazy, Suspense, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { drafted, draftDropped, store, useAct } from '../../app/store';
import { faultsOf, type Flow, flowOf, fresh, KINDS, type Kind, TEMPLATE, withAgentFact, withEdge, withNode, withoutEdge, withoutNode } from '../../model/flow-document';
import { begun, changed, type History, redone, undone } from '../../model/history';
import { Button, buttonLook, Select } from '../../parts/controls';
import { useMay } from '../../parts/may';
import { Coming, Nothing, Refused } from '../../parts/said';
import { ScreenHead } from '../../parts/screen';
import { once } from '../../wire/client';
import { ifVersion, sent } from '../../wire/texts';
import { workflow, type WorkflowDetail } from '../workflows/questions';
import { Canvas } from './canvas';
import { Inspector } from './inspector';
import { TextPane } from './text';
import { useVerdict } from './verdict';

const StartWindow = lazy(() =>
  import('../sessions/start').then((found) => ({ default: found.StartWindow })),
);

const route = getRouteApi('/shell/builder');

/** Draw a workflow, or write it: its text and its graph are one. */
export function Builder() {
  const { workflow: name } = route.useSearch();
  const asking = useQuery({ ...workflow(name ?? ''), enabled: name !== undefined });
  // What is kept is another version, and an editor of its own: what goes on is known here.
  const [starting, setStarting] = useState('');
  return (
    <>
      <Chosen name={name} asking={asking} onStart={setStarting} />
      {starting !== '' && (
        <Suspense>
          <StartWindow
            workflow={starting}
            onChoose={setStarting}
            onClose={() => setStarting('')}
          />
        </Suspense>
      )}
    </>
  );
}

interface ChosenProps {
  name: string | undefined;
  asking: UseQueryResult<WorkflowDetail>;
  onStart: (name: string) => void;
}

function Chosen({ name, asking, onStart }: ChosenProps) {
  if (name === undefined) return <Editor key="" known={null} onStart={onStart} />;
  if (asking.isError) {
    return (
      <div className="mx-auto max-w-xl p-6">
        <h1 className="sr-only">{name}</h1>
        <Refused error={asking.error} onRetry={() => void asking.refetch()} />
      </div>
    );
  }
  if (asking.data === undefined) return <Coming />;
  if (asking.data.text === '') {
    return (
      <Nothing title={`${name} is not written as a text`}>
        <p>It comes with the server, as Python. It can be started, not changed here.</p>
        <Link to="/workflows" search={{ one: name }} className="text-accent underline">
          Look at it
        </Link>
      </Nothing>
    );
  }
  return <Editor key={`${name} ${asking.data.version}`} known={asking.data} onStart={onStart} />;
}

const TEMPLATE_ABOUT = 'builder';

interface EditorProps {
  known: WorkflowDetail | null;
  onStart: (name: string) => void;
}

function Editor({ known, onStart }: EditorProps) {
  const act = useAct();
  const queries = useQueryClient();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const about = known === null ? TEMPLATE_ABOUT : `builder ${known.name} ${known.version}`;
  const [history, setHistory] = useState<History>(() =>
    begun(store.getState().drafts[about]?.text ?? known?.text ?? TEMPLATE),
  );
  const [edge, setEdge] = useState<number>();
  const { text } = history;
  const isChanged = text !== (known?.text ?? '');
  const change = (next: string, by = ''): void => setHistory((now) => changed(now, next, by));
  useEffect(() => {
    if (text === (known?.text ?? TEMPLATE)) act(draftDropped(about));
    else act(drafted({ about, entries: { text } }));
  }, [act, about, known, text]);
  // Who types does not wait for what is drawn; what is done on the canvas is drawn at once.
  const later = useDeferredValue(text);
  const flow = useShown(history.by === 'typing' ? later : text);
  const verdict = useVerdict(text);
  const pane = useRef<HTMLTextAreaElement>(null);
  const choose = (chosen: string | number | undefined): void => {
    setEdge(typeof chosen === 'number' ? chosen : undefined);
    const node = typeof chosen === 'string' ? chosen : undefined;
    void navigate({ search: ({ node: _, ...rest }) => ({ ...rest, ...(node ? { node } : {}) }), replace: true });
  };
  const saving = useMutation({
    mutationFn: (_: { then: 'start' | 'stay' }) => saved(text, known),
    onSuccess: (found, { then }) => {
      if (then === 'start') onStart(found.name);
      act(draftDropped(about));
      queries.setQueryData(workflow(found.name).queryKey, found);
      void queries.invalidateQueries({ queryKey: ['workflows'], refetchType: 'active' });
      void navigate({ search: { ...search, workflow: found.name }, replace: true });
    },
  });
  const start = (): void => {
    if (isChanged) saving.mutate({ then: 'start' });
    else onStart(known?.name ?? flow.name);
  };
  const keys = useRef((_: KeyboardEvent): void => undefined);
  keys.current = (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    const { tagName, dataset } = event.target as HTMLElement;
    // What is typed into a form and not taken over yet is taken back by the form itself.
    if (/^(INPUT|TEXTAREA)$/.test(tagName) && dataset.yaml === undefined) return;
    const key = event.key.toLowerCase();
    if (key === 'z') setHistory(event.shiftKey ? redone : undone);
    else if (key === 'y') setHistory(redone);
    else if (key === 's') isChanged && saving.mutate({ then: 'stay' });
    else return;
    event.preventDefault();
  };
  useEffect(() => {
    const press = (event: KeyboardEvent): void => keys.current(event);
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
  const mayWrite = useMay('workflows:write');
  const mayStart = useMay('sessions:start');
  const faults = useMemo(() => faultsOf(verdict.errors), [verdict.errors]);
  const nodes = useMemo(
    () =>
      flow.nodes.map(({ id, kind, value }) => ({
        id,
        kind,
        ref: typeof value === 'string' ? value : '',
        fault: faults.get(id) ?? '',
      })),
    [flow, faults],
  );
  const add = (kind: Kind): void => {
    const made = fresh(flow, kind);
    const bare = made.agent === null ? text : withAgentFact(text, made.agent, 'model', 'offline');
    change(withNode(bare, made.id, made.facts));
    choose(made.id);
  };
  const remove = (gone: string[], cut: number[]): void => {
    const edges = cut.map((index) => flow.edges[index]).filter((one) => one !== undefined);
    // From the last on: what stands before it keeps its place.
    const inOrder = edges.sort((a, b) => b.index - a.index || b.at - a.at);
    change(inOrder.reduce(withoutEdge, gone.reduce(withoutNode, text)));
    choose(undefined);
  };
  const showLine = (line: number): void => {
    const area = pane.current;
    if (area === null) return;
    const lines = text.split('\n');
    const begin = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
    area.focus();
    area.setSelectionRange(begin, begin + (lines[line - 1]?.length ?? 0));
    area.scrollTop = Math.max(0, (line - 5) * 20);
  };
  return (
    <div className="flex h-full flex-col">
      <ScreenHead
        title={flow.name || known?.name || 'A new workflow'}
        count={known === null ? 'not kept yet' : `version ${known.version}${isChanged ? ', changed' : ''}`}
        actions={
          <>
            <AddMenu onAdd={add} isDisabled={flow.fault !== ''} />
            <Button disabled={history.past.length === 0} onClick={() => setHistory(undone)}>
              Undo
            </Button>
            <Button disabled={history.future.length === 0} onClick={() => setHistory(redone)}>
              Redo
            </Button>
            {mayWrite && (
              <Button disabled={!isChanged || saving.isPending} onClick={() => saving.mutate({ then: 'stay' })}>
                Keep
              </Button>
            )}
            {mayStart && (
              <Button tone="main" disabled={saving.isPending || (isChanged && !mayWrite)} onClick={start}>
                {isChanged ? 'Keep and start' : 'Start'}
              </Button>
            )}
          </>
        }
      >
        {saving.isError && <Refused error={saving.error} />}
      </ScreenHead>
      <div className="flex min-h-0 flex-1 flex-col max-lg:overflow-auto lg:flex-row">
        <div className="relative min-h-80 min-w-0 flex-1">
          {flow.fault && (
            <p className="absolute inset-x-3 top-3 z-10 rounded-md border border-fail bg-fail-tint px-3 py-2 text-sm text-fail">
              {flow.fault} The graph is as of before.
            </p>
          )}
          <Canvas
            nodes={nodes}
            edges={flow.edges}
            chosen={edge ?? search.node}
            onChoose={choose}
            doing={{ onConnect: (from, to) => change(withEdge(text, from, to)), onRemove: remove }}
          />
        </div>
        <div className="flex min-h-0 shrink-0 flex-col border-line max-lg:border-t lg:w-[30rem] lg:border-l">
          {(edge !== undefined || search.node !== undefined) && flow.fault === '' && (
            <Inspector
              key={edge ?? search.node}
              flow={flow}
              text={text}
              node={search.node}
              edge={edge === undefined ? undefined : flow.edges[edge]}
              onChange={change}
              onChoose={choose}
              onLine={showLine}
            />
          )}
          <TextPane area={pane} text={text} verdict={verdict} onChange={(next) => change(next, 'typing')} onLine={showLine} />
        </div>
      </div>
    </div>
  );
}

async function saved(text: string, known: WorkflowDetail | null): Promise<WorkflowDetail> {
  const isKnown = known !== null && known.source === 'organisation' && flowOf(text).name === known.name;
  return sent<WorkflowDetail>({
    method: isKnown ? 'PUT' : 'POST',
    path: isKnown ? `/api/v1/workflows/${encodeURIComponent(known.name)}` : '/api/v1/workflows',
    body: text,
    type: 'application/yaml',
    headers: isKnown ? ifVersion(known.version) : once(),
  });
}

/** What the text says; while it cannot be read, what it said before, and why. */
function useShown(text: string): Flow {
  const before = useRef<Flow | null>(null);
  return useMemo(() => {
    const flow = flowOf(text);
    if (flow.fault !== '' && before.current !== null) return { ...before.current, fault: flow.fault };
    before.current = flow;
    return flow;
  }, [text]);
}

function AddMenu({ onAdd, isDisabled }: { onAdd: (kind: Kind) => void; isDisabled: boolean }) {
  return (
    <Select
      aria-label="Add a node"
      className={`${buttonLook()} w-auto!`}
      disabled={isDisabled}
      value=""
      onChange={(event) => onAdd(event.target.value as Kind)}
    >
      <option value="" disabled>
        Add a node…
      </option>
      {KINDS.map((kind) => (
        <option key={kind}>{kind}</option>
      ))}
    </Select>
  );
}
