import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';
import { SCREENS } from '../../app/navigation';
import { type Theme, themeChosen, useAct } from '../../app/store';
import { type Entry, fitting } from '../../model/palette';
import { useMay } from '../../parts/may';
import { Dot } from '../../parts/status';
import { agents, me, sessions, workflows } from '../../wire/questions';

interface Command extends Entry {
  key: string;
  status?: string;
  run: () => void;
}

const SETTINGS = 'keys users roles server';
const THEMES: [Theme, string][] = [
  ['light', 'Light'],
  ['dark', 'Dark'],
  ['system', 'As the system'],
];

/** All that can be gone to or begun, found by a few letters. */
function useCommands(query: string): Command[] {
  const navigate = useNavigate();
  const act = useAct();
  const mine = useQuery(me).data?.permissions ?? [];
  const mayStart = useMay('sessions:start');
  const flows = useQuery({ ...workflows, enabled: mayStart }).data?.items ?? [];
  const known = useQuery({ ...agents, enabled: useMay('agents:read') }).data?.items ?? [];
  const found = useInfiniteQuery(
    sessions({ status: [], workflow: '', user: '', q: query, since: '', until: '', roots: query === '' }),
  );
  const newest = found.data?.pages[0]?.items.slice(0, 8) ?? [];
  return [
    ...SCREENS.filter((one) => mine.includes(one.permission)).map(({ path, label }) => ({
      key: path,
      group: 'Go to',
      text: label,
      ...(path === '/settings' ? { also: SETTINGS } : {}),
      run: () => void navigate({ to: path }),
    })),
    {
      key: 'compare',
      group: 'Go to',
      text: 'Compare two sessions',
      run: () => void navigate({ to: '/compare' }),
    },
    ...(mayStart ? flows : []).map(({ name }) => ({
      key: `start ${name}`,
      group: 'Start',
      text: name,
      run: () => void navigate({ to: '/sessions', search: { start: name } }),
    })),
    ...newest.map((one) => ({
      key: one.id,
      group: 'Session',
      text: `${one.workflow} ${one.id}`,
      also: `${one.status} ${one.key ?? ''}`,
      status: one.status,
      run: () => void navigate({ to: '/sessions/$id', params: { id: one.id } }),
    })),
    ...known.map((one) => ({
      key: `agent ${one.id}`,
      group: 'Agent',
      text: one.id,
      also: one.description,
      run: () => void navigate({ to: '/agents', search: { one: one.id } }),
    })),
    ...THEMES.map(([theme, text]) => ({
      key: `theme ${theme}`,
      group: 'Theme',
      text,
      run: () => void act(themeChosen(theme)),
    })),
  ];
}

const TYPING_MS = 150;
const CHARS_MAX = 200;

/** A text once nothing more is typed, as far as the server searches for it. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const clock = setTimeout(() => setSettled(text.slice(0, CHARS_MAX)), TYPING_MS);
    return () => clearTimeout(clock);
  }, [text]);
  return settled;
}

export function Palette({ onClose }: { onClose: () => void }) {
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const shown = fitting(useCommands(useSettled(query.trim())), query);
  const chosen = Math.min(at, shown.length - 1);
  useEffect(() => {
    const found = dialog.current;
    if (found !== null && !found.open) found.showModal();
  }, []);
  useEffect(() => {
    document.getElementById(`${id}-${chosen}`)?.scrollIntoView({ block: 'nearest' });
  }, [id, chosen]);
  const run = (command: Command | undefined): void => {
    if (command === undefined) return;
    onClose();
    command.run();
  };
  const press = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown') setAt((chosen + 1) % Math.max(1, shown.length));
    else if (event.key === 'ArrowUp') setAt((chosen - 1 + shown.length) % Math.max(1, shown.length));
    else if (event.key === 'Enter') run(shown[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <dialog
      ref={dialog}
      aria-label="Commands"
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && onClose()}
      className="mx-auto mt-[12dvh] w-[min(36rem,calc(100vw-1.5rem))] overflow-hidden rounded-lg border border-line bg-surface p-0 text-ink shadow-xl"
    >
      <input
        // A dialog gives the focus to it when it opens.
        autoFocus
        role="combobox"
        aria-label="Find a screen, a session, an agent, or something to start"
        aria-expanded="true"
        aria-controls={id}
        aria-activedescendant={shown.length > 0 ? `${id}-${chosen}` : undefined}
        placeholder="Go to, start, find…"
        className="h-12 w-full border-b border-line bg-transparent px-4 text-base outline-none placeholder:text-soft"
        value={query}
        onChange={(event) => {
          setQuery(event.target.value);
          setAt(0);
        }}
        onKeyDown={press}
      />
      <ul id={id} role="listbox" aria-label="What fits" className="max-h-[50dvh] overflow-auto p-1.5">
        {shown.map((one, index) => (
          <li
            key={one.key}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === chosen}
            onClick={() => run(one)}
            onPointerMove={() => setAt(index)}
            className={`flex cursor-pointer items-center gap-3 rounded-md px-2.5 py-1.5 ${index === chosen ? 'bg-tint' : ''}`}
          >
            <span className="w-16 shrink-0 text-xs text-soft">{one.group}</span>
            {one.status && <Dot status={one.status} />}
            <span className="min-w-0 flex-1 truncate">{one.text}</span>
          </li>
        ))}
      </ul>
      {shown.length === 0 && <p className="px-4 pb-4 text-soft">Nothing is called so.</p>}
    </dialog>
  );
}
