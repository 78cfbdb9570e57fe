import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState } from 'react';
import { gist } from '../../model/search';
import type { SessionEvent } from '../../wire/events';
import { lengthText, plural } from '../../model/words';
import { Input } from '../../parts/controls';
import { Icon } from '../../parts/icons';
import { Nothing, Refused } from '../../parts/said';
import { useEvents, useFound } from './finding';
import { useMoment } from './place';

const ROW = 30;
const TYPING_MS = 80;

const TONES: [RegExp, string][] = [
  [/Failed|Failing|Doubted/, 'text-fail'],
  [/Completed/, 'text-done'],
  [/Escalated|Paus|Timer|Approval|Signal/, 'text-wait'],
  [/Started|Begun|Opened|Retried|Resumed/, 'text-run'],
];

const toneOf = (type: string): string => TONES.find(([kinds]) => kinds.test(type))?.[1] ?? 'text-soft';

/** All events; the one at the version is marked, and a click goes there. */
export function LogView() {
  const moment = useMoment();
  const { live, at, isNewest, search, go } = moment;
  const query = search.q ?? '';
  const [text, setText] = useState(query);
  useEffect(() => {
    if (text === query) return;
    const clock = setTimeout(() => go({ q: text || undefined }), TYPING_MS);
    return () => clearTimeout(clock);
  }, [text, query, go]);
  const box = useRef<HTMLDivElement>(null);
  const found = useFound(moment, query);
  const rows = useVirtualizer({
    count: found.count,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 20,
  });
  const shown = rows.getVirtualItems();
  const seen = useEvents(moment, shown.map((row) => found.versionAt(row.index)));
  const place = found.indexOf(at);
  useEffect(() => {
    if (place >= 0) rows.scrollToIndex(place, { align: isNewest ? 'end' : 'auto' });
  }, [place, isNewest, rows]);
  const isAtEnd = found.count > 0 && (shown.at(-1)?.index ?? 0) >= found.count - 1;
  useEffect(() => {
    if (isAtEnd) found.more?.();
  }, [isAtEnd, found.more]);
  return (
    <div className="flex h-full flex-col">
      <div className="flex items-center gap-3 border-b border-line px-3 py-2">
        <div className="relative w-full max-w-sm">
          <Icon name="search" className="absolute top-2 left-2 text-soft" />
          <Input
            type="search"
            aria-label="Search events"
            placeholder="words that stand in the event"
            className="pl-8!"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </div>
        <span className="nums text-sm text-soft" role="status" data-found={found.query}>
          {found.more === null
            ? plural(found.count, 'event')
            : `${found.count.toLocaleString()} events and more`}
        </span>
      </div>
      {found.error !== null && <Refused error={found.error} />}
      {found.error === null && found.count === 0 && !found.isComing && (
        <Nothing title="No event says that" />
      )}
      <div ref={box} className="min-h-0 flex-1 overflow-auto" data-log>
        <ul className="relative" style={{ height: rows.getTotalSize() }}>
          {shown.map((row) => {
            const version = found.versionAt(row.index);
            const event = found.eventAt(row.index) ?? seen(version);
            return (
              <li
                key={row.key}
                className="absolute inset-x-0 top-0"
                style={{ height: row.size, transform: `translateY(${row.start}px)` }}
              >
                {event === undefined ? (
                  <p className="nums w-10 pt-1.5 pl-3 text-right text-xs text-soft">{version}</p>
                ) : (
                  <Line
                    event={event}
                    sinceMs={Date.parse(event.at) - live.log.startedMs}
                    place={version === at ? 'here' : version > at ? 'later' : 'before'}
                    onGo={() => go({ at: version, task: undefined })}
                  />
                )}
              </li>
            );
          })}
        </ul>
      </div>
    </div>
  );
}

interface LineProps {
  event: SessionEvent;
  sinceMs: number;
  place: 'before' | 'here' | 'later';
  onGo: () => void;
}

function Line({ event, sinceMs, place, onGo }: LineProps) {
  const look = { before: '', here: 'bg-tint', later: '[&_*]:text-soft' }[place];
  return (
    <button
      type="button"
      onClick={onGo}
      aria-current={place === 'here' ? 'step' : undefined}
      className={`flex h-full w-full items-center gap-3 border-b border-line px-3 text-left text-sm hover:bg-surface focus-visible:-outline-offset-2 ${look}`}
    >
      <span className="nums w-10 shrink-0 text-right text-xs text-soft">{event.version}</span>
      <span className="nums hidden w-16 shrink-0 text-right text-xs text-soft sm:block">
        {sinceMs < 0 ? '' : `+${lengthText(sinceMs)}`}
      </span>
      <span className={`w-40 shrink-0 truncate font-medium ${toneOf(event.type)}`}>{event.type}</span>
      <span className="hidden max-w-[30%] shrink-0 truncate md:block">{event.path}</span>
      <span className="min-w-0 flex-1 truncate font-mono text-xs text-soft">{gist(event)}</span>
    </button>
  );
}
