import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { BEGIN, compared, type Comparison, type Step } from '../../model/compare';
import { costsAt } from '../../model/cost';
import { agentsOf, type Graph } from '../../model/graph';
import { type SessionLog, statusAt } from '../../model/session';
import { lengthText, plural, usdText } from '../../model/words';
import { Button } from '../../parts/controls';
import { Coming, Nothing, Refused } from '../../parts/said';
import { ScreenHead, Tag } from '../../parts/screen';
import { FilterInput } from '../../parts/searchbox';
import { Split } from '../../parts/split';
import { StatusMark } from '../../parts/status';
import { graphOf, session, sessions } from '../../wire/questions';
import { LiveSession } from '../monitor/live';
import type { CompareSearch } from './search';
import { StepView } from './step';

const route = getRouteApi('/shell/compare');

type Go = (part: Partial<Record<keyof CompareSearch, string | true | undefined>>) => void;

/** Two sessions side by side, opened at what first made them differ. */
export function Compare() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const go: Go = (part) =>
    void navigate({ search: { ...search, ...part } as CompareSearch, replace: true });
  const { a, b } = search;
  return (
    <div className="flex h-full flex-col">
      <ScreenHead
        title="Compare"
        actions={
          a !== undefined &&
          b !== undefined && (
            <Button onClick={() => go({ a: b, b: a, step: undefined })}>Swap</Button>
          )
        }
      >
        <div className="flex flex-wrap items-center gap-2">
          <Chooser label="First session" id={a} onChange={(id) => go({ a: id, step: undefined })} />
          <span className="text-soft">and</span>
          <Chooser label="Second session" id={b} onChange={(id) => go({ b: id, step: undefined })} />
        </div>
      </ScreenHead>
      {a !== undefined && b !== undefined ? (
        <Pair key={`${a} ${b}`} a={a} b={b} search={search} go={go} />
      ) : (
        <Nothing title="Choose two sessions">
          Steps of the same path are put side by side: two runs of a workflow, or a fork and where it
          came from.
        </Nothing>
      )}
    </div>
  );
}

interface ChooserProps {
  label: string;
  id: string | undefined;
  onChange: (id: string | undefined) => void;
}

function Chooser({ label, id, onChange }: ChooserProps) {
  const recent = useInfiniteQuery(
    sessions({ status: [], workflow: '', user: '', q: '', since: '', until: '', roots: true }),
  );
  const known = recent.data?.pages[0]?.items.map((one) => one.id) ?? [];
  return (
    <FilterInput
      label={label}
      placeholder="id of a session"
      className="w-72! max-w-full font-mono text-xs"
      known={known}
      text={id ?? ''}
      onChange={(text) => onChange(text.trim() || undefined)}
    />
  );
}

interface PairProps {
  a: string;
  b: string;
  search: CompareSearch;
  go: Go;
}

function Pair({ a, b, search, go }: PairProps) {
  const [ofA, ofB] = [useQuery(graphOf(a)), useQuery(graphOf(b))];
  for (const asking of [ofA, ofB]) {
    if (asking.isError) {
      return (
        <div className="mx-auto max-w-xl p-6">
          <Refused error={asking.error} onRetry={() => void asking.refetch()} />
        </div>
      );
    }
  }
  if (ofA.data === undefined || ofB.data === undefined) return <Coming />;
  return <Both a={a} b={b} graphs={[ofA.data, ofB.data]} search={search} go={go} />;
}

function useLive(id: string, graph: Graph): LiveSession {
  const [live] = useState(() => new LiveSession(id, agentsOf(graph)));
  useEffect(() => live.start(), [live]);
  useSyncExternalStore(live.subscribe, live.told);
  return live;
}

const isThere = ({ log, goal }: LiveSession): boolean => log.version > 0 && log.version >= goal;

function Both({ a, b, graphs, search, go }: PairProps & { graphs: [Graph, Graph] }) {
  const [left, right] = [useLive(a, graphs[0]), useLive(b, graphs[1])];
  const found = useMemo(
    () => (isThere(left) && isThere(right) ? compared(left.log, right.log) : null),
    [left, right, left.log.version, right.log.version, isThere(left) && isThere(right)],
  );
  for (const live of [left, right]) {
    if (live.connection === 'refused' && live.log.version === 0) {
      return (
        <div className="mx-auto max-w-xl p-6">
          <Refused error={live.problem} />
        </div>
      );
    }
  }
  if (found === null) return <Coming />;
  return <Steps a={a} b={b} logs={[left.log, right.log]} found={found} search={search} go={go} />;
}

interface StepsProps extends PairProps {
  logs: [SessionLog, SessionLog];
  found: Comparison;
}

/** More of them at once would be slow to draw. */
const SHOWN_MAX = 1_000;

function Steps({ a, b, logs, found, search, go }: StepsProps) {
  const { steps, first, counts } = found;
  const isAll = search.all === true || first === null;
  const shown = isAll ? steps : steps.filter((step) => step.verdict !== 'same');
  const chosen = search.step ?? first ?? undefined;
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-6 gap-y-2 border-b border-line bg-surface px-4 py-2.5" data-compared>
        <p className="min-w-0 flex-1 basis-64">
          {first === null ? (
            <span className="font-medium text-done">Both did the same, in {plural(counts.same, 'step')}.</span>
          ) : (
            <>
              They first differ at{' '}
              <button type="button" className="font-medium text-accent underline" onClick={() => go({ step: first })}>
                {nameOf(first)}
              </button>
              .{' '}
              <span className="text-soft">
                {counts.same} the same, {counts.different} different, {counts['only a']} only in the first,{' '}
                {counts['only b']} only in the second.
              </span>
            </>
          )}
        </p>
        <Totals name="First" id={a} log={logs[0]} />
        <Totals name="Second" id={b} log={logs[1]} />
        {first !== null && (
          <label className="flex items-center gap-1.5 text-sm">
            <input
              type="checkbox"
              className="size-4 accent-(--accent)"
              checked={search.all === true}
              onChange={(event) => go({ all: event.target.checked || undefined })}
            />
            all steps
          </label>
        )}
      </div>
      <Split
        label="Steps"
        back="All steps"
        width="md:w-96"
        items={shown.slice(0, SHOWN_MAX)}
        keyOf={(one) => one.key}
        chosen={chosen}
        onChoose={(step) => go({ step })}
        row={(one) => <Row one={one} isFirst={one.key === first} />}
        below={
          shown.length > SHOWN_MAX && (
            <p className="p-3 text-center text-sm text-soft">
              {shown.length - SHOWN_MAX} more are not shown.
            </p>
          )
        }
      >
        {(key) => {
          const step = steps.find((one) => one.key === key);
          return step === undefined ? (
            <Nothing title="Neither has that step" />
          ) : (
            <StepView step={step} name={nameOf(key)} ids={[a, b]} />
          );
        }}
      </Split>
    </>
  );
}

const nameOf = (key: string): string => (key === BEGIN ? 'the beginning' : key);

function Totals({ name, id, log }: { name: string; id: string; log: SessionLog }) {
  const found = useQuery(session(id)).data;
  const { total } = costsAt(log, log.version);
  return (
    <p className="flex items-center gap-2 text-sm text-soft">
      <Link to="/sessions/$id" params={{ id }} className="text-accent underline">
        {name}
      </Link>
      <StatusMark status={statusAt(log, log.version)} />
      <span className="nums">{lengthText(log.updatedMs - log.startedMs)}</span>
      <span className="nums">{usdText(total.usd)}</span>
      {found?.origin && <span>a fork</span>}
    </p>
  );
}

const LOOKS: Record<Step['verdict'], string> = {
  same: 'bg-off-tint text-off',
  different: 'bg-wait-tint text-wait',
  'only a': 'bg-fail-tint text-fail',
  'only b': 'bg-done-tint text-done',
};

const WORDS: Record<Step['verdict'], string> = {
  same: 'same',
  different: 'different',
  'only a': 'only in the first',
  'only b': 'only in the second',
};

function Row({ one, isFirst }: { one: Step; isFirst: boolean }) {
  return (
    <span className="flex items-center gap-2">
      <span className={`min-w-0 flex-1 truncate ${isFirst ? 'font-semibold' : ''}`}>{nameOf(one.key)}</span>
      {isFirst && <Tag look="bg-tint text-accent">first</Tag>}
      <Tag look={LOOKS[one.verdict]}>{WORDS[one.verdict]}</Tag>
    </span>
  );
}
