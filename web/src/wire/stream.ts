// A live stream that comes back by itself, and goes on behind what was seen.
//
// Read by `fetch`, not by `EventSource`: that could not show a key, and would not say why it was
// refused.

import { asked } from './client';
import { type Frame, FrameReader } from './frames';
import { Problem, problemIn, problemOf } from './problem';

export type Connection = 'connecting' | 'live' | 'lost' | 'ended' | 'refused';

export interface Listening {
  /** The path with its query; `after` is what the last frame with an id had, or nothing. */
  path: (after: string) => string;
  onFrame: (frame: Frame) => void;
  onState: (state: Connection, problem: Problem | null) => void;
}

const PAUSE_MS = 400;
const PAUSE_MS_MAX = 8_000;
/** The server gives a sign of life each 15 s; without one for so long the line is dead. */
const SILENCE_MS_MAX = 40_000;
const FINAL = new Set([400, 401, 403, 404]);

/** Begins to listen; the answer ends it. */
export function listen(listening: Listening): () => void {
  const ending = new AbortController();
  void follow(listening, ending.signal);
  return () => ending.abort();
}

async function follow(listening: Listening, ending: AbortSignal): Promise<void> {
  let after = '';
  let failures = 0;
  const seen = (frame: Frame): void => {
    failures = 0;
    if (frame.id !== '') after = frame.id;
    listening.onFrame(frame);
  };
  listening.onState('connecting', null);
  while (!ending.aborted) {
    try {
      const isOver = await once(listening, after, ending, seen);
      if (isOver) {
        if (!ending.aborted) listening.onState('ended', null);
        return;
      }
      listening.onState('lost', null);
    } catch (error) {
      if (ending.aborted) return;
      const problem = problemOf(error);
      if (FINAL.has(problem.status)) {
        listening.onState('refused', problem);
        return;
      }
      listening.onState('lost', problem);
    }
    await pause(Math.min(PAUSE_MS * 2 ** failures, PAUSE_MS_MAX), ending);
    failures += 1;
  }
}

/** Reads one response to its end; whether that was the end of all. */
async function once(
  listening: Listening,
  after: string,
  ending: AbortSignal,
  seen: (frame: Frame) => void,
): Promise<boolean> {
  const silence = new AbortController();
  const leave = (): void => silence.abort();
  // A page that was left is kept for who comes back, and its open requests with it: a browser that
  // opens six to a server has none left for the pages after it.
  addEventListener('pagehide', leave);
  const signal = AbortSignal.any([ending, silence.signal]);
  const headers = { Accept: 'text/event-stream' };
  let patience: ReturnType<typeof setTimeout> | undefined;
  try {
    const response = await asked(
      new Request(listening.path(after), { headers, signal, cache: 'no-store' }),
    );
    if (response.status === 204) return true;
    if (!response.ok) throw await problemIn(response);
    if (response.body === null) return false;
    listening.onState('live', null);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    const frames = new FrameReader();
    patience = setTimeout(leave, SILENCE_MS_MAX);
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return false;
      clearTimeout(patience);
      patience = setTimeout(leave, SILENCE_MS_MAX);
      for (const frame of frames.take(value)) {
        if (frame.event === 'end') return true;
        if (frame.event === 'problem') throw refusal(frame);
        seen(frame);
      }
    }
  } finally {
    clearTimeout(patience);
    removeEventListener('pagehide', leave);
  }
}

function refusal(frame: Frame): Problem {
  const told = JSON.parse(frame.data) as { [name: string]: string & number };
  return new Problem(
    told.status ?? 0,
    told.code ?? '',
    told.detail ?? '',
    told.hint ?? '',
    [],
    told.trace_id ?? '',
  );
}

function pause(ms: number, ending: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const clock = setTimeout(resolve, ms);
    const end = (): void => {
      clearTimeout(clock);
      resolve();
    };
    ending.addEventListener('abort', end, { once: true });
    // Who has a network again, or comes back to the page, does not wait.
    addEventListener('online', end, { once: true });
    addEventListener('pageshow', end, { once: true });
  });
}
