// A list, and beside it the one that is looked at; where there is no room, one of the two.

import { type ReactNode, useEffect, useRef } from 'react';

interface Props<T> {
  /** What is listed, for who cannot see it. */
  label: string;
  /** What leads back to the list, where there is no room for both. */
  back: string;
  items: readonly T[];
  keyOf: (one: T) => string;
  chosen: string | undefined;
  onChoose: (key: string | undefined) => void;
  row: (one: T) => ReactNode;
  /** Under the list. */
  below?: ReactNode;
  width?: string;
  /** The one with that key, which need not be in the list. */
  children: (key: string) => ReactNode;
}

export function Split<T>({
  label,
  back,
  items,
  keyOf,
  chosen,
  onChoose,
  row,
  below,
  width = 'md:w-80',
  children,
}: Props<T>) {
  const first = items[0];
  const shown = chosen ?? (first === undefined ? undefined : keyOf(first));
  useSteps(items.map(keyOf), shown, onChoose);
  return (
    <div className="flex min-h-0 flex-1 flex-col md:flex-row">
      <div
        className={`${chosen === undefined ? '' : 'max-md:hidden'} min-h-0 shrink-0 overflow-auto border-line max-md:flex-1 md:border-r ${width}`}
      >
        <ul aria-label={label} data-list>
          {items.map((one) => {
            const key = keyOf(one);
            return (
              <li key={key}>
                <button
                  type="button"
                  aria-current={key === shown ? 'true' : undefined}
                  onClick={() => onChoose(key)}
                  className={`flex w-full flex-col gap-0.5 border-b border-line px-4 py-2.5 text-left hover:bg-surface focus-visible:-outline-offset-2 ${key === shown ? 'md:bg-tint' : ''}`}
                >
                  {row(one)}
                </button>
              </li>
            );
          })}
        </ul>
        {below}
      </div>
      <div
        data-detail
        className={`${chosen === undefined ? 'max-md:hidden' : ''} min-h-0 min-w-0 flex-1 overflow-auto`}
      >
        <button
          type="button"
          className="px-4 pt-3 text-sm text-accent underline md:hidden"
          onClick={() => onChoose(undefined)}
        >
          {back}
        </button>
        {shown !== undefined && <div key={shown}>{children(shown)}</div>}
      </div>
    </div>
  );
}

/** Has the keys j and k go to the next one of a list, and to the one before. */
export function useSteps(keys: readonly string[], shown: string | undefined, go: (key: string) => void): void {
  const step = useRef<(by: number) => void>(() => undefined);
  step.current = (by) => {
    const at = Math.max(0, keys.findIndex((key) => key === shown));
    const next = keys[Math.min(keys.length - 1, Math.max(0, at + by))];
    if (next !== undefined) go(next);
  };
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.closest('dialog')) return;
      if (event.key === 'j') step.current(1);
      else if (event.key === 'k') step.current(-1);
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
}

interface MoreProps {
  asking: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown };
}

/** What asks for the next part of a list, where there is one. */
export function More({ asking }: MoreProps) {
  if (!asking.hasNextPage) return null;
  return (
    <button
      type="button"
      disabled={asking.isFetchingNextPage}
      onClick={() => void asking.fetchNextPage()}
      className="w-full p-3 text-center text-sm text-accent underline"
    >
      {asking.isFetchingNextPage ? 'Loading' : 'Show more'}
    </button>
  );
}
