// Requests, typed by the server's own description.

import createClient from 'openapi-fetch';
import type { paths } from './api';
import { headersOfLogin, refreshed } from './login';
import { problemIn } from './problem';

/** Like `fetch`, as who is logged in; a login that has run out is renewed once. */
export async function asked(request: Request): Promise<Response> {
  const answer = await fetch(withLogin(request.clone()));
  if (answer.status !== 401 || !(await refreshed())) return answer;
  return fetch(withLogin(request));
}

function withLogin(request: Request): Request {
  for (const [name, value] of Object.entries(headersOfLogin(request.method))) {
    request.headers.set(name, value);
  }
  return request;
}

export const api = createClient<paths>({ fetch: asked, baseUrl: location.origin });

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** What was answered. Throws a `Problem` where it was refused. */
export async function got<T>(asking: Promise<Answer<T>>): Promise<T> {
  const answer = await asking;
  if (!answer.response.ok) {
    const told = new Response(JSON.stringify(answer.error ?? {}), {
      status: answer.response.status,
      statusText: answer.response.statusText,
    });
    throw await problemIn(told);
  }
  return answer.data as T;
}

/** A header under which a change is carried out once, however often it is sent. */
export const once = (): { 'Idempotency-Key': string } => ({
  'Idempotency-Key': crypto.randomUUID(),
});
