// JSON to look at: folded below its first levels, large texts cut until asked for.

import { useState } from 'react';
import type { Json } from '../wire/events';
import { isObject } from '../model/forms';
import { plural } from '../model/words';

const CHARS_MAX = 2_000;
const PARTS_MAX = 100;

interface Props {
  value: Json | undefined;
  /** How many levels are open at first. */
  open?: number;
  /** Of a text: what is more is shown when it is asked for. */
  chars?: number;
}

export function JsonView({ value, open = 2, chars = CHARS_MAX }: Props) {
  return (
    <div className="font-mono text-xs leading-5 break-words whitespace-pre-wrap">
      <Part value={value} open={open} chars={chars} />
    </div>
  );
}

function Part({ value, open, chars }: Required<Props>) {
  if (value === undefined) return <span className="text-soft">nothing</span>;
  if (typeof value === 'string') return <Text value={value} chars={chars} />;
  if (Array.isArray(value)) {
    if (value.length === 0) return <span>[]</span>;
    const parts = value.map((part, index): [string, Json] => [String(index), part]);
    return <Parts parts={parts} open={open} chars={chars} kind={plural(value.length, 'item')} />;
  }
  if (isObject(value)) {
    const parts = Object.entries(value);
    if (parts.length === 0) return <span>{'{}'}</span>;
    return <Parts parts={parts} open={open} chars={chars} kind={plural(parts.length, 'key')} />;
  }
  return <span className="text-run">{String(value)}</span>;
}

interface PartsProps {
  parts: [string, Json][];
  open: number;
  chars: number;
  kind: string;
}

function Parts({ parts, open, chars, kind }: PartsProps) {
  const [isOpen, setOpen] = useState(open > 0);
  const [most, setMost] = useState(PARTS_MAX);
  return (
    <>
      <button
        type="button"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
        className="rounded px-0.5 text-soft hover:bg-sunken hover:text-ink"
      >
        {isOpen ? '▾' : '▸'} {kind}
      </button>
      {isOpen && (
        <ul className="ml-1 border-l border-line pl-3">
          {parts.slice(0, most).map(([name, part]) => (
            <li key={name}>
              <span className="text-soft">{name}: </span>
              <Part value={part} open={open - 1} chars={chars} />
            </li>
          ))}
          {parts.length > most && (
            <li>
              <button type="button" className="text-accent underline" onClick={() => setMost(most * 10)}>
                {parts.length - most} more
              </button>
            </li>
          )}
        </ul>
      )}
    </>
  );
}

function Text({ value, chars }: { value: string; chars: number }) {
  const [isWhole, setWhole] = useState(false);
  if (value.length <= chars || isWhole) return <span className="text-done">“{value}”</span>;
  return (
    <span className="text-done">
      “{value.slice(0, chars)}…{' '}
      <button type="button" className="text-accent underline" onClick={() => setWhole(true)}>
        all {value.length.toLocaleString()} characters
      </button>
    </span>
  );
}
