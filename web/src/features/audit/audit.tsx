import { infiniteQueryOptions, useInfiniteQuery, useMutation } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { plural } from '../../model/words';
import { Ago } from '../../parts/ago';
import { Changes } from '../../parts/changes';
import { Button, Input } from '../../parts/controls';
import { JsonView } from '../../parts/json';
import { useMay } from '../../parts/may';
import { Nothing, Refused, Standing } from '../../parts/said';
import { Facts, ScreenHead, Section } from '../../parts/screen';
import { FilterInput } from '../../parts/searchbox';
import { More, Split } from '../../parts/split';
import type { components } from '../../wire/api';
import { api, got, once } from '../../wire/client';
import type { Json } from '../../wire/events';
import { dayText } from '../../wire/questions';
import type { AuditSearch } from './search';

type Entry = components['schemas']['AuditEntry'];
type Verification = components['schemas']['Verification'];

const route = getRouteApi('/shell/audit');
const PAGE = 100;

const entries = (search: AuditSearch) =>
  infiniteQueryOptions({
    queryKey: ['audit', { ...search, one: undefined }],
    initialPageParam: '',
    queryFn: ({ pageParam }) =>
      got(
        api.GET('/api/v1/audit', {
          params: {
            query: {
              limit: PAGE,
              ...(search.actor ? { actor: search.actor } : {}),
              ...(search.action ? { action: [search.action] } : {}),
              ...(search.kind ? { kind: search.kind } : {}),
              ...(search.target ? { target: search.target } : {}),
              ...(search.since ? { since: dayText(search.since, 0) } : {}),
              ...(search.until ? { until: dayText(search.until, 1) } : {}),
              ...(pageParam ? { cursor: pageParam } : {}),
            },
          },
        }),
      ),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

/** Who did what, from where, and what it changed; and whether that is as it was written. */
export function Audit() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const asking = useInfiniteQuery(entries(search));
  const shown = asking.data?.pages.flatMap((page) => page.items) ?? [];
  const change = (part: Partial<Record<keyof AuditSearch, string | undefined>>): void => {
    const next = { ...search, one: undefined, ...part };
    void navigate({ search: next as AuditSearch, replace: true });
  };
  const verifying = useMutation({
    mutationFn: () => got(api.POST('/api/v1/audit/verify', { params: { header: once() } })),
  });
  const mayVerify = useMay('settings:read');
  return (
    <div className="flex h-full flex-col">
      <ScreenHead
        title="Audit"
        actions={
          mayVerify && (
            <Button disabled={verifying.isPending} onClick={() => verifying.mutate()}>
              {verifying.isPending ? 'Verifying' : 'Verify'}
            </Button>
          )
        }
      >
        <Filters search={search} change={change} shown={shown} />
        {verifying.isError && <Refused error={verifying.error} />}
        {verifying.data && <Verified found={verifying.data} />}
      </ScreenHead>
      <Standing asking={asking}>
        {asking.data !== undefined && shown.length === 0 && (
          <Nothing title={Object.keys(search).length > 0 ? 'No entry is like that' : 'Nothing was done yet'}>
            Each change that somebody makes is entered here, with who, from where, and what it was before.
          </Nothing>
        )}
      </Standing>
      {shown.length > 0 && (
        <Split
          label="Entries"
          back="All entries"
          width="md:w-96"
          items={shown}
          keyOf={(one) => String(one.number)}
          chosen={search.one}
          onChoose={(one) => change({ one })}
          row={(one) => <Row one={one} />}
          below={<More asking={asking} />}
        >
          {(number) => {
            const one = shown.find((entry) => String(entry.number) === number);
            return one === undefined ? (
              <Nothing title="That entry is not in this list">Load more of it, or take the filters off.</Nothing>
            ) : (
              <EntryView one={one} change={change} />
            );
          }}
        </Split>
      )}
    </div>
  );
}

interface FiltersProps {
  search: AuditSearch;
  change: (part: Partial<Record<keyof AuditSearch, string | undefined>>) => void;
  shown: Entry[];
}

function Filters({ search, change, shown }: FiltersProps) {
  const knownOf = (name: 'actor' | 'action' | 'kind'): string[] =>
    [...new Set(shown.map((one) => one[name]))].filter(Boolean).sort();
  const isFiltered = Object.keys(search).some((name) => name !== 'one');
  return (
    <div className="flex flex-wrap items-center gap-2 text-sm text-soft">
      {(['actor', 'action', 'kind'] as const).map((name) => (
        <FilterInput
          key={name}
          label={name}
          placeholder={`any ${name}`}
          className="w-36!"
          known={knownOf(name)}
          text={search[name] ?? ''}
          onChange={(text) => change({ [name]: text || undefined })}
        />
      ))}
      <FilterInput
        label="target"
        placeholder="any target"
        className="w-44!"
        text={search.target ?? ''}
        onChange={(target) => change({ target: target || undefined })}
      />
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
      {isFiltered && (
        <Link to="/audit" search={{}} replace className="text-accent underline">
          Clear
        </Link>
      )}
    </div>
  );
}

function Verified({ found }: { found: Verification }) {
  const looked = `${plural(found.entries, 'entry', 'entries')}, ${plural(found.records, 'record')} and ${plural(found.commits, 'commit')}`;
  return (
    <div
      role="status"
      className={`rounded-lg border px-3 py-2 text-sm ${found.sound ? 'border-done bg-done-tint' : 'border-fail bg-fail-tint'}`}
    >
      <p className={`font-medium ${found.sound ? 'text-done' : 'text-fail'}`}>
        {found.sound
          ? `All is as it was written: ${looked}.`
          : `${plural(found.faults.length, 'fault')} found in ${looked}.`}
      </p>
      {found.faults.map((fault) => (
        <p key={`${fault.part} ${fault.number}`}>
          {fault.part} {fault.number > 0 && fault.number}: {fault.message}
        </p>
      ))}
      {found.notes.map((note) => (
        <p key={note} className="text-soft">
          {note}
        </p>
      ))}
      <p className="mt-1 text-xs break-all text-soft">
        {plural(found.checkpoints, 'checkpoint')}; last entry <code>{found.digest.slice(0, 16)}…</code>
      </p>
    </div>
  );
}

function Row({ one }: { one: Entry }) {
  return (
    <>
      <span className="flex items-center gap-2">
        <span className="min-w-0 flex-1 truncate font-medium">{one.action}</span>
        <span className="text-xs text-soft">
          <Ago at={one.at} />
        </span>
      </span>
      <span className="flex gap-2 text-xs text-soft">
        <span className="shrink-0">{one.actor}</span>
        <span className="min-w-0 flex-1 truncate text-right font-mono">{one.target}</span>
      </span>
    </>
  );
}

function EntryView({ one, change }: { one: Entry; change: FiltersProps['change'] }) {
  const only = (part: Partial<Record<keyof AuditSearch, string>>, text: string): ReactNode => (
    <button type="button" className="text-left break-all text-accent underline" onClick={() => change(part)}>
      {text}
    </button>
  );
  return (
    <article className="flex max-w-3xl flex-col gap-5 p-4">
      <h2 className="text-lg font-semibold">{one.action}</h2>
      <Facts
        facts={[
          ['Number', one.number],
          ['When', new Date(one.at).toLocaleString()],
          ['By', only({ actor: one.actor }, one.actor)],
          ['Of', one.kind && only({ kind: one.kind }, one.kind)],
          ['Target', one.target && only({ target: one.target }, one.target)],
          ['Version', one.version || ''],
          ['From', one.address],
          ['With', one.client],
          ['Request', one.request && <code className="text-xs">{one.request}</code>],
          ['Digest', <code className="text-xs break-all">{one.digest}</code>],
        ]}
      />
      {one.target.startsWith('ses_') && (
        <Link to="/sessions/$id" params={{ id: one.target }} className="text-accent underline">
          Open the session
        </Link>
      )}
      {Object.keys(one.detail).length > 0 && (
        <Section title="Detail">
          <JsonView value={one.detail as Json} />
        </Section>
      )}
      {one.before !== null && one.after !== null ? (
        <Section title="What it changed">
          <Changes before={one.before as Json} after={one.after as Json} />
        </Section>
      ) : (
        (one.before ?? one.after) !== null && (
          <Section title={one.after === null ? 'What it was before' : 'What it made'}>
            <JsonView value={(one.after ?? one.before) as Json} />
          </Section>
        )
      )}
    </article>
  );
}
