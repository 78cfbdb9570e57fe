import * as Menu from '@radix-ui/react-dropdown-menu';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { againMs } from '../../model/asking';
import { costsAt } from '../../model/cost';
import { isOver, statusAt } from '../../model/session';
import { agoText, countText, lengthText, usdText } from '../../model/words';
import { Ago } from '../../parts/ago';
import { useNow } from '../../parts/clock';
import { Button, buttonLook, IconButton } from '../../parts/controls';
import { Icon } from '../../parts/icons';
import { Refused } from '../../parts/said';
import { StatusMark } from '../../parts/status';
import { api, got, once } from '../../wire/client';
import { me, session, type Wait } from '../../wire/questions';
import { CancelWindow, SignalWindow } from './steering';
import { useFold, useMoment } from './place';
import { saved } from './saving';

/** What the session is, how it stands, what holds it up, and what can be told to it. */
export function Head() {
  const moment = useMoment();
  const { id, live, log } = moment;
  const detail = useDetail(id, live.log.version);
  const folded = useFold(moment, (version) => statusAt(log, version));
  const isComing = live.share < 1 && live.connection !== 'lost';
  const shown = isComing && moment.isNewest ? (detail?.status ?? 'pending') : folded;
  return (
    <header className="shrink-0 border-b border-line bg-surface px-4 pt-3 pb-2">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <h1 className="text-lg font-semibold">{detail?.workflow ?? 'Session'}</h1>
        <span data-status={shown}>
          <StatusMark status={shown} />
        </span>
        <CopyId id={id} />
        {detail?.parent && <Other id={detail.parent} what="part of" />}
        {detail?.origin && <Other id={detail.origin} what="forked from" at={detail.origin_version} />}
        <Actions status={shown} />
      </div>
      <Figures />
      {isComing && live.log.version > 0 && (
        <p className="nums mt-1 flex items-center gap-2 text-sm text-soft" role="status">
          <progress value={live.share} className="h-1.5 w-40 accent-(--accent)" />
          {(live.log.version - live.log.first).toLocaleString()} of {(live.goal - live.log.first).toLocaleString()} events are read
        </p>
      )}
      {live.connection === 'lost' && (
        <p className="mt-1 text-sm text-wait" role="status">
          The connection is lost. What is shown is as of version {live.log.version}; it goes on from
          there by itself.
        </p>
      )}
      {moment.isNewest && !isOver(shown) && <Waits waits={detail?.waits ?? []} />}
      {shown === 'failed' && live.log.failure !== null && (
        <p className="mt-1 text-sm text-fail">{live.log.failure.message}</p>
      )}
    </header>
  );
}

/** Events may come by the thousand: what the server says beside them is asked for so often. */
const ANEW_MS = 200;

/** What the server says of the session, asked for anew when the log has gone on since. */
function useDetail(id: string, version: number) {
  const { data, isFetching, refetch } = useQuery({
    ...session(id),
    refetchInterval: ({ state }) => againMs(state.data),
  });
  const isBehind = data !== undefined && data.version < version;
  useEffect(() => {
    if (!isBehind || isFetching) return;
    const clock = setTimeout(() => void refetch(), ANEW_MS);
    return () => clearTimeout(clock);
  }, [isBehind, isFetching, refetch]);
  return data;
}

function CopyId({ id }: { id: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = (): void => {
    void navigator.clipboard.writeText(id).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), 1_500);
    });
  };
  return (
    <span className="hidden items-center text-soft sm:flex">
      <code className="max-w-[50vw] truncate text-xs">{id}</code>
      <IconButton label={isCopied ? 'Copied' : 'Copy the id'} tone="quiet" onClick={copy}>
        <Icon name={isCopied ? 'approvals' : 'copy'} />
      </IconButton>
    </span>
  );
}

function Other({ id, what, at }: { id: string; what: string; at?: number }) {
  return (
    <span className="text-sm text-soft">
      {what}{' '}
      <Link
        to="/sessions/$id"
        params={{ id }}
        search={at ? { at } : {}}
        className="font-mono text-xs text-accent underline"
      >
        …{id.slice(-6)}
      </Link>
      {at ? ` at version ${at}` : ''}
    </span>
  );
}

function Figures() {
  const moment = useMoment();
  const { log, at } = moment;
  const nowMs = useNow();
  const { total } = useFold(moment, (version) => costsAt(log, version));
  const status = useFold(moment, (version) => statusAt(log, version));
  const lastMs = log.momentAt(at);
  if (lastMs === 0) return null;
  const isGoing = moment.isNewest && !isOver(status);
  const endMs = isGoing ? Math.max(nowMs, lastMs) : lastMs;
  const figures: [string, string][] = [
    [isGoing ? 'Running for' : 'Took', lengthText(endMs - log.startedMs)],
    ['Cost', usdText(total.usd)],
    ['Tokens', `${countText(total.inputTokens)} in, ${countText(total.outputTokens)} out`],
    ['Turns', String(total.turns)],
    ['Calls', String(total.calls)],
  ];
  return (
    <dl className="mt-1 flex flex-wrap gap-x-5 gap-y-0.5 text-sm">
      <div className="flex gap-1.5">
        <dt className="text-soft">Started</dt>
        <dd>
          <Ago at={log.startedMs} />
        </dd>
      </div>
      {figures.map(([name, value]) => (
        <div key={name} className="flex gap-1.5">
          <dt className="text-soft">{name}</dt>
          <dd className="nums">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

const SHOWN = 3;

function Waits({ waits }: { waits: Wait[] }) {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? waits : waits.slice(0, SHOWN);
  if (waits.length === 0) return null;
  return (
    <ul aria-label="What it waits for" className="mt-2 flex flex-col gap-1">
      {shown.map((wait, index) => (
        <WaitLine key={`${wait.task}-${index}`} wait={wait} />
      ))}
      {waits.length > SHOWN && (
        <li>
          <button
            type="button"
            className="text-sm text-accent underline"
            onClick={() => setWhole(!isWhole)}
          >
            {isWhole ? 'fewer' : `${waits.length - SHOWN} more`}
          </button>
        </li>
      )}
    </ul>
  );
}

function WaitLine({ wait }: { wait: Wait }) {
  const { go } = useMoment();
  const nowMs = useNow();
  const until = wait.until_ms ?? null;
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 rounded-md bg-wait-tint px-3 py-1.5">
      <Icon name="wait" className="text-wait" />
      <span className="min-w-0 grow basis-56 text-sm">
        <span className="font-medium">{wait.reason}.</span>{' '}
        <span className="text-soft">
          {wait.by === 'person' ? `Up to ${wait.owner}` : `Ended by ${wait.owner}`}
          {until !== null &&
            `; ${agoText(until, nowMs)} ${wait.then ? wait.then : 'by itself'}`}.
        </span>
      </span>
      {wait.task ? (
        <Button tone="quiet" onClick={() => go({ task: wait.task })}>
          Show
        </Button>
      ) : null}
      <WayOut wait={wait} />
    </li>
  );
}

/** The one thing that ends the wait, as a button. */
function WayOut({ wait }: { wait: Wait }) {
  const { id } = useMoment();
  const [isOpen, setOpen] = useState(false);
  if (wait.by === 'person' && wait.task) {
    return (
      <Link to="/approvals" search={{ one: `${id}/${wait.task}` }} className={buttonLook('main')}>
        Decide
      </Link>
    );
  }
  if (wait.by === 'person') return <Steer what="resume" label="Resume" tone="main" />;
  if (wait.by === 'signal') {
    return (
      <>
        <Button tone="main" onClick={() => setOpen(true)}>
          Send the signal
        </Button>
        {isOpen && <SignalWindow name={wait.signal ?? ''} onClose={() => setOpen(false)} />}
      </>
    );
  }
  if (wait.child) {
    return (
      <Link to="/sessions/$id" params={{ id: wait.child }} className={buttonLook('plain')}>
        Open that session
      </Link>
    );
  }
  return null;
}

interface SteerProps {
  what: 'pause' | 'resume';
  label: string;
  tone?: 'main' | 'plain';
}

function Steer({ what, label, tone = 'plain' }: SteerProps) {
  const { id } = useMoment();
  const queries = useQueryClient();
  const telling = useMutation({
    mutationFn: () => {
      const params = { path: { session_id: id }, header: once() };
      if (what === 'resume') {
        return got(api.POST('/api/v1/sessions/{session_id}/resume', { params }));
      }
      const body = { reason: '' };
      return got(api.POST('/api/v1/sessions/{session_id}/pause', { params, body }));
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ['sessions', 'one', id] }),
  });
  return (
    <>
      <Button tone={tone} disabled={telling.isPending} onClick={() => telling.mutate()}>
        <Icon name={what === 'pause' ? 'pause' : 'play'} />
        {label}
      </Button>
      {telling.isError && (
        <div className="w-full">
          <Refused error={telling.error} />
        </div>
      )}
    </>
  );
}

function Actions({ status }: { status: string }) {
  const { id, isNewest } = useMoment();
  const [open, setOpen] = useState<'signal' | 'cancel' | null>(null);
  const may = useQuery(me).data?.permissions.includes('sessions:write') ?? false;
  const origin = useQuery(session(id)).data?.origin;
  const goesOn = isNewest && !['completed', 'failed', 'cancelled'].includes(status);
  const item =
    'flex items-center gap-2 rounded-md px-2 py-1.5 outline-none select-none data-highlighted:bg-sunken cursor-pointer';
  return (
    <div className="ml-auto flex flex-wrap items-center gap-2">
      {may && goesOn && status !== 'paused' && <Steer what="pause" label="Pause" />}
      {may && goesOn && status === 'paused' && <Steer what="resume" label="Resume" />}
      <Menu.Root modal={false}>
        <Menu.Trigger className={`${buttonLook()} w-8 px-0!`} aria-label="More" title="More">
          <Icon name="dots" />
        </Menu.Trigger>
        <Menu.Portal>
          <Menu.Content
            align="end"
            sideOffset={4}
            className="z-50 min-w-52 rounded-lg border border-line bg-surface p-1 text-sm shadow-lg outline-none"
          >
            {may && goesOn && (
              <>
                <Menu.Item className={item} onSelect={() => setOpen('signal')}>
                  Send a signal…
                </Menu.Item>
                <Menu.Item className={`${item} text-fail`} onSelect={() => setOpen('cancel')}>
                  Cancel the session…
                </Menu.Item>
                <Menu.Separator className="my-1 h-px bg-line" />
              </>
            )}
            <Menu.Item asChild className={item}>
              <Link to="/compare" search={{ a: origin ?? id, ...(origin ? { b: id } : {}) }}>
                {origin ? 'Compare with its origin' : 'Compare with another…'}
              </Link>
            </Menu.Item>
            <Menu.Item className={item} onSelect={() => void saved(id, 'trace')}>
              <Icon name="download" />
              Trace (OpenTelemetry)
            </Menu.Item>
            <Menu.Item className={item} onSelect={() => void saved(id, 'export')}>
              <Icon name="download" />
              Whole session (JSON Lines)
            </Menu.Item>
          </Menu.Content>
        </Menu.Portal>
      </Menu.Root>
      {open === 'signal' && <SignalWindow name="" onClose={() => setOpen(null)} />}
      {open === 'cancel' && <CancelWindow onClose={() => setOpen(null)} />}
    </div>
  );
}
