import { queryOptions, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { agoText, countText, usdText } from '../../model/words';
import { Ago } from '../../parts/ago';
import { useNow } from '../../parts/clock';
import { Input } from '../../parts/controls';
import { useMay } from '../../parts/may';
import { Coming, Refused } from '../../parts/said';
import { ScreenHead, Section, Tag } from '../../parts/screen';
import type { components } from '../../wire/api';
import { api, got } from '../../wire/client';
import { type By, usage } from '../../wire/questions';
import { GROUPS, type ModelSearch } from './search';

type Health = components['schemas']['models_Health'];
type Used = components['schemas']['Used'];

const route = getRouteApi('/shell/models');

const models = queryOptions({
  queryKey: ['models'],
  queryFn: () => got(api.GET('/api/v1/models')),
  refetchInterval: 10_000,
});

/** What can be asked, how it does, and what it cost. */
export function Models() {
  const asking = useQuery(models);
  const maySpend = useMay('usage:read');
  const told = asking.data;
  return (
    <div className="flex h-full flex-col">
      <ScreenHead title="Models" />
      <div className="min-h-0 flex-1 overflow-auto">
        <div className="mx-auto flex max-w-6xl flex-col gap-7 p-4 lg:p-6">
          {asking.isError && <Refused error={asking.error} onRetry={() => void asking.refetch()} />}
          {asking.isPending && <Coming />}
          {told !== undefined && (
            <div className="grid gap-7 md:grid-cols-2">
              <Section level={2} title="Providers">
                <p className="flex flex-wrap gap-1.5">
                  {told.providers.map((one) => (
                    <Tag key={one}>{one}</Tag>
                  ))}
                </p>
                <p className="text-sm text-soft">
                  A model is asked for as <code>provider:model</code>. The key of a provider is in the
                  server’s environment, or a secret of the organisation by that name.
                </p>
              </Section>
              <Section level={2} title="Routes">
                {told.routes.length === 0 && (
                  <p className="text-sm text-soft">
                    None. A route is several models under one name: if one fails, the next is asked.
                  </p>
                )}
                <ul className="flex flex-col gap-2">
                  {told.routes.map((one) => (
                    <li key={one.name} className="rounded-lg border border-line bg-surface px-3 py-2">
                      <p className="flex items-center gap-2 font-medium">
                        route:{one.name} <Tag>{one.order}</Tag>
                      </p>
                      <ol className="mt-1 flex flex-wrap gap-x-2 gap-y-1 font-mono text-xs text-soft">
                        {one.models.map((model, index) => (
                          <li key={model}>
                            {index > 0 && '→ '}
                            {model}
                          </li>
                        ))}
                      </ol>
                    </li>
                  ))}
                </ul>
              </Section>
            </div>
          )}
          {told !== undefined && told.health.length > 0 && (
            <Section level={2} title="Health">
              <ul className="grid gap-2 md:grid-cols-2">
                {told.health.map((one) => (
                  <HealthOf key={one.model} one={one} />
                ))}
              </ul>
            </Section>
          )}
          {maySpend && <Spend />}
        </div>
      </div>
    </div>
  );
}

const STATES: Record<Health['state'], [string, string]> = {
  closed: ['answers', 'bg-done-tint text-done'],
  open: ['rests', 'bg-fail-tint text-fail'],
  half_open: ['is tried again', 'bg-wait-tint text-wait'],
};

function HealthOf({ one }: { one: Health }) {
  const [text, look] = STATES[one.state];
  const nowMs = useNow();
  return (
    <li className="rounded-lg border border-line bg-surface px-3 py-2">
      <p className="flex items-center gap-2">
        <code className="min-w-0 flex-1 truncate text-xs font-medium">{one.model}</code>
        <Tag look={look}>{text}</Tag>
      </p>
      {one.failures > 0 && (
        <p className="mt-1 text-sm text-soft">
          {one.failures} failed in a row
          {one.since && (
            <>
              , last <Ago at={one.since} />
            </>
          )}
          {one.rests_until && `, asked again ${agoText(Date.parse(one.rests_until), nowMs)}`}
        </p>
      )}
      {one.error && <p className="mt-1 text-sm break-words text-fail">{one.error}</p>}
    </li>
  );
}

const COLUMNS: [string, (used: Used) => string][] = [
  ['Turns', (used) => countText(used.turns)],
  ['From the cache', (used) => countText(used.cached_turns)],
  ['Tool calls', (used) => countText(used.tool_calls)],
  ['Failed', (used) => countText(used.failed_attempts)],
  ['Tokens in', (used) => countText(used.input_tokens)],
  ['Tokens out', (used) => countText(used.output_tokens)],
  ['Cost', (used) => usdText(used.cost_usd)],
];

/** What was spent, by model or by whom. */
function Spend() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const by = search.by ?? 'model';
  const asking = useQuery(
    usage({
      by,
      limit: 500,
      ...(search.since ? { since: search.since } : {}),
      ...(search.until ? { until: search.until } : {}),
    }),
  );
  const change = (part: Record<string, string | undefined>): void => {
    void navigate({ search: { ...search, ...part } as ModelSearch, replace: true });
  };
  return (
    <Section level={2} title="Spent">
      <div className="flex flex-wrap items-center gap-2 text-sm text-soft">
        <div role="group" aria-label="By" className="flex flex-wrap gap-1">
          {GROUPS.map((one) => (
            <button
              key={one}
              type="button"
              aria-pressed={one === by}
              onClick={() => change({ by: one === 'model' ? undefined : one })}
              className={`h-8 rounded-full border px-2.5 ${
                one === by
                  ? 'border-accent bg-tint font-medium text-accent'
                  : 'border-line hover:border-firm hover:text-ink'
              }`}
            >
              by {one}
            </button>
          ))}
        </div>
        {(['since', 'until'] as const).map((name) => (
          <label key={name} className="flex items-center gap-1">
            {name === 'since' ? 'from' : 'to'}
            <Input
              type="date"
              className="w-auto!"
              value={search[name] ?? ''}
              onChange={(event) => change({ [name]: event.target.value || undefined })}
            />
          </label>
        ))}
        {(search.since || search.until) && (
          <button
            type="button"
            className="text-accent underline"
            onClick={() => change({ since: undefined, until: undefined })}
          >
            Of all time
          </button>
        )}
      </div>
      {asking.isError && <Refused error={asking.error} onRetry={() => void asking.refetch()} />}
      {asking.isPending && <Coming lines={3} />}
      {asking.data?.groups.length === 0 && (
        <p className="py-4 text-soft">No agent has asked a model in that time.</p>
      )}
      {asking.data !== undefined && asking.data.groups.length > 0 && (
        <div className="relative overflow-x-auto rounded-lg border border-line bg-surface" data-spend tabIndex={0} role="region" aria-label="Spent">
          <table className="nums w-full text-sm">
            <caption className="sr-only">Spent by {by}</caption>
            <thead>
              <tr className="border-b border-line text-left text-soft">
                <th className="px-4 py-2 font-medium first-letter:uppercase">{by}</th>
                {COLUMNS.map(([name]) => (
                  <th key={name} className="px-3 py-2 text-right font-medium whitespace-nowrap">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {asking.data.groups.map((one) => (
                <tr key={one.group} className="border-b border-line">
                  <th scope="row" className="px-4 py-2 text-left font-medium">
                    <Group by={by} name={one.group} />
                  </th>
                  {COLUMNS.map(([column, text]) => (
                    <td key={column} className="px-3 py-2 text-right">
                      {text(one)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
            <tfoot>
              <tr className="font-semibold">
                <th scope="row" className="px-4 py-2 text-left">
                  In all
                </th>
                {COLUMNS.map(([column, text]) => (
                  <td key={column} className="px-3 py-2 text-right">
                    {text(asking.data.total)}
                  </td>
                ))}
              </tr>
            </tfoot>
          </table>
        </div>
      )}
      <p className="text-xs text-soft">
        Tokens and money are what models said of their answers. Days are those of UTC.
        {asking.data?.complete === false && ' There are more groups than are shown.'}
        {(asking.data?.behind ?? 0) > 0 && ' What happened just now is not counted yet.'}
      </p>
    </Section>
  );
}

/** Leads to what the group is about. */
function Group({ by, name }: { by: By; name: string }) {
  if (name === '') return <span className="text-soft">none</span>;
  const look = 'text-accent underline';
  if (by === 'user') {
    return (
      <Link to="/sessions" search={{ user: name }} className={look}>
        {name}
      </Link>
    );
  }
  if (by === 'workflow') {
    return (
      <Link to="/sessions" search={{ workflow: name, all: true }} className={look}>
        {name}
      </Link>
    );
  }
  if (by === 'day') {
    return (
      <Link to="/sessions" search={{ since: name, until: name }} className={look}>
        {name}
      </Link>
    );
  }
  return name;
}
