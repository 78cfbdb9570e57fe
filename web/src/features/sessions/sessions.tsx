import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { lengthText } from '../../model/words';
import { Ago } from '../../parts/ago';
import { Button, Input, Select } from '../../parts/controls';
import { Icon } from '../../parts/icons';
import { Coming, Nothing, Refused } from '../../parts/said';
import { SearchBox } from '../../parts/searchbox';
import { Dot, lookOf, StatusMark, tintLook } from '../../parts/status';
import { me, type SessionSummary, sessions, workflows } from '../../wire/questions';
import { type SessionSearch, STATUSES } from './search';

const StartWindow = lazy(() => import('./start').then((found) => ({ default: found.StartWindow })));

const route = getRouteApi('/shell/sessions');

export function Sessions() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const change = (part: Partial<SessionSearch>): void => {
    void navigate({ search: { ...search, ...part } as SessionSearch, replace: true });
  };
  const mayStart = useQuery(me).data?.permissions.includes('sessions:write') ?? false;
  return (
    <div className="flex h-full flex-col">
      <header className="flex flex-col gap-2 border-b border-line bg-surface px-4 py-3">
        <div className="flex items-center gap-3">
          <h1 className="text-lg font-semibold">Sessions</h1>
          <Count search={search} />
          {mayStart && (
            <Button tone="main" className="ml-auto" onClick={() => change({ start: '-' })}>
              <Icon name="plus" />
              Start a session
            </Button>
          )}
        </div>
        <Filters search={search} change={change} />
      </header>
      <List search={search} />
      {search.start !== undefined && (
        <Suspense>
          <StartWindow
            workflow={search.start === '-' ? '' : search.start}
            onChoose={(start) => change({ start })}
            onClose={() => change({ start: undefined } as never)}
          />
        </Suspense>
      )}
    </div>
  );
}

function useSessions(search: SessionSearch) {
  return useInfiniteQuery(
    sessions({
      status: search.status ?? [],
      workflow: search.workflow ?? '',
      user: search.user ?? '',
      q: search.q ?? '',
      since: search.since ?? '',
      until: search.until ?? '',
      roots: search.all !== true,
    }),
  );
}

function Count({ search }: { search: SessionSearch }) {
  const page = useSessions(search).data?.pages[0];
  if (page?.count === undefined || page.count === null) return null;
  return (
    <span className="nums text-soft">
      {page.count.toLocaleString()}
      {page.count_is_exact ? '' : ' or more'}
    </span>
  );
}

interface FiltersProps {
  search: SessionSearch;
  change: (part: Partial<SessionSearch>) => void;
}

function Filters({ search, change }: FiltersProps) {
  const known = useQuery(workflows);
  const names = known.data?.items.map((one) => one.name) ?? [];
  const chosen = search.status ?? [];
  const flip = (one: (typeof STATUSES)[number]): void => {
    const status = chosen.includes(one) ? chosen.filter((other) => other !== one) : [...chosen, one];
    change({ status });
  };
  const isFiltered = Object.keys(search).some((name) => name !== 'start');
  return (
    <div className="flex flex-wrap items-center gap-2">
      <SearchBox
        label="Search sessions"
        placeholder="id, key or workflow"
        text={search.q ?? ''}
        onChange={(q) => change({ q })}
      />
      <Select
        aria-label="Workflow"
        className="w-auto! max-w-44"
        value={search.workflow ?? ''}
        onChange={(event) => change({ workflow: event.target.value })}
      >
        <option value="">any workflow</option>
        {[...new Set([...names, ...(search.workflow ? [search.workflow] : [])])].map((name) => (
          <option key={name}>{name}</option>
        ))}
      </Select>
      <div role="group" aria-label="Status" className="flex flex-wrap gap-1">
        {STATUSES.map((one) => (
          <button
            key={one}
            type="button"
            aria-pressed={chosen.includes(one)}
            onClick={() => flip(one)}
            className={`inline-flex h-8 items-center gap-1.5 rounded-full border px-2.5 text-sm ${
              chosen.includes(one)
                ? `${tintLook[lookOf(one)]} border-current font-medium`
                : 'border-line text-soft hover:border-firm hover:text-ink'
            }`}
          >
            <Dot status={one} className={chosen.includes(one) ? '' : 'animate-none! '} />
            {one}
          </button>
        ))}
      </div>
      <details className="relative" open={Boolean(search.user || search.since || search.until)}>
        <summary className="flex h-8 list-none items-center gap-1 rounded-md px-2 text-sm text-soft hover:bg-sunken hover:text-ink">
          More <Icon name="down" className="size-3" />
        </summary>
        <div className="flex flex-wrap items-center gap-2 py-1 text-sm text-soft">
          <Input
            aria-label="User"
            placeholder="user"
            className="w-32!"
            defaultValue={search.user ?? ''}
            onBlur={(event) => change({ user: event.target.value })}
            onKeyDown={(event) =>
              event.key === 'Enter' && change({ user: event.currentTarget.value })
            }
          />
          <label className="flex items-center gap-1">
            from
            <Input
              type="date"
              className="w-auto!"
              value={search.since ?? ''}
              onChange={(event) => change({ since: event.target.value })}
            />
          </label>
          <label className="flex items-center gap-1">
            to
            <Input
              type="date"
              className="w-auto!"
              value={search.until ?? ''}
              onChange={(event) => change({ until: event.target.value })}
            />
          </label>
          <label className="flex items-center gap-1.5">
            <input
              type="checkbox"
              className="size-4 accent-(--accent)"
              checked={search.all === true}
              onChange={(event) => change(event.target.checked ? { all: true } : ({ all: undefined } as never))}
            />
            those that others started, too
          </label>
        </div>
      </details>
      {isFiltered && (
        <Link to="/sessions" search={{}} replace className="text-sm text-accent underline">
          Clear
        </Link>
      )}
    </div>
  );
}

const ROW = 44;
const COLUMNS = 'lg:grid-cols-[8rem_minmax(8rem,1fr)_minmax(10rem,2fr)_7rem_6rem_7rem]';

function List({ search }: { search: SessionSearch }) {
  const asking = useSessions(search);
  const items = asking.data?.pages.flatMap((page) => page.items) ?? [];
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = asking;
  const box = useRef<HTMLDivElement>(null);
  const isNarrow = useNarrow();
  const rows = useVirtualizer({
    count: items.length + (hasNextPage ? 1 : 0),
    getScrollElement: () => box.current,
    estimateSize: () => (isNarrow ? 68 : ROW),
    overscan: 12,
    getItemKey: (index) => items[index]?.id ?? 'more',
  });
  const shown = rows.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  useEffect(() => rows.measure(), [isNarrow, rows]);
  useEffect(() => {
    if (last >= items.length - 1 && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [last, items.length, hasNextPage, isFetchingNextPage, fetchNextPage]);
  if (asking.isError) {
    return (
      <div className="p-4">
        <Refused error={asking.error} onRetry={() => void asking.refetch()} />
      </div>
    );
  }
  if (asking.isPending) return <Coming lines={10} />;
  if (items.length === 0) return <Empty search={search} />;
  return (
    <>
      <div
        aria-hidden="true"
        className={`hidden gap-3 border-b border-line px-4 py-1.5 text-xs font-medium text-soft lg:grid ${COLUMNS}`}
      >
        <span>Status</span>
        <span>Workflow</span>
        <span>Session</span>
        <span>User</span>
        <span>Took</span>
        <span>Started</span>
      </div>
      <div ref={box} data-list className="min-h-0 flex-1 overflow-auto">
        <ul className="relative" style={{ height: rows.getTotalSize() }}>
          {shown.map((row) => {
            const one = items[row.index];
            return (
              <li
                key={row.key}
                className="absolute inset-x-0 top-0"
                style={{ height: row.size, transform: `translateY(${row.start}px)` }}
              >
                {one === undefined ? (
                  <p className="p-3 text-center text-soft">Loading more</p>
                ) : (
                  <Row one={one} />
                )}
              </li>
            );
          })}
        </ul>
      </div>
    </>
  );
}

/** Its key, where people chose one; the server makes keys of its own, which say nothing. */
function nameOf({ id, key, parent }: SessionSummary): string {
  return key && !parent && !key.startsWith('idempotency:') ? key : id;
}

function Row({ one }: { one: SessionSummary }) {
  const took = Date.parse(one.updated_at) - Date.parse(one.started_at);
  const isOver = ['completed', 'failed', 'cancelled'].includes(one.status);
  return (
    <Link
      to="/sessions/$id"
      params={{ id: one.id }}
      className={`flex h-full flex-wrap content-center items-center gap-x-3 gap-y-1 border-b border-line px-4 hover:bg-surface focus-visible:-outline-offset-2 lg:grid lg:content-normal ${COLUMNS}`}
    >
      <span>
        <StatusMark status={one.status} />
      </span>
      <span className="truncate font-medium">{one.workflow}</span>
      <span className="order-last w-full min-w-0 truncate text-soft lg:order-none lg:w-auto">
        {one.waiting_for ? (
          <span className={one.status === 'failed' ? 'text-fail' : 'text-wait'}>
            {one.waiting_for}
          </span>
        ) : (
          <span className="font-mono text-xs">{nameOf(one)}</span>
        )}
      </span>
      <span className="hidden truncate text-soft lg:block">{one.user}</span>
      <span className="nums hidden text-soft lg:block">{isOver ? lengthText(took) : ''}</span>
      <span className="ml-auto text-soft lg:ml-0">
        <Ago at={one.started_at} />
      </span>
    </Link>
  );
}

function Empty({ search }: { search: SessionSearch }) {
  const navigate = useNavigate();
  const isFiltered = Object.keys(search).some((name) => name !== 'start');
  if (isFiltered) {
    return (
      <Nothing title="No session is like that">
        <Link to="/sessions" search={{}} className="text-accent underline">
          Show all
        </Link>
      </Nothing>
    );
  }
  return (
    <Nothing title="No sessions yet">
      <p className="mb-3">A session is one run of a workflow. Start one, and watch it here.</p>
      <Button tone="main" onClick={() => void navigate({ to: '/sessions', search: { start: '-' } })}>
        Start a session
      </Button>
    </Nothing>
  );
}

function useNarrow(): boolean {
  const [isNarrow, setNarrow] = useState(() => matchMedia('(width < 64rem)').matches);
  useEffect(() => {
    const query = matchMedia('(width < 64rem)');
    const tell = (): void => setNarrow(query.matches);
    query.addEventListener('change', tell);
    return () => query.removeEventListener('change', tell);
  }, []);
  return isNarrow;
}
