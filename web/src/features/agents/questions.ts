import { queryOptions } from '@tanstack/react-query';
import type { components } from '../../wire/api';
import { api, got } from '../../wire/client';

export type AgentDetail = components['schemas']['AgentDetail'];

const at = (agent_id: string) => ({ path: { agent_id } });

export const status = (agent_id: string, since: string) =>
  queryOptions({
    queryKey: ['agents', agent_id, 'status', since],
    queryFn: () =>
      got(
        api.GET('/api/v1/agents/{agent_id}/status', {
          params: { ...at(agent_id), query: { since } },
        }),
      ),
    refetchInterval: 10_000,
  });

export const versions = (agent_id: string) =>
  queryOptions({
    queryKey: ['agents', agent_id, 'versions'],
    queryFn: () =>
      got(
        api.GET('/api/v1/agents/{agent_id}/versions', {
          params: { ...at(agent_id), query: { limit: 100 } },
        }),
      ),
  });

/** An agent as it was; that does not change. */
export const formerly = (agent_id: string, version: number) =>
  queryOptions({
    queryKey: ['agents', agent_id, 'at', version],
    queryFn: () =>
      got(
        api.GET('/api/v1/agents/{agent_id}', { params: { ...at(agent_id), query: { version } } }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
  });
