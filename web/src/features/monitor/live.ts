// A session as it goes on: its stream folded into its log, told to the screen once for each frame.

import type { SessionEvent } from '../../wire/events';
import type { Problem } from '../../wire/problem';
import { type Connection, listen } from '../../wire/stream';
import { type Agents, SessionLog } from '../../model/session';

/** How long a page that is not seen, which gets no frames, may lag behind; and how often a log that
 * is still read is told: to fold a part of it 60 times a second would only take the time to read. */
const SLOW_MS = 250;

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

  private revision = 0;
  private readonly listeners = new Set<() => void>();
  private frame = 0;
  private clock: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly id: string,
    private readonly agents: Agents,
  ) {
    this.log = new SessionLog(agents);
  }

  /** Begins to listen; the answer ends it. */
  start(): () => void {
    const end = listen({
      path: () => `/api/v1/sessions/${this.id}/stream?after=${this.log.version}`,
      onFrame: ({ event, data }) => this.take(event, data),
      onState: (state, problem) => {
        this.connection = state;
        this.problem = problem;
        this.changed();
      },
    });
    return () => {
      end();
      cancelAnimationFrame(this.frame);
      clearTimeout(this.clock);
    };
  }

  /** How much of what there was at the begin has been read, of 1. */
  get share(): number {
    return this.goal === 0 ? 0 : Math.min(1, this.log.version / this.goal);
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
    if (this.clock !== undefined) return;
    const flush = (): void => {
      cancelAnimationFrame(this.frame);
      clearTimeout(this.clock);
      this.clock = undefined;
      this.revision += 1;
      for (const listener of this.listeners) listener();
    };
    const isRead = this.share === 1 || this.log.version === 0;
    if (isRead) this.frame = requestAnimationFrame(flush);
    this.clock = setTimeout(flush, SLOW_MS);
  }
}
