import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef, useState } from 'react';
import { found, gist } from '../../model/search';
import type { SessionEvent } from '../../wire/events';
import { lengthText, plural } from '../../model/words';
import { Input } from '../../parts/controls';
import { Icon } from '../../parts/icons';
import { Nothing } from '../../parts/said';
import { useMoment } from './place';

const ROW = 30;
const TYPING_MS = 150;

const TONES: [RegExp, string][] = [
  [/Failed|Failing|Doubted/, 'text-fail'],
  [/Completed/, 'text-done'],
  [/Escalated|Paus|Timer|Approval|Signal/, 'text-wait'],
  [/Started|Begun|Opened|Retried|Resumed/, 'text-run'],
];

const toneOf = (type: string): string => TONES.find(([kinds]) => kinds.test(type))?.[1] ?? 'text-soft';

/** All events; the one at the version is marked, and a click goes there. */
export function LogView() {
  const { live, at, isNewest, search, go } = useMoment();
  const query = search.q ?? '';
  const [text, setText] = useState(query);
  useEffect(() => {
    if (text === query) return;
    const clock = setTimeout(() => go({ q: text || undefined }), TYPING_MS);
    return () => clearTimeout(clock);
  }, [text, query, go]);
  const { events } = live.log;
  // All of them, also those to come after the version: a log is looked through, not played.
  const length = events.length;
  const indexes = useMemo(() => found(events, query, length), [events, query, length]);
  const box = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: indexes.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 20,
  });
  const place = indexes.indexOf(at - 1);
  useEffect(() => {
    if (place >= 0) rows.scrollToIndex(place, { align: isNewest ? 'end' : 'auto' });
  }, [place, isNewest, rows]);
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
        <span className="nums text-sm text-soft" role="status">
          {plural(indexes.length, 'event')}
        </span>
      </div>
      {indexes.length === 0 && <Nothing title="No event says that" />}
      <div ref={box} className="min-h-0 flex-1 overflow-auto" data-log>
        <ul className="relative" style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map((row) => {
            const index = indexes[row.index] as number;
            return (
              <li
                key={row.key}
                className="absolute inset-x-0 top-0"
                style={{ height: row.size, transform: `translateY(${row.start}px)` }}
              >
                <Line
                  event={events[index] as SessionEvent}
                  sinceMs={Date.parse((events[index] as SessionEvent).at) - live.log.startedMs}
                  place={index + 1 === at ? 'here' : index + 1 > at ? 'later' : 'before'}
                  onGo={() => go({ at: index + 1, task: undefined })}
                />
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
  const look = { before: '', here: 'bg-tint', later: 'opacity-60' }[place];
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
