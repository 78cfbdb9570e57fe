import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import type { components } from '../../wire/api';
import { api, got } from '../../wire/client';
import { type MemorySearch, SHARED } from './search';

export type Item = components['schemas']['Item'];

const PAGE = 100;

/** Whose it is, as the server is asked: all that is not said is left out. */
const whose = ({ agent, user }: MemorySearch): { agent?: string; user?: string } => ({
  ...(agent === undefined ? {} : { agent: agent === SHARED ? '' : agent }),
  ...(user === undefined ? {} : { user: user === SHARED ? '' : user }),
});

export const items = (search: MemorySearch, mayManage: boolean) =>
  infiniteQueryOptions({
    queryKey: ['memory', 'list', { ...search, one: undefined }, mayManage],
    initialPageParam: '',
    queryFn: ({ pageParam }) => {
      const query = {
        limit: PAGE,
        past: search.past === true,
        ...(search.kind === undefined ? {} : { kind: search.kind }),
        ...(pageParam ? { cursor: pageParam } : {}),
      };
      if (mayManage) {
        return got(api.GET('/api/v1/memory', { params: { query: { ...query, ...whose(search) } } }));
      }
      const path = { agent_id: search.agent ?? '' };
      return got(api.GET('/api/v1/agents/{agent_id}/memory', { params: { path, query } }));
    },
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    enabled: search.q === undefined && (mayManage || search.agent !== undefined),
  });

export const recalled = (search: MemorySearch) =>
  queryOptions({
    queryKey: ['memory', 'recalled', search.q, whose(search)],
    queryFn: () =>
      got(
        api.GET('/api/v1/memory/search', {
          params: { query: { q: search.q ?? '', limit: 50, ...whose(search) } },
        }),
      ),
    enabled: search.q !== undefined,
  });

export const statistics = (search: MemorySearch) =>
  queryOptions({
    queryKey: ['memory', 'statistics', whose(search)],
    queryFn: () =>
      got(api.GET('/api/v1/memory/statistics', { params: { query: whose(search) } })),
  });

export const item = (item_id: string) =>
  queryOptions({
    queryKey: ['memory', 'one', item_id],
    queryFn: () => got(api.GET('/api/v1/memory/{item_id}', { params: { path: { item_id } } })),
  });
