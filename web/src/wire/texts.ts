// Texts that are sent as they are: YAML of agents and workflows, documents.

import { asked } from './client';
import { problemIn } from './problem';

interface Sending {
  method: 'POST' | 'PUT';
  path: string;
  body: BodyInit;
  type: string;
  headers?: Record<string, string>;
}

/** What was answered. Throws a `Problem` where it was refused. */
export async function sent<T>({ method, path, body, type, headers = {} }: Sending): Promise<T> {
  const answer = await asked(
    new Request(path, { method, body, headers: { 'Content-Type': type, ...headers } }),
  );
  if (!answer.ok) throw await problemIn(answer);
  return (await answer.json()) as T;
}

/** Which version a change is made for, as the server asks to be told. */
export const ifVersion = (version: number): Record<string, string> =>
  version === 0 ? { 'If-None-Match': '*' } : { 'If-Match': `"${version}"` };
