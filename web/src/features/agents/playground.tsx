import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type FormEvent, useEffect, useState, useSyncExternalStore } from 'react';
import { costsAt } from '../../model/cost';
import { isObject } from '../../model/forms';
import { agentsOf, type Graph } from '../../model/graph';
import { isOver, statusAt } from '../../model/session';
import { lengthText, usdText } from '../../model/words';
import { Button, inputLook } from '../../parts/controls';
import { JsonView } from '../../parts/json';
import { Coming, Refused } from '../../parts/said';
import { StatusMark } from '../../parts/status';
import { api, got, once } from '../../wire/client';
import type { Json } from '../../wire/events';
import { graphOf, session } from '../../wire/questions';
import { LiveSession } from '../monitor/live';

/** Give the agent a task, and see its answer as it is given. */
export function Playground({ id }: { id: string }) {
  const [task, setTask] = useState('');
  const [key, setKey] = useState(once);
  const starting = useMutation({
    mutationFn: () =>
      got(
        api.POST('/api/v1/agents/{agent_id}/execute', {
          params: { path: { agent_id: id }, header: key },
          body: { task_description: task },
        }),
      ),
    onSuccess: () => setKey(once()),
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (task.trim() !== '') starting.mutate();
  };
  return (
    <div className="flex flex-col gap-3" data-playground>
      <form className="flex flex-col gap-2 sm:flex-row sm:items-end" onSubmit={submit}>
        <textarea
          aria-label="Task"
          name="task"
          placeholder="A task, as you would tell it to somebody"
          rows={2}
          className={inputLook}
          value={task}
          onChange={(event) => setTask(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit(event);
          }}
        />
        <Button tone="main" type="submit" disabled={task.trim() === '' || starting.isPending}>
          Run
        </Button>
      </form>
      {starting.isError && <Refused error={starting.error} />}
      {starting.data && <Started key={starting.data.id} id={starting.data.id} />}
    </div>
  );
}

function Started({ id }: { id: string }) {
  const asking = useQuery(graphOf(id));
  if (asking.isError) return <Refused error={asking.error} />;
  if (asking.data === undefined) return <Coming lines={2} />;
  return <Answer id={id} graph={asking.data} />;
}

function Answer({ id, graph }: { id: string; graph: Graph }) {
  const [live] = useState(() => new LiveSession(id, agentsOf(graph)));
  useEffect(() => live.start(), [live]);
  useSyncExternalStore(live.subscribe, live.told);
  const waits = useQuery(session(id)).data?.waits ?? [];
  const { log } = live;
  const status = statusAt(log, log.version);
  const { total } = costsAt(log, log.version);
  const coming = [...live.answers.values()].join('');
  const { text, rest } = spoken(log.output);
  return (
    <div className="flex flex-col gap-2 rounded-lg border border-line bg-surface p-3" aria-live="polite">
      <p className="flex flex-wrap items-center gap-x-3 gap-y-1 text-sm text-soft">
        <StatusMark status={log.version === 0 ? 'pending' : status} />
        {log.version > 0 && <span className="nums">{lengthText(log.updatedMs - log.startedMs)}</span>}
        {total.turns > 0 && <span className="nums">{usdText(total.usd)}</span>}
        <Link to="/sessions/$id" params={{ id }} search={{ view: 'conversation' }} className="text-accent underline">
          Step through it
        </Link>
        {status === 'waiting' && waits.length > 0 && <span className="text-wait">{waits[0]?.reason}</span>}
      </p>
      {isOver(status) ? (
        <>
          {log.failure !== null && <p className="text-fail">{log.failure.message}</p>}
          {text !== '' && (
            <p className="whitespace-pre-wrap" data-answer>
              {text}
            </p>
          )}
          {rest !== null && <JsonView value={rest} />}
        </>
      ) : (
        coming && <p className="whitespace-pre-wrap">{coming}</p>
      )}
    </div>
  );
}

/** What was answered in words, and what beside them. */
function spoken(output: Json): { text: string; rest: Json } {
  if (typeof output === 'string') return { text: output, rest: null };
  if (!isObject(output) || typeof output.text !== 'string') return { text: '', rest: output };
  const { text, ...rest } = output;
  return { text, rest: Object.keys(rest).length > 0 ? rest : null };
}
