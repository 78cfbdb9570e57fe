// Who asks: a key for this tab, else the cookies of a login, which no page can read.

const KEY = 'tenuto.key';

let atHand: string | null = null;

/** The API key that was entered in this tab; it is gone when the tab is closed. */
export function key(): string {
  atHand ??= sessionStorage.getItem(KEY) ?? '';
  return atHand;
}

export function useKey(text: string): void {
  atHand = text;
  if (text === '') sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, text);
}

/** What a page that is logged in by cookie sends back with each change. */
export function csrf(): string {
  const found = /(?:^|; )(?:__Host-)?tenuto_csrf=([^;]*)/.exec(document.cookie);
  return found?.[1] === undefined ? '' : decodeURIComponent(found[1]);
}

export function headersOfLogin(method: string): Record<string, string> {
  const text = key();
  if (text !== '') return { Authorization: `Bearer ${text}` };
  const token = method === 'GET' ? '' : csrf();
  return token === '' ? {} : { 'X-CSRF-Token': token };
}

let refreshing: Promise<boolean> | null = null;

/** Whether the login could be renewed. Several who ask at once share one request. */
export function refreshed(): Promise<boolean> {
  if (key() !== '' || csrf() === '') return Promise.resolve(false);
  refreshing ??= renew().finally(() => {
    refreshing = null;
  });
  return refreshing;
}

async function renew(): Promise<boolean> {
  const answer = await fetch('/api/v1/auth/refresh', {
    method: 'POST',
    headers: headersOfLogin('POST'),
  });
  return answer.ok;
}
