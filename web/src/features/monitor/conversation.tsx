import { Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState } from 'react';
import { lanesOf, OUTSIDE, type Said, saidAt } from '../../model/conversation';
import { lengthText } from '../../model/words';
import { JsonView } from '../../parts/json';
import { Nothing } from '../../parts/said';
import { useFold, useMoment } from './place';

const NONE: ReadonlySet<string> = new Set();

/** What was said, a lane for each agent, in the order of time. */
export function ConversationView() {
  const moment = useMoment();
  const { live, log, isNewest, search, go } = moment;
  const all = useFold(moment, (at) => saidAt(log, at));
  const lanes = useFold(moment, () => lanesOf(all));
  const [hidden, setHidden] = useState(NONE);
  const said = hidden.size === 0 ? all : all.filter((one) => !hidden.has(one.lane));
  const coming = isNewest ? [...live.answers] : [];
  const box = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: said.length,
    getScrollElement: () => box.current,
    estimateSize: () => 92,
    overscan: 8,
    getItemKey: (index) => said[index]?.version ?? index,
  });
  const newest = said.length + coming.length;
  useEffect(() => {
    if (isNewest && newest > 0) rows.scrollToIndex(said.length - 1, { align: 'end' });
  }, [isNewest, newest, said.length, rows]);
  const earlier = log.first > 0 && (
    <p className="border-b border-line px-3 py-1.5 text-sm text-soft">
      From version {(log.first + 1).toLocaleString()} on.{' '}
      <button
        type="button"
        className="text-accent underline"
        onClick={() => go({ at: log.first })}
      >
        What was said before
      </button>
    </p>
  );
  if (all.length === 0) {
    return (
      <>
        {earlier}
        <Nothing title={log.first > 0 ? 'Nothing was said since' : 'Nothing has been said at this version'} />
      </>
    );
  }
  const shown = lanes.filter((lane) => !hidden.has(lane));
  const flip = (lane: string): void => {
    const next = new Set(hidden);
    if (!next.delete(lane)) next.add(lane);
    setHidden(next);
  };
  return (
    <div className="flex h-full flex-col">
      {earlier}
      <div
        role="group"
        aria-label="Lanes"
        className="flex flex-wrap gap-1 border-b border-line px-3 py-1.5"
      >
        {lanes.map((lane) => (
          <button
            key={lane}
            type="button"
            aria-pressed={!hidden.has(lane)}
            onClick={() => flip(lane)}
            className={`rounded-full border px-2.5 py-0.5 text-sm ${
              hidden.has(lane) ? 'border-line text-soft line-through' : 'border-firm'
            }`}
          >
            {lane}
          </button>
        ))}
      </div>
      <div ref={box} className="min-h-0 flex-1 overflow-auto" data-conversation>
        <ol className="relative" style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map((row) => {
            const one = said[row.index] as Said;
            return (
              <li
                key={row.key}
                data-index={row.index}
                ref={rows.measureElement}
                className="absolute inset-x-0 top-0 px-3 py-1"
                style={{ transform: `translateY(${row.start}px)` }}
              >
                <InLane lane={shown.indexOf(one.lane)} of={shown.length}>
                  <Bubble
                    one={one}
                    sinceMs={one.atMs - log.startedMs}
                    isChosen={one.task !== 0 && search.task === one.task}
                    onShow={() => go({ task: one.task || undefined })}
                    onGo={() => go({ at: one.version })}
                  />
                </InLane>
              </li>
            );
          })}
        </ol>
        {coming.map(([task, text]) => {
          const lane = log.tasks.get(task)?.agent ?? OUTSIDE;
          return (
            <div key={task} className="px-3 py-1" aria-live="polite">
              <InLane lane={shown.indexOf(lane)} of={shown.length}>
                <div className="rounded-lg border border-dashed border-run bg-surface px-3 py-2">
                  <p className="text-xs text-soft">
                    <span className="font-semibold text-run">{lane}</span> is answering
                  </p>
                  <p className="whitespace-pre-wrap">{text}</p>
                </div>
              </InLane>
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** Moves what is said into its lane; where there is no room for lanes, all stand below another. */
function InLane({ lane, of, children }: { lane: number; of: number; children: React.ReactNode }) {
  const lanes = Math.max(of, 1);
  const at = Math.max(lane, 0);
  // Bubbles are wider than a lane would be: lanes overlap, as in a chat of many.
  const share = lanes === 1 ? 1 : Math.max(0.42, 1 / lanes);
  const left = lanes === 1 ? 0 : (at / (lanes - 1)) * (1 - share);
  return (
    <div
      className="lane"
      style={{ '--lane-left': `${left * 100}%`, '--lane-width': `${share * 100}%` } as React.CSSProperties}
    >
      {children}
    </div>
  );
}

interface BubbleProps {
  one: Said;
  sinceMs: number;
  isChosen: boolean;
  onShow: () => void;
  onGo: () => void;
}

const LOOKS: Partial<Record<Said['kind'], string>> = {
  asked: 'bg-tint border-transparent',
  ended: 'bg-done-tint border-transparent',
  decided: 'bg-wait-tint border-transparent',
  signalled: 'bg-wait-tint border-transparent',
  returned: 'bg-sunken border-line',
  noted: 'bg-sunken border-line',
  began: 'bg-run-tint border-transparent',
};

const TEXT_MAX = 600;
/** How far data are open at first; else one level. */
const OPEN: Partial<Record<Said['kind'], number>> = { answered: 2, noted: 0 };

function Bubble({ one, sinceMs, isChosen, onShow, onGo }: BubbleProps) {
  const [isWhole, setWhole] = useState(false);
  const look = one.isError ? 'bg-fail-tint border-fail' : (LOOKS[one.kind] ?? 'bg-surface border-line');
  const text = isWhole ? one.text : one.text.slice(0, TEXT_MAX);
  return (
    <article className={`rounded-lg border px-3 py-2 ${look} ${isChosen ? 'ring-2 ring-accent' : ''}`}>
      <header className="flex items-baseline gap-2 text-xs text-soft">
        <span className="shrink-0 font-semibold text-ink">{one.lane}</span>
        {one.to.length > 0 && <span className="shrink-0">→ {one.to.join(', ')}</span>}
        <span className="min-w-0 flex-1 truncate" title={one.title}>
          {one.count > 1 ? `noted ${one.count} things: ${one.title}` : one.title}
        </span>
        <button type="button" className="nums shrink-0 hover:underline" onClick={onGo}>
          <span className="sr-only">Go to version {one.version}, </span>+{lengthText(Math.max(0, sinceMs))}
        </button>
      </header>
      {one.text && (
        <p className="mt-0.5 whitespace-pre-wrap">
          {text}
          {one.text.length > TEXT_MAX && (
            <button type="button" className="text-accent underline" onClick={() => setWhole(!isWhole)}>
              {isWhole ? ' less' : '… more'}
            </button>
          )}
        </p>
      )}
      {one.data !== undefined && one.data !== null && (
        <div className="mt-0.5">
          <JsonView value={one.data} open={OPEN[one.kind] ?? 1} chars={TEXT_MAX / 2} />
        </div>
      )}
      <p className="mt-0.5 flex flex-wrap gap-x-3 text-xs">
        {one.session && (
          <Link to="/sessions/$id" params={{ id: one.session }} className="text-accent underline">
            Open that session
          </Link>
        )}
        {one.task !== 0 && (
          <button type="button" className="text-soft underline" onClick={onShow}>
            {one.path}
          </button>
        )}
      </p>
    </article>
  );
}
