import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { cloneElement, type ReactElement, type ReactNode } from 'react';
import { barsOf, dayOf, daysBefore, daysFrom } from '../../model/days';
import { lengthText, plural, usdText } from '../../model/words';
import { Ago } from '../../parts/ago';
import { buttonLook } from '../../parts/controls';
import { Icon } from '../../parts/icons';
import { useMay } from '../../parts/may';
import { Coming, Nothing, Refused } from '../../parts/said';
import { ScreenHead } from '../../parts/screen';
import { Dot, StatusMark } from '../../parts/status';
import type { components } from '../../wire/api';
import { approvals, overview, sessions, usage } from '../../wire/questions';
import { PERIODS } from './search';

type Overview = components['schemas']['Overview'];

const route = getRouteApi('/shell/');

/** What needs somebody, what goes on, and how it went. Each number leads to what it counts. */
export function Home() {
  const days = route.useSearch().days ?? 7;
  const today = dayOf(Date.now());
  const since = daysBefore(today, days - 1);
  const asking = useQuery(overview(since));
  const mayStart = useMay('sessions:start');
  const told = asking.data;
  const isNew = told !== undefined && sum(told.open) + sum(told.ended) === 0;
  return (
    <div className="flex h-full flex-col">
      <ScreenHead
        title="Home"
        actions={
          <>
            <Periods days={days} />
            {mayStart && (
              <Link to="/sessions" search={{ start: '-' }} className={buttonLook('main')}>
                <Icon name="plus" />
                Start a session
              </Link>
            )}
          </>
        }
      />
      <div className="min-h-0 flex-1 overflow-auto">
        <div className="mx-auto flex max-w-6xl flex-col gap-6 p-4 lg:p-6">
          {asking.isError && <Refused error={asking.error} onRetry={() => void asking.refetch()} />}
          {asking.isPending && <Coming />}
          {isNew && days === 7 && <First />}
          {told !== undefined && !(isNew && days === 7) && (
            <>
              <Needs told={told} since={since} />
              <Numbers told={told} since={since} days={days} />
              <Spend since={since} today={today} />
              <Recent />
            </>
          )}
        </div>
      </div>
    </div>
  );
}

const sum = (counts: Record<string, number>): number =>
  Object.values(counts).reduce((all, one) => all + one, 0);

function Periods({ days }: { days: number }) {
  return (
    <div role="group" aria-label="Period" className="flex">
      {PERIODS.map((one) => (
        <Link
          key={one}
          to="/"
          search={one === 7 ? {} : { days: one }}
          replace
          aria-current={one === days ? 'true' : undefined}
          className={`flex h-8 items-center border border-line px-2.5 text-sm first:rounded-l-md last:rounded-r-md [&+&]:border-l-0 ${
            one === days ? 'bg-tint font-medium text-accent' : 'text-soft hover:text-ink'
          }`}
        >
          {one === 1 ? 'Today' : `${one} days`}
        </Link>
      ))}
    </div>
  );
}

function First() {
  return (
    <Nothing title="No sessions yet">
      <p>
        A session is one run of a workflow. Start one, watch its agents here, and look back at every
        step of it.
      </p>
    </Nothing>
  );
}

/** What does not go on without somebody. */
function Needs({ told, since }: { told: Overview; since: string }) {
  const items = useQuery(approvals).data?.items ?? [];
  const { paused = 0 } = told.open;
  const { failed = 0 } = told.ended;
  if (told.to_approve + paused + failed === 0) {
    return (
      <p className="flex items-center gap-2 rounded-lg border border-line bg-surface px-4 py-3 text-done">
        <Dot status="done" />
        Nothing needs you.
      </p>
    );
  }
  return (
    <section
      aria-label="Needs you"
      className="rounded-lg border border-wait bg-surface"
      data-needs
    >
      <h2 className="rounded-t-lg bg-wait-tint px-4 py-2 text-sm font-semibold text-wait">Needs you</h2>
      <ul>
        {told.to_approve > 0 && (
          <Need status="waiting" text={`${plural(told.to_approve, 'session')} to approve`}>
            <Link to="/approvals" className="text-accent underline">
              Decide
            </Link>
          </Need>
        )}
        {items.slice(0, 3).map((one) => (
          <li key={`${one.session} ${one.task}`} className="border-t border-line">
            <Link
              to="/approvals"
              search={{ one: `${one.session}/${one.task}` }}
              className="flex items-center gap-3 py-2 pr-4 pl-10 text-sm hover:bg-sunken"
            >
              <span className="min-w-0 flex-1 truncate">{one.title}</span>
              <span className="hidden text-soft sm:inline">{one.workflow}</span>
              <span className="text-soft">
                <Ago at={one.since} />
              </span>
            </Link>
          </li>
        ))}
        {failed > 0 && (
          <Need status="failed" text={`${plural(failed, 'session')} failed`}>
            <Link to="/sessions" search={{ status: ['failed'], since }} className="text-accent underline">
              Look at them
            </Link>
          </Need>
        )}
        {paused > 0 && (
          <Need status="paused" text={`${plural(paused, 'session')} paused`}>
            <Link to="/sessions" search={{ status: ['paused'], all: true }} className="text-accent underline">
              Look at them
            </Link>
          </Need>
        )}
      </ul>
    </section>
  );
}

function Need({ status, text, children }: { status: string; text: string; children: ReactNode }) {
  return (
    <li className="flex items-center gap-3 border-t border-line px-4 py-2.5 first:border-t-0">
      <Dot status={status} />
      <span className="min-w-0 flex-1 font-medium">{text}</span>
      <span className="text-sm">{children}</span>
    </li>
  );
}

function Numbers({ told, since, days }: { told: Overview; since: string; days: number }) {
  const { open, ended, took_ms, used, queue } = told;
  const when = days === 1 ? 'started today' : `started in ${days} days`;
  const rate = told.success_rate;
  return (
    <ul className="grid grid-cols-2 gap-3 md:grid-cols-3 xl:grid-cols-6" data-numbers>
      <Stat
        name="Running"
        value={count(open.running ?? 0)}
        of={`${count(open.waiting ?? 0)} waiting`}
        link={<Link to="/sessions" search={{ status: ['running'], all: true }} />}
      />
      <Stat
        name="Completed"
        value={count(ended.completed ?? 0)}
        of={when}
        link={<Link to="/sessions" search={{ status: ['completed'], since }} />}
      />
      <Stat
        name="Success rate"
        value={rate === null ? '–' : `${Math.round(rate * 1000) / 10} %`}
        of={`${count(ended.failed ?? 0)} failed`}
        link={<Link to="/sessions" search={{ status: ['completed', 'failed'], since }} />}
      />
      <Stat
        name="Took, median"
        value={took_ms.p50 === null ? '–' : lengthText(took_ms.p50)}
        of={took_ms.p95 === null ? '' : `95 % up to ${lengthText(took_ms.p95)}`}
        link={<Link to="/sessions" search={{ status: ['completed', 'failed'], since }} />}
      />
      {used && (
        <Stat
          name="Spent"
          value={usdText(used.cost_usd)}
          of={plural(used.turns, 'turn')}
          link={<Link to="/models" search={{ since }} />}
        />
      )}
      {queue ? (
        <Stat
          name="Queue"
          value={count(queue.waiting)}
          of={`${count(queue.running)} at work here`}
          link={<Link to="/sessions" search={{ status: ['running'], all: true }} />}
        />
      ) : (
        <Stat
          name="Waiting"
          value={count(open.waiting ?? 0)}
          of="for people, signals, clocks"
          link={<Link to="/sessions" search={{ status: ['waiting'], all: true }} />}
        />
      )}
    </ul>
  );
}

const MOST = 10_000;

/** As the server counts no further. */
const count = (number: number): string =>
  number >= MOST ? `${MOST.toLocaleString()}+` : number.toLocaleString();

interface StatProps {
  name: string;
  value: string;
  of: string;
  link: ReactElement<{ className?: string; children?: ReactNode }>;
}

function Stat({ name, value, of, link }: StatProps) {
  return (
    <li>
      {cloneElement(
        link,
        {
          className:
            'flex h-full flex-col rounded-lg border border-line bg-surface px-4 py-3 hover:border-firm',
        },
        <span className="text-sm text-soft">{name}</span>,
        <span className="nums text-2xl font-semibold tracking-tight">{value}</span>,
        <span className="text-xs text-soft">{of}</span>,
      )}
    </li>
  );
}

/** What was spent on each day, as bars. */
function Spend({ since, today }: { since: string; today: string }) {
  const may = useMay('usage:read');
  const first = since === today ? daysBefore(today, 6) : since;
  const told = useQuery({ ...usage({ by: 'day', since: first }), enabled: may }).data;
  if (told === undefined || told.groups.length === 0) return null;
  // The server counts days in UTC: the last of them may be tomorrow, or yesterday.
  const last = told.groups[0]?.group ?? today;
  const values = new Map(told.groups.map((one) => [one.group, one.cost_usd]));
  const bars = barsOf(daysFrom(first, last > today ? last : today), values);
  return (
    <section className="rounded-lg border border-line bg-surface px-4 py-3">
      <h2 className="flex items-baseline gap-2 text-sm font-semibold">
        Spent by day
        <span className="nums font-normal text-soft">{usdText(told.total.cost_usd)} in all</span>
        <Link to="/models" search={{ since: first }} className="ml-auto font-normal text-accent underline">
          By model
        </Link>
      </h2>
      <ul className="mt-3 flex h-24 items-end gap-1" aria-label="Spent by day">
        {bars.map((bar) => (
          <li
            key={bar.day}
            title={`${bar.day}: ${usdText(bar.value)}`}
            className="flex h-full min-w-0 flex-1 flex-col justify-end"
          >
            <span className="sr-only">
              {bar.day}: {usdText(bar.value)}
            </span>
            <span
              aria-hidden="true"
              className="rounded-t bg-accent"
              style={{ height: `${bar.value === 0 ? 1 : Math.max(3, bar.share * 100)}%`, opacity: bar.value === 0 ? 0.25 : 1 }}
            />
          </li>
        ))}
      </ul>
      <p aria-hidden="true" className="nums mt-1 flex justify-between text-xs text-soft">
        <span>{bars[0]?.day}</span>
        <span>{bars.at(-1)?.day}</span>
      </p>
    </section>
  );
}

const RECENT = 8;

function Recent() {
  const asking = useInfiniteQuery(
    sessions({ status: [], workflow: '', user: '', q: '', since: '', until: '', roots: true }),
  );
  const items = asking.data?.pages[0]?.items.slice(0, RECENT) ?? [];
  if (items.length === 0) return null;
  return (
    <section>
      <h2 className="mb-2 flex items-baseline text-sm font-semibold">
        Newest sessions
        <Link to="/sessions" className="ml-auto font-normal text-accent underline">
          All sessions
        </Link>
      </h2>
      <ul className="overflow-hidden rounded-lg border border-line bg-surface" data-recent>
        {items.map((one) => (
          <li key={one.id} className="border-t border-line first:border-t-0">
            <Link
              to="/sessions/$id"
              params={{ id: one.id }}
              className="flex items-center gap-3 px-4 py-2 hover:bg-sunken focus-visible:-outline-offset-2"
            >
              <span className="w-24 shrink-0">
                <StatusMark status={one.status} />
              </span>
              <span className="shrink-0 font-medium">{one.workflow}</span>
              <span className="min-w-0 flex-1 truncate text-sm text-soft">{one.waiting_for}</span>
              <span className="shrink-0 text-sm text-soft">
                <Ago at={one.started_at} />
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
