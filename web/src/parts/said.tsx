// What a screen says when it has nothing to show: why, and what to do.

import type { ReactNode } from 'react';
import { type Problem, problemOf } from '../wire/problem';
import { Button } from './controls';

interface RefusedProps {
  error: unknown;
  onRetry?: (() => void) | undefined;
}

/** A problem as the server told it, word for word. */
export function Refused({ error, onRetry }: RefusedProps) {
  const problem: Problem = problemOf(error);
  return (
    <div role="alert" className="rounded-lg border border-fail bg-fail-tint px-4 py-3">
      <p className="font-medium text-fail">{problem.detail}</p>
      {problem.hint && <p className="mt-1">{problem.hint}</p>}
      {problem.errors.length > 0 && (
        <ul className="mt-2 list-disc pl-5 text-sm">
          {problem.errors.map((one, index) => (
            <li key={index}>
              {[one.pointer ?? one.path, one.detail ?? one.message].filter(Boolean).join(': ')}
            </li>
          ))}
        </ul>
      )}
      <p className="mt-2 flex flex-wrap items-center gap-3 text-xs text-soft">
        <code>{problem.code}</code>
        {problem.traceId && <span>request {problem.traceId}</span>}
        {onRetry && <Button onClick={onRetry}>Try again</Button>}
      </p>
    </div>
  );
}

export function Nothing({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="mx-auto flex max-w-md flex-col items-center gap-2 px-4 py-14 text-center">
      <p className="text-lg font-medium">{title}</p>
      <div className="text-soft">{children}</div>
    </div>
  );
}

/** Grey lines where something will be in a moment. */
export function Coming({ lines = 6 }: { lines?: number }) {
  return (
    <div role="status" data-coming className="flex flex-col gap-3 p-4">
      <span className="sr-only">Loading</span>
      {Array.from({ length: lines }, (_, index) => (
        <div key={index} className="breathing h-4 rounded bg-sunken" />
      ))}
    </div>
  );
}

interface StandingProps {
  asking: { error: unknown; isError: boolean; isPending: boolean; refetch: () => unknown };
  /** Why it is empty, where it is. */
  children: ReactNode;
}

/** What stands in place of a list: why it could not be asked for, that it comes, or that it is empty. */
export function Standing({ asking, children }: StandingProps) {
  return (
    <>
      {asking.isError && (
        <div className="p-4">
          <Refused error={asking.error} onRetry={() => void asking.refetch()} />
        </div>
      )}
      {asking.isPending && <Coming />}
      {children}
    </>
  );
}
