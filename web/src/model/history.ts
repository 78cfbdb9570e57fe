// A text with what it was before, to go back to and forward again.

export interface History {
  text: string;
  past: readonly string[];
  future: readonly string[];
  /** What made the last change: typing on is one change, as long as nothing else comes between. */
  by: string;
}

const PAST_MAX = 200;

export const begun = (text: string): History => ({ text, past: [], future: [], by: '' });

export function changed(history: History, text: string, by: string): History {
  if (text === history.text) return history;
  const isOn = by !== '' && by === history.by && history.past.length > 0;
  const past = isOn ? history.past : [...history.past.slice(-PAST_MAX), history.text];
  return { text, past, future: [], by };
}

export function undone(history: History): History {
  const text = history.past.at(-1);
  if (text === undefined) return history;
  const future = [history.text, ...history.future];
  return { text, past: history.past.slice(0, -1), future, by: '' };
}

export function redone(history: History): History {
  const [text, ...future] = history.future;
  if (text === undefined) return history;
  return { text, past: [...history.past, history.text], future, by: '' };
}
