// A session as it goes on: its stream folded into its log, told to the screen once for each frame.

import type { SessionEvent } from '../../wire/events';
import { api, got } from '../../wire/client';
import { type Problem, problemOf } from '../../wire/problem';
import { type Connection, listen } from '../../wire/stream';
import { type Agents, type Recap, SessionLog } from '../../model/session';

/** So many events before the newest are read, of a log that is more than twice as long. */
const WINDOW = 2_000;
/** Events around a version of long ago that is looked at. */
const AROUND = 1_000;
const PAGE = 500;
const AGAIN_MS = 1_000;

/** How long a page that is not seen, which gets no frames, may lag behind; and how often a log that
 * is still read is told: to fold a part of it 60 times a second would only take the time to read. */
const SLOW_MS = 250;

function recapOf(id: string, query: { at?: number; behind?: number }): Promise<Recap> {
  const path = { session_id: id };
  return got(api.GET('/api/v1/sessions/{session_id}/recap', { params: { path, query } }));
}

/** What was before the last part of a session's log. */
export const recapBehind = (id: string): Promise<Recap> => recapOf(id, { behind: WINDOW });

interface Piece {
  task: number;
  text: string;
  restart: boolean;
}

export class LiveSession {
  log: SessionLog;
  connection: Connection = 'connecting';
  problem: Problem | null = null;
  /** The newest version that the server spoke of: until then the log is on its way. */
  goal = 0;
  /** Answers that are being given, by task. */
  readonly answers = new Map<number, string>();

  /** A part of the log from before `log`, around a version that is looked at. */
  past: SessionLog | null = null;
  private wanted = 0;

  private revision = 0;
  private readonly listeners = new Set<() => void>();
  private frame = 0;
  private clock: ReturnType<typeof setTimeout> | undefined;

  /** With `begins`, the log begins where that says, with what was before as the server tells it. */
  constructor(
    private readonly id: string,
    private readonly agents: Agents,
    private begins: Promise<Recap> | null = null,
  ) {
    this.log = new SessionLog(agents);
  }

  /** Begins to listen; the answer ends it. */
  start(): () => void {
    const ending = new AbortController();
    if (this.begins === null || this.log.version > 0) this.listen(ending.signal);
    else void this.begin(this.begins, ending.signal);
    return () => {
      ending.abort();
      cancelAnimationFrame(this.frame);
      clearTimeout(this.clock);
      this.frame = 0;
      this.clock = undefined;
    };
  }

  /** Asks what was before the part of the log that is read; then listens. */
  private async begin(begins: Promise<Recap>, ending: AbortSignal): Promise<void> {
    while (!ending.aborted) {
      try {
        const recap = await begins;
        if (ending.aborted) return;
        this.log = new SessionLog(this.agents, recap);
        this.goal = recap.newest;
        this.listen(ending);
        return;
      } catch (error) {
        this.problem = problemOf(error);
        const isFinal = this.problem.status >= 400 && this.problem.status < 500;
        this.connection = isFinal ? 'refused' : 'lost';
        this.changed();
        if (isFinal) return;
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
        begins = recapBehind(this.id);
      }
    }
  }

  private listen(ending: AbortSignal): void {
    const end = listen({
      path: () => `/api/v1/sessions/${this.id}/stream?after=${this.log.version}`,
      onFrame: ({ event, data }) => this.take(event, data),
      onState: (state, problem) => {
        this.connection = state;
        this.problem = problem;
        this.changed();
      },
    });
    ending.addEventListener('abort', end, { once: true });
  }

  /** The log in which a version is known; null: it is on its way, once `reach` was called. */
  logAt(version: number): SessionLog | null {
    const { log, past } = this;
    if (version > log.first || version === log.version) return log;
    return past !== null && past.first < version && version <= past.version ? past : null;
  }

  /** Has the part of the log around a version read, where it is not known. */
  async reach(version: number): Promise<void> {
    if (version <= 0 || this.logAt(version) !== null || this.wanted === version) return;
    this.wanted = version;
    const to = Math.min(version + AROUND, this.log.first);
    try {
      const recap = await recapOf(this.id, { at: Math.max(0, version - AROUND) });
      const log = new SessionLog(this.agents, recap);
      while (log.version < to && this.wanted === version) {
        const events = await this.eventsAfter(log.version, Math.min(PAGE, to - log.version));
        if (events.length === 0) break;
        for (const event of events) log.add(event);
      }
      if (this.wanted !== version) return;
      this.past = log;
    } catch (error) {
      this.problem = problemOf(error);
    }
    this.wanted = 0;
    this.changed();
  }

  async eventsAfter(after: number, limit: number): Promise<SessionEvent[]> {
    const query = { after, limit };
    const asking = api.GET('/api/v1/sessions/{session_id}/events', {
      params: { path: { session_id: this.id }, query },
    });
    return (await got(asking)).items as unknown as SessionEvent[];
  }

  /** How much of what there was at the begin has been read, of 1. */
  get share(): number {
    const { first, version } = this.log;
    if (this.goal === 0) return 0;
    return this.goal <= first ? 1 : Math.min(1, (version - first) / (this.goal - first));
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly told = (): number => this.revision;

  private take(kind: string, data: string): void {
    const told = JSON.parse(data) as { [name: string]: unknown };
    if (kind === 'event') {
      const event = told.data as SessionEvent;
      this.log.add(event);
      if ('task' in event) this.answers.delete(event.task);
    } else if (kind === 'token') {
      const piece = told as unknown as Piece;
      const before = piece.restart ? '' : (this.answers.get(piece.task) ?? '');
      this.answers.set(piece.task, before + piece.text);
    } else if (kind === 'snapshot') {
      this.goal = told.seq as number;
    } else if (kind === 'gap') {
      this.log = new SessionLog(this.agents);
    }
    this.changed();
  }

  private changed(): void {
    const isRead = this.share === 1 || this.log.events.length === 0;
    if (isRead) this.frame ||= requestAnimationFrame(this.flush);
    this.clock ??= setTimeout(this.flush, SLOW_MS);
  }

  private readonly flush = (): void => {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.clock);
    this.frame = 0;
    this.clock = undefined;
    this.revision += 1;
    for (const listener of this.listeners) listener();
  };
}
