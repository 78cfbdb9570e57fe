import { queryOptions } from '@tanstack/react-query';
import type { components } from '../../wire/api';
import { api, got } from '../../wire/client';

export type WorkflowDetail = components['schemas']['WorkflowDetail'];

const at = (name: string, version?: number) => ({
  params: { path: { name }, query: version === undefined ? {} : { version } },
});

export const workflow = (name: string, version?: number) =>
  queryOptions({
    queryKey: ['workflows', name, 'at', version ?? 'newest'],
    queryFn: () => got(api.GET('/api/v1/workflows/{name}', at(name, version))),
  });

export const drawing = (name: string, version?: number) =>
  queryOptions({
    queryKey: ['workflows', name, 'graph', version ?? 'newest'],
    queryFn: () => got(api.GET('/api/v1/workflows/{name}/graph', at(name, version))),
  });

export const versions = (name: string) =>
  queryOptions({
    queryKey: ['workflows', name, 'versions'],
    queryFn: () =>
      got(
        api.GET('/api/v1/workflows/{name}/versions', {
          params: { path: { name }, query: { limit: 100 } },
        }),
      ),
  });
