import type { TaskState } from '../model/session';

export type Look = 'run' | 'wait' | 'done' | 'fail' | 'pause' | 'off';

const LOOKS: Record<string, Look> = {
  running: 'run',
  pending: 'off',
  waiting: 'wait',
  paused: 'pause',
  completed: 'done',
  done: 'done',
  failed: 'fail',
  cancelled: 'off',
  skipped: 'off',
  idle: 'off',
};

export const lookOf = (status: string): Look => LOOKS[status] ?? 'off';

export const textLook: Record<Look, string> = {
  run: 'text-run',
  wait: 'text-wait',
  done: 'text-done',
  fail: 'text-fail',
  pause: 'text-pause',
  off: 'text-off',
};

export const tintLook: Record<Look, string> = {
  run: 'bg-run-tint text-run',
  wait: 'bg-wait-tint text-wait',
  done: 'bg-done-tint text-done',
  fail: 'bg-fail-tint text-fail',
  pause: 'bg-pause-tint text-pause',
  off: 'bg-off-tint text-off',
};

/** A mark whose shape tells the status as well as its colour. */
export function Dot({ status, className = '' }: { status: string; className?: string }) {
  const look = lookOf(status);
  const moves = look === 'run' ? 'breathing' : '';
  return (
    <svg
      viewBox="0 0 12 12"
      aria-hidden="true"
      className={`size-3 shrink-0 fill-current stroke-current ${textLook[look]} ${moves} ${className}`}
      strokeWidth="1.8"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d={SHAPES[look]} fill={look === 'run' || look === 'wait' ? 'currentColor' : 'none'} />
    </svg>
  );
}

const SHAPES: Record<Look, string> = {
  run: 'M6 2.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7Z',
  wait: 'M6 2 10 9.5H2Z',
  done: 'M2 6.4 5 9.4 10 3',
  fail: 'M2.8 2.8l6.4 6.4M9.2 2.8l-6.4 6.4',
  pause: 'M4 2.5v7M8 2.5v7',
  off: 'M2.5 6h7',
};

export function StatusMark({ status }: { status: string | TaskState }) {
  return (
    <span
      className={`inline-flex items-center gap-1.5 rounded-full px-2 py-0.5 text-xs font-medium ${tintLook[lookOf(status)]}`}
    >
      <Dot status={status} />
      {status}
    </span>
  );
}
