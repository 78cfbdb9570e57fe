import { queryOptions } from '@tanstack/react-query';
import type { components } from '../../wire/api';
import { api, got } from '../../wire/client';

export type KeyDetail = components['schemas']['KeyDetail'];
export type UserDetail = components['schemas']['UserDetail'];

const MOST = 500;

export const keys = (everyone: boolean) =>
  queryOptions({
    queryKey: ['keys', everyone],
    queryFn: () => got(api.GET('/api/v1/keys', { params: { query: { everyone, limit: MOST } } })),
  });

export const users = queryOptions({
  queryKey: ['users'],
  queryFn: () => got(api.GET('/api/v1/users', { params: { query: { limit: MOST } } })),
});

export const roles = queryOptions({
  queryKey: ['roles'],
  queryFn: () => got(api.GET('/api/v1/roles')),
  staleTime: Number.POSITIVE_INFINITY,
});

export const server = queryOptions({
  queryKey: ['settings'],
  queryFn: () => got(api.GET('/api/v1/settings')),
});
