// What screens ask the server, each with the key under which its answer is kept.

import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import type { components } from './api';
import { api, got } from './client';
import type { SessionEvent } from './events';

type Shapes = components['schemas'];
export type SessionSummary = Shapes['SessionSummary'];
export type SessionDetail = Shapes['SessionDetail'];
export type SessionPage = Shapes['SessionPage'];
export type Approval = Shapes['Approval'];
export type Wait = Shapes['Wait'];
export type Me = Shapes['Me'];
export type SessionStatus = SessionSummary['status'];

export interface SessionFilter {
  status: SessionStatus[];
  workflow: string;
  user: string;
  q: string;
  since: string;
  until: string;
  roots: boolean;
}

const PAGE = 100;

export const me = queryOptions({
  queryKey: ['me'],
  queryFn: () => got(api.GET('/api/v1/auth/me')),
  staleTime: 60_000,
});

export const providers = queryOptions({
  queryKey: ['providers'],
  queryFn: () => got(api.GET('/api/v1/auth/oidc/providers')),
  staleTime: Number.POSITIVE_INFINITY,
});

export const workflows = queryOptions({
  queryKey: ['workflows'],
  queryFn: () => got(api.GET('/api/v1/workflows', { params: { query: { limit: 500 } } })),
  staleTime: 30_000,
});

export const inputsOf = (name: string) =>
  queryOptions({
    queryKey: ['workflows', name, 'schema'],
    queryFn: () => got(api.GET('/api/v1/workflows/{name}/schema', { params: { path: { name } } })),
    staleTime: 30_000,
  });

export const sessions = (filter: SessionFilter) =>
  infiniteQueryOptions({
    queryKey: ['sessions', 'list', filter],
    initialPageParam: '',
    queryFn: ({ pageParam }) =>
      got(
        api.GET('/api/v1/sessions', {
          params: {
            query: {
              limit: PAGE,
              count: pageParam === '',
              roots: filter.roots,
              q: filter.q,
              ...(filter.status.length > 0 ? { status: filter.status } : {}),
              ...(filter.workflow ? { workflow: filter.workflow } : {}),
              ...(filter.user ? { user: filter.user } : {}),
              ...(filter.since ? { since: dayText(filter.since, 0) } : {}),
              ...(filter.until ? { until: dayText(filter.until, 1) } : {}),
              ...(pageParam ? { cursor: pageParam } : {}),
            },
          },
        }),
      ),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

/** The begin of a day, here, or of the day so many later. */
export function dayText(day: string, later: number): string {
  const moment = new Date(`${day}T00:00:00`);
  moment.setDate(moment.getDate() + later);
  return moment.toISOString();
}

const at = (session_id: string) => ({ params: { path: { session_id } } });

export const session = (id: string) =>
  queryOptions({
    queryKey: ['sessions', 'one', id],
    queryFn: () => got(api.GET('/api/v1/sessions/{session_id}', at(id))),
  });

export const graphOf = (id: string) =>
  queryOptions({
    queryKey: ['sessions', 'graph', id],
    queryFn: () => got(api.GET('/api/v1/sessions/{session_id}/graph', at(id))),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** The state at a version; it is what it was, so it is asked for once. */
export const stateOf = (id: string, version: number) =>
  queryOptions({
    queryKey: ['sessions', 'state', id, version],
    queryFn: () =>
      got(
        api.GET('/api/v1/sessions/{session_id}/state', {
          params: { path: { session_id: id }, query: { at: version } },
        }),
      ),
    enabled: version > 0,
    staleTime: Number.POSITIVE_INFINITY,
  });

/** Events are read so many at a time. */
export const PAGE_EVENTS = 200;

/** A page of events that will be what they are; the first one begins with version 1. */
export const eventsBefore = (id: string, page: number) =>
  queryOptions({
    queryKey: ['sessions', 'events', id, page],
    queryFn: async (): Promise<SessionEvent[]> => {
      const query = { after: page * PAGE_EVENTS, limit: PAGE_EVENTS };
      const asking = api.GET('/api/v1/sessions/{session_id}/events', {
        params: { path: { session_id: id }, query },
      });
      return (await got(asking)).items as unknown as SessionEvent[];
    },
    staleTime: Number.POSITIVE_INFINITY,
  });

/** Events up to a version that hold all words of a query. */
export const eventsFound = (id: string, q: string, upto: number) =>
  infiniteQueryOptions({
    queryKey: ['sessions', 'found', id, q, upto],
    initialPageParam: 0,
    queryFn: async ({ pageParam, signal }) => {
      const query = { after: pageParam, limit: 500, q };
      const asking = api.GET('/api/v1/sessions/{session_id}/events', {
        params: { path: { session_id: id }, query },
        signal,
      });
      const { items, next_cursor } = await got(asking);
      const events = items as unknown as SessionEvent[];
      const next = Number(next_cursor ?? upto);
      return {
        items: events.filter((event) => event.version <= upto),
        next: next < upto ? next : undefined,
      };
    },
    getNextPageParam: (page) => page.next,
    staleTime: Number.POSITIVE_INFINITY,
  });

export const approvals = queryOptions({
  queryKey: ['approvals'],
  queryFn: () => got(api.GET('/api/v1/approvals', { params: { query: { limit: 200 } } })),
});

export type AgentSummary = Shapes['AgentSummary'];

export const agents = queryOptions({
  queryKey: ['agents'],
  queryFn: () => got(api.GET('/api/v1/agents', { params: { query: { limit: 500 } } })),
  staleTime: 30_000,
});

export const agent = (agent_id: string) =>
  queryOptions({
    queryKey: ['agents', agent_id],
    queryFn: () => got(api.GET('/api/v1/agents/{agent_id}', { params: { path: { agent_id } } })),
    staleTime: 30_000,
  });

/** How sessions are doing, and did since the begin of a day. */
export const overview = (since: string) =>
  queryOptions({
    queryKey: ['overview', since],
    queryFn: () =>
      got(api.GET('/api/v1/overview', { params: { query: { since: dayText(since, 0) } } })),
    refetchInterval: 5_000,
  });

export type By = 'agent' | 'model' | 'user' | 'workflow' | 'day';

export const usage = (query: { by: By; since?: string; until?: string; limit?: number }) =>
  queryOptions({
    queryKey: ['usage', query],
    queryFn: () => got(api.GET('/api/v1/usage', { params: { query } })),
  });
