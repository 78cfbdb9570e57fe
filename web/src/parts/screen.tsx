// What screens are made of: a head, figures, facts, a window that asks before something is gone.

import { useMutation } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Foot, Window } from './window';

interface HeadProps {
  title: string;
  /** Beside the title: how many there are. */
  count?: string | undefined;
  actions?: ReactNode;
  children?: ReactNode;
}

export function ScreenHead({ title, count, actions, children }: HeadProps) {
  return (
    <header className="flex shrink-0 flex-col gap-2 border-b border-line bg-surface px-4 py-3">
      <div className="flex min-h-8 flex-wrap items-center gap-3">
        <h1 className="text-lg font-semibold">{title}</h1>
        {count !== undefined && <span className="nums text-soft">{count}</span>}
        {actions && <div className="ml-auto flex flex-wrap gap-2">{actions}</div>}
      </div>
      {children}
    </header>
  );
}

/** Name and value of what is known, in two columns. What is null or empty is left out. */
export function Facts({ facts }: { facts: [string, ReactNode][] }) {
  const known = facts.filter(([, value]) => value !== null && value !== '' && value !== undefined);
  return (
    <dl className="grid grid-cols-[max-content_minmax(0,1fr)] gap-x-4 gap-y-1.5 text-sm">
      {known.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-soft">{name}</dt>
          <dd className="min-w-0 break-words">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A number with what it is, and what it is out of. */
export function Figure({ name, value, of }: { name: string; value: ReactNode; of?: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="truncate text-xs text-soft first-letter:uppercase">{name}</dt>
      <dd className="nums font-semibold">
        {value}
        {of && <span className="ml-1 text-xs font-normal text-soft">{of}</span>}
      </dd>
    </div>
  );
}

interface SectionProps {
  title: string;
  /** Of its heading: what it is below. */
  level?: 2 | 3;
  children: ReactNode;
}

export function Section({ title, level = 3, children }: SectionProps) {
  const Heading = `h${level}` as const;
  return (
    <section className="flex flex-col gap-2">
      <Heading className="text-sm font-semibold">{title}</Heading>
      {children}
    </section>
  );
}

export function Tag({ children, look = 'bg-off-tint text-off' }: { children: ReactNode; look?: string }) {
  return (
    <span className={`shrink-0 rounded-full px-2 py-0.5 text-xs font-medium ${look}`}>{children}</span>
  );
}

interface SureProps {
  title: string;
  /** What the button says. */
  verb: string;
  act: () => Promise<unknown>;
  onDone: () => void;
  onClose: () => void;
  children: ReactNode;
}

/** Asks before something is done that cannot be undone. */
export function Sure({ title, verb, act, onDone, onClose, children }: SureProps) {
  const acting = useMutation({ mutationFn: act, onSuccess: onDone });
  return (
    <Window title={title} onClose={onClose}>
      <div className="flex flex-col gap-4">
        <div>{children}</div>
        <Foot acting={acting} onAct={() => acting.mutate()} tone="danger" onClose={onClose}>
          {verb}
        </Foot>
      </div>
    </Window>
  );
}
