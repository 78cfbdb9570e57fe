import { asked } from '../../wire/client';
import { problemIn } from '../../wire/problem';

const ENDINGS = { trace: 'trace.json', export: 'bundle.jsonl' } as const;

/** Saves what the server tells of a session as a file. */
export async function saved(id: string, what: keyof typeof ENDINGS): Promise<void> {
  const answer = await asked(new Request(`/api/v1/sessions/${id}/${what}`));
  if (!answer.ok) throw await problemIn(answer);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await answer.blob());
  link.download = `${id}.${ENDINGS[what]}`;
  link.click();
  URL.revokeObjectURL(link.href);
}
