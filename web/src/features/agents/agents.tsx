import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { dayOf, daysBefore } from '../../model/days';
import { countText, lengthText, usdText } from '../../model/words';
import { Ago } from '../../parts/ago';
import { Button } from '../../parts/controls';
import { Icon } from '../../parts/icons';
import { JsonView } from '../../parts/json';
import { useMay } from '../../parts/may';
import { Coming, Nothing, Refused, Standing } from '../../parts/said';
import { Facts, Figure, ScreenHead, Section, Sure, Tag } from '../../parts/screen';
import { Split } from '../../parts/split';
import { Versions } from '../../parts/versions';
import { api, got } from '../../wire/client';
import type { Json } from '../../wire/events';
import { agent, agents, type AgentSummary } from '../../wire/questions';
import { Playground } from './playground';
import { type AgentDetail, formerly, status, versions } from './questions';
import type { AgentSearch } from './search';
import { WriteWindow } from './write';

const route = getRouteApi('/shell/agents');

/** The agents that can be given work: those that workflows bring, and those that were registered. */
export function Agents() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const asking = useQuery(agents);
  const mayWrite = useMay('agents:write');
  const [isWriting, setWriting] = useState(false);
  const items = asking.data?.items ?? [];
  const go = (part: AgentSearch): void => void navigate({ search: part, replace: true });
  return (
    <div className="flex h-full flex-col">
      <ScreenHead
        title="Agents"
        count={asking.data && String(items.length)}
        actions={
          mayWrite && (
            <Button tone="main" onClick={() => setWriting(true)}>
              <Icon name="plus" />
              Register an agent
            </Button>
          )
        }
      />
      <Standing asking={asking}>
        {asking.data !== undefined && items.length === 0 && (
          <Nothing title="There are no agents yet">
            Agents come with the workflows that the server offers, or are registered here.
          </Nothing>
        )}
      </Standing>
      {items.length > 0 && (
        <Split
          label="Agents"
          back="All agents"
          items={items}
          keyOf={(one) => one.id}
          chosen={search.one}
          onChoose={(one) => go(one === undefined ? {} : { one })}
          row={(one) => <Row one={one} />}
        >
          {(id) => <Agent id={id} version={search.version} go={go} />}
        </Split>
      )}
      {isWriting && <WriteWindow known={null} onClose={() => setWriting(false)} onDone={(one) => go({ one })} />}
    </div>
  );
}

function Row({ one }: { one: AgentSummary }) {
  return (
    <>
      <span className="flex items-center gap-2">
        <span className="min-w-0 flex-1 truncate font-medium">{one.name}</span>
        {!one.is_active && <Tag>inactive</Tag>}
        <span className="shrink-0 text-xs text-soft">
          {one.source === 'server' ? 'of the server' : `version ${one.version}`}
        </span>
      </span>
      <span className="line-clamp-2 text-sm text-soft">{one.description || one.role}</span>
      <span className="truncate font-mono text-xs text-soft">{one.model}</span>
    </>
  );
}

interface AgentProps {
  id: string;
  version: number | undefined;
  go: (part: AgentSearch) => void;
}

function Agent({ id, version, go }: AgentProps) {
  const newest = useQuery(agent(id));
  const former = useQuery({ ...formerly(id, version ?? 0), enabled: version !== undefined });
  const mayStart = useMay('sessions:start');
  const asking = version === undefined ? newest : former;
  if (asking.isError) {
    return (
      <div className="p-4">
        <Refused error={asking.error} onRetry={() => void asking.refetch()} />
      </div>
    );
  }
  if (asking.data === undefined) return <Coming />;
  const one: AgentDetail = asking.data;
  return (
    <article className="flex max-w-4xl flex-col gap-6 p-4">
      <header className="flex flex-wrap items-start gap-x-3 gap-y-2">
        <div className="min-w-0 flex-1">
          <h2 className="text-lg font-semibold">{one.name}</h2>
          <p className="text-soft">{one.description || one.role}</p>
        </div>
        {one.source === 'organisation' && <Steering one={one} go={go} />}
      </header>
      {version === undefined && <Numbers id={id} />}
      <Facts
        facts={[
          ['Id', <code className="text-xs">{one.id}</code>],
          ['Model', <code className="text-xs">{one.model}</code>],
          ['Strategy', one.type],
          ['Role', one.role],
          ['Can', <Capabilities all={one.capabilities} />],
          ['Changed', one.updated_at && <Ago at={one.updated_at} />],
        ]}
      />
      {version === undefined && mayStart && one.is_active && (
        <Section title="Try it">
          <Playground id={id} />
        </Section>
      )}
      {one.source === 'organisation' && <Past one={one} newest={newest.data} version={version} go={go} />}
      <Section title={version === undefined ? 'How it is made' : `How version ${version} was made`}>
        {one.text ? (
          <pre className="overflow-x-auto rounded-lg border border-line bg-surface p-3 font-mono text-xs leading-5 whitespace-pre-wrap">
            {one.text}
          </pre>
        ) : (
          <div className="rounded-lg border border-line bg-surface p-3">
            <JsonView value={one.configuration as Json} open={3} />
          </div>
        )}
      </Section>
    </article>
  );
}

function Capabilities({ all }: { all: string[] }) {
  if (all.length === 0) return 'answer';
  return (
    <span className="flex flex-wrap gap-1">
      {all.map((one) => (
        <Tag key={one}>{one}</Tag>
      ))}
    </span>
  );
}

const DAYS = 7;

function Numbers({ id }: { id: string }) {
  const asking = useQuery(status(id, daysBefore(dayOf(Date.now()), DAYS - 1)));
  if (asking.isError) return <Refused error={asking.error} />;
  if (asking.data === undefined) return <Coming lines={1} />;
  const { state, metrics } = asking.data;
  const { latency_ms: took, success_rate: rate } = metrics;
  return (
    <div className="rounded-lg border border-line bg-surface px-4 py-3" data-numbers>
      <dl className="flex flex-wrap gap-x-8 gap-y-2">
        <Figure name="Now" value={state} of={metrics.running > 0 && `${metrics.running} open`} />
        <Figure name="Completed" value={countText(metrics.completed)} />
        <Figure name="Failed" value={countText(metrics.failed)} />
        <Figure name="Success rate" value={rate === null ? '–' : `${Math.round(rate * 1000) / 10} %`} />
        <Figure
          name="Took, median"
          value={took.p50 === null ? '–' : lengthText(took.p50)}
          of={took.p95 !== null && `95 % up to ${lengthText(took.p95)}`}
        />
        <Figure name="Turns" value={countText(metrics.turns)} />
        <Figure name="Tool calls" value={countText(metrics.tool_calls)} />
        <Figure name="Tokens" value={countText(metrics.input_tokens + metrics.output_tokens)} />
        <Figure name="Spent" value={usdText(metrics.cost_usd)} />
      </dl>
      <p className="mt-2 text-xs text-soft">In {DAYS} days, this one among them.</p>
    </div>
  );
}

interface PastProps {
  one: AgentDetail;
  newest: AgentDetail | undefined;
  version: number | undefined;
  go: (part: AgentSearch) => void;
}

function Past({ one, newest, version, go }: PastProps) {
  const told = useQuery(versions(one.id)).data?.items ?? [];
  if (told.length === 0) return null;
  return (
    <Versions
      told={told}
      version={version}
      onChoose={(chosen) => go(chosen === undefined ? { one: one.id } : { one: one.id, version: chosen })}
      before={one.configuration as Json}
      newest={newest?.configuration as Json | undefined}
    />
  );
}

function Steering({ one, go }: { one: AgentDetail; go: (part: AgentSearch) => void }) {
  const queries = useQueryClient();
  const mayWrite = useMay('agents:write');
  const [opened, setOpened] = useState<'' | 'write' | 'delete'>('');
  if (!mayWrite) return null;
  return (
    <div className="flex gap-2">
      <Button onClick={() => setOpened('write')}>Change</Button>
      <Button tone="danger" onClick={() => setOpened('delete')}>
        Delete
      </Button>
      {opened === 'write' && (
        <WriteWindow known={one} onClose={() => setOpened('')} onDone={(id) => go({ one: id })} />
      )}
      {opened === 'delete' && (
        <Sure
          title={`Delete ${one.name}`}
          verb="Delete it"
          act={() =>
            got(api.DELETE('/api/v1/agents/{agent_id}', { params: { path: { agent_id: one.id } } }))
          }
          onDone={() => {
            go({});
            void queries.invalidateQueries({ queryKey: ['agents'] });
          }}
          onClose={() => setOpened('')}
        >
          It can be given no work any more. Its sessions go on.
        </Sure>
      )}
    </div>
  );
}
