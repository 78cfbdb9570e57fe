import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef } from 'react';
import { isOver, statusAt } from '../../model/session';
import { type Bar, ticks, timelineAt } from '../../model/timeline';
import { lengthText } from '../../model/words';
import { useNow } from '../../parts/clock';
import { Nothing } from '../../parts/said';
import { Dot } from '../../parts/status';
import { useFold, useMoment } from './place';

const ROW = 28;
const LABEL = 'w-32 sm:w-56';

const FILL: Record<string, string> = {
  done: 'bg-done',
  failed: 'bg-fail',
  cancelled: 'bg-off',
  skipped: 'bg-off',
  running: 'bg-run',
  waiting: 'bg-run',
};

/** Bars on real time: work, waiting, and what belongs to what. */
export function TimelineView() {
  const moment = useMoment();
  const { log, at, isNewest, search, go } = moment;
  const secondMs = useNow();
  const status = useFold(moment, (version) => statusAt(log, version));
  const isGoing = isNewest && !isOver(status);
  const lastMs = log.momentAt(at);
  const nowMs = isGoing ? Math.max(secondMs, lastMs) : lastMs;
  const { bars, fromMs, toMs } = timelineAt(log, at, nowMs);
  const box = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: bars.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 15,
  });
  if (bars.length === 0) return <Nothing title="Nothing has begun at this version" />;
  const lengthMs = Math.max(toMs - fromMs, 1);
  const left = (ms: number): string => `${(100 * (ms - fromMs)) / lengthMs}%`;
  const wide = (ms: number): string => `max(2px, ${(100 * ms) / lengthMs}%)`;
  return (
    <div className="flex h-full flex-col">
      <div className="flex border-b border-line py-1 pr-8 text-xs text-soft" aria-hidden="true">
        <span className={`${LABEL} shrink-0 pl-3`}>Task</span>
        <div className="nums relative h-4 flex-1">
          {ticks(lengthMs, 6).map((tick) => (
            <span key={tick} className="absolute pl-1" style={{ left: left(fromMs + tick) }}>
              {lengthText(tick)}
            </span>
          ))}
        </div>
      </div>
      <div ref={box} className="min-h-0 flex-1 overflow-auto" data-timeline>
        <ul className="relative" style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map((row) => {
            const bar = bars[row.index] as Bar;
            const isChosen = search.task === bar.task.no;
            return (
              <li
                key={bar.task.no}
                className="absolute inset-x-0 top-0"
                style={{ height: row.size, transform: `translateY(${row.start}px)` }}
              >
                <button
                  type="button"
                  aria-pressed={isChosen}
                  onClick={() => go({ task: isChosen ? undefined : bar.task.no })}
                  className={`flex h-full w-full items-center border-b border-line pr-8 text-left hover:bg-surface focus-visible:-outline-offset-2 ${isChosen ? 'bg-tint' : ''}`}
                >
                  <span
                    className={`flex ${LABEL} shrink-0 items-center gap-1.5 pr-2 text-sm`}
                    style={{ paddingLeft: 12 + bar.depth * 14 }}
                  >
                    <Dot status={bar.state} />
                    <span className="truncate">{bar.task.label}</span>
                    <span className="sr-only">
                      {bar.state} for {lengthText(bar.toMs - bar.fromMs)}
                    </span>
                  </span>
                  <span className="relative h-full flex-1">
                    {bar.stretches.map((stretch) => (
                      <span
                        key={stretch.fromMs + stretch.state}
                        className={`absolute top-2 h-3 rounded-sm ${
                          stretch.state === 'waiting' ? 'bg-wait opacity-60' : FILL[bar.state]
                        } ${bar.task.kind === 'model' ? 'opacity-60' : ''}`}
                        style={{
                          left: left(stretch.fromMs),
                          width: wide(stretch.toMs - stretch.fromMs),
                        }}
                      />
                    ))}
                    <Length bar={bar} left={left(bar.toMs)} isLate={bar.toMs - fromMs > lengthMs * 0.85} before={left(bar.fromMs)} />
                  </span>
                </button>
              </li>
            );
          })}
        </ul>
      </div>
      <p className="flex flex-wrap gap-x-4 border-t border-line px-3 py-1 text-xs text-soft">
        <Legend look="bg-done">done</Legend>
        <Legend look="bg-run">at work</Legend>
        <Legend look="bg-wait opacity-60">waiting</Legend>
        <Legend look="bg-fail">failed</Legend>
        <span>paler: a model answers</span>
      </p>
    </div>
  );
}

function Length({ bar, left, isLate, before }: { bar: Bar; left: string; isLate: boolean; before: string }) {
  const text = lengthText(bar.toMs - bar.fromMs);
  const fits = before !== '0%' && isLate;
  return (
    <span
      aria-hidden="true"
      className="nums absolute top-1.5 px-1.5 text-xs whitespace-nowrap text-soft"
      style={fits ? { right: `calc(100% - ${before})` } : { left }}
    >
      {text}
    </span>
  );
}

function Legend({ look, children }: { look: string; children: string }) {
  return (
    <span className="flex items-center gap-1.5">
      <span className={`h-2.5 w-4 rounded-sm ${look}`} />
      {children}
    </span>
  );
}
