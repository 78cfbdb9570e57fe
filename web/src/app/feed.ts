// All sessions as they change: lists and the inbox follow without being asked for anew.

import type { InfiniteData, QueryClient } from '@tanstack/react-query';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { SessionPage, SessionSummary } from '../wire/questions';
import { listen } from '../wire/stream';
import { connectionChanged, useAct } from './store';

/** New sessions may come by the hundred: lists are read anew at most so often. */
const ANEW_MS = 1_000;

type Pages = InfiniteData<SessionPage, string>;

export function useFeed(): void {
  const queries = useQueryClient();
  const act = useAct();
  useEffect(() => {
    const changes = new Changes(queries);
    const end = listen({
      path: (after) => `/api/v1/events${after === '' ? '' : `?after=${after}`}`,
      onFrame: (frame) => {
        if (frame.event === 'session') changes.take(JSON.parse(frame.data).data as SessionSummary);
        else if (frame.event === 'gap') void queries.invalidateQueries();
      },
      onState: (state) => {
        act(connectionChanged(state));
        // What changed before the stream began is in no frame of it.
        if (state === 'live') void queries.invalidateQueries({ queryKey: ['sessions', 'list'] });
        if (state === 'live') void queries.invalidateQueries({ queryKey: ['approvals'] });
      },
    });
    return () => {
      end();
      changes.end();
    };
  }, [queries, act]);
}

class Changes {
  private readonly waiting = new Map<string, SessionSummary>();
  private isListOld = false;
  private frame = 0;
  private clock: ReturnType<typeof setTimeout> | undefined;
  private lastMs = 0;

  constructor(private readonly queries: QueryClient) {}

  take(one: SessionSummary): void {
    this.waiting.set(one.id, one);
    this.frame ||= requestAnimationFrame(() => this.flush());
  }

  end(): void {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.clock);
  }

  private flush(): void {
    this.frame = 0;
    const changed = new Map(this.waiting);
    this.waiting.clear();
    const known = new Set<string>();
    this.queries.setQueriesData<Pages>({ queryKey: ['sessions', 'list'] }, (pages) =>
      pages === undefined ? pages : patched(pages, changed, known),
    );
    this.isListOld ||= [...changed.keys()].some((id) => !known.has(id));
    this.anew();
  }

  /** Asks for what the frames do not tell, as often as it may. */
  private anew(): void {
    if (this.clock !== undefined) return;
    const wait = Math.max(0, this.lastMs + ANEW_MS - Date.now());
    this.clock = setTimeout(() => {
      this.clock = undefined;
      this.lastMs = Date.now();
      void this.queries.invalidateQueries({ queryKey: ['approvals'] });
      if (this.isListOld) void this.queries.invalidateQueries({ queryKey: ['sessions', 'list'] });
      this.isListOld = false;
    }, wait);
  }
}

/** The pages with the changed sessions in their places; those found are added to `known`. */
function patched(pages: Pages, changed: Map<string, SessionSummary>, known: Set<string>): Pages {
  const patch = (page: SessionPage): SessionPage => {
    if (!page.items.some((item) => changed.has(item.id))) return page;
    const items = page.items.map((item) => {
      const now = changed.get(item.id);
      if (now === undefined) return item;
      known.add(item.id);
      return now.version >= item.version ? now : item;
    });
    return { ...page, items };
  };
  return { ...pages, pages: pages.pages.map(patch) };
}
