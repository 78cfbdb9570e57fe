// Beside the views: the task that was chosen, or else the event at the version.

import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { callText } from '../../model/conversation';
import { changeAt, isEnded, pathOf, type Task } from '../../model/session';
import { lengthText, plural, usdText } from '../../model/words';
import { IconButton } from '../../parts/controls';
import { Icon } from '../../parts/icons';
import { JsonView } from '../../parts/json';
import { StatusMark } from '../../parts/status';
import type { Json } from '../../wire/events';
import { type Moment, useMoment } from './place';

export function Side() {
  const moment = useMoment();
  const { log, at, search, go } = moment;
  const task = search.task === undefined ? undefined : log.tasks.get(search.task);
  if (task !== undefined) {
    return (
      <Panel title={task.label} onClose={() => go({ task: undefined })}>
        <OneTask task={task} moment={moment} />
      </Panel>
    );
  }
  const event = log.event(at);
  if (moment.isNewest || event === undefined || (search.view ?? 'graph') !== 'log') return null;
  return (
    <Panel title={`${event.version} · ${event.type}`} onClose={() => go({ at: undefined })}>
      <p className="mb-2 text-sm text-soft">
        {new Date(event.at).toLocaleString()}
        {event.path && ` · ${event.path}`}
      </p>
      <JsonView value={event as unknown as Json} open={2} />
    </Panel>
  );
}

interface PanelProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
}

function Panel({ title, onClose, children }: PanelProps) {
  return (
    <aside
      aria-label={title}
      className="flex max-h-[45%] w-full shrink-0 flex-col border-t border-line bg-surface md:max-h-none md:w-80 md:border-t-0 md:border-l xl:w-96"
    >
      <header className="flex items-center gap-2 border-b border-line py-1 pr-1 pl-3">
        <h2 className="truncate font-semibold">{title}</h2>
        <IconButton label="Close" tone="quiet" className="ml-auto" onClick={onClose}>
          <Icon name="close" />
        </IconButton>
      </header>
      <div className="min-h-0 flex-1 overflow-auto p-3">{children}</div>
    </aside>
  );
}

function OneTask({ task, moment }: { task: Task; moment: Moment }) {
  const { live, log, at, id, go } = moment;
  const change = changeAt(task, at);
  if (change === undefined) {
    return <p className="text-soft">It had not begun at version {at}.</p>;
  }
  const endMs = isEnded(change.state) ? change.atMs : Date.now();
  const isDone = change.state === 'done';
  const answer = isDone && task.kind === 'model' ? task.answer : null;
  const facts: [string, ReactNode][] = [
    ['Where', pathOf(log, task.no)],
    ['Kind', task.kind || 'passed by'],
  ];
  if (task.agent) facts.push(['Agent', task.agent]);
  if (answer?.model) facts.push(['Model', answer.model]);
  if (change.state !== 'skipped') facts.push(['Took', lengthText(endMs - task.changes[0].atMs)]);
  if (task.attempts > 1) facts.push(['Attempts', String(task.attempts)]);
  if (task.count !== null) facts.push(['Items', String(task.count)]);
  if (answer !== null) {
    const { input_tokens, output_tokens, cost_usd } = answer.usage;
    facts.push(['Used', `${input_tokens} in, ${output_tokens} out, ${usdText(cost_usd)}`]);
  }
  const open = live.answers.get(task.no);
  return (
    <div className="flex flex-col gap-3">
      <div className="flex items-center gap-2">
        <StatusMark status={change.state} />
        {change.state === 'waiting' && (
          <Link
            to="/approvals"
            search={{ one: `${id}/${task.no}` }}
            className={`text-sm text-accent underline ${task.kind === 'approval' || change.why.startsWith('a person') ? '' : 'hidden'}`}
          >
            Decide
          </Link>
        )}
      </div>
      {change.why && (
        <p className={change.state === 'failed' ? 'text-fail' : ''}>
          {change.state === 'waiting' ? 'Waits for ' : ''}
          {change.why}
        </p>
      )}
      <dl className="grid grid-cols-[auto_1fr] gap-x-3 gap-y-0.5 text-sm">
        {facts.map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="text-soft">{name}</dt>
            <dd className="nums min-w-0 break-words">{value}</dd>
          </div>
        ))}
      </dl>
      {task.child && (
        <Link
          to="/sessions/$id"
          params={{ id: task.child }}
          className="text-sm text-accent underline"
        >
          Open its session
        </Link>
      )}
      {task.call && (
        <Part title={`Asked for ${callText(task.call.tool, {})}`}>
          <JsonView value={task.call.arguments} open={2} />
        </Part>
      )}
      {task.changed !== null && task.changed.version <= at && (
        <Part title="Changed by a person to">
          <JsonView value={task.changed.inputs} open={2} />
        </Part>
      )}
      {open !== undefined && (
        <Part title="Is answering">
          <p className="whitespace-pre-wrap">{open}</p>
        </Part>
      )}
      {answer !== null && (
        <Part title="Answered">
          {answer.text && <p className="whitespace-pre-wrap">{answer.text}</p>}
          {answer.data !== null && <JsonView value={answer.data} open={2} />}
          {answer.calls.map((call) => (
            <p key={call.id} className="font-mono text-xs break-words">
              {callText(call.tool, call.arguments, 400)}
            </p>
          ))}
        </Part>
      )}
      {answer !== null && answer.recalled.length > 0 && (
        <Part title="Remembered when it was asked">
          <ul className="list-disc pl-4 text-sm">
            {answer.recalled.map((item) => (
              <li key={item.id}>{item.text}</li>
            ))}
          </ul>
        </Part>
      )}
      {isDone && answer === null && task.output !== null && (
        <Part title="Gave">
          <JsonView value={task.output} open={2} />
        </Part>
      )}
      <Below task={task} moment={moment} />
      <p className="flex gap-3 text-xs">
        <button
          type="button"
          className="text-accent underline"
          onClick={() => go({ at: task.changes[0].version })}
        >
          To its begin
        </button>
        {isEnded(change.state) && (
          <button
            type="button"
            className="text-accent underline"
            onClick={() => go({ at: change.version })}
          >
            To its end
          </button>
        )}
      </p>
    </div>
  );
}

const BELOW_MAX = 200;

function Below({ task, moment }: { task: Task; moment: Moment }) {
  const { log, at, go } = moment;
  const others = [...log.tasks.values()].filter(
    (one) => task.parent === 0 && one.parent === 0 && one.node === task.node && one !== task,
  );
  const lists: [string, Task[]][] = [
    ['Below it', task.below.map((no) => log.tasks.get(no) as Task)],
    ['The same node at other times', others],
  ];
  return lists.map(([title, tasks]) => {
    const begun = tasks.filter((one) => changeAt(one, at) !== undefined);
    if (begun.length === 0) return null;
    return (
      <Part key={title} title={`${title}: ${plural(begun.length, 'task')}`}>
        <ul className="flex flex-col">
          {begun.slice(0, BELOW_MAX).map((one) => (
            <li key={one.no}>
              <button
                type="button"
                className="flex w-full items-center gap-2 rounded px-1 py-0.5 text-left hover:bg-sunken"
                onClick={() => go({ task: one.no })}
              >
                <StatusMark status={changeAt(one, at)?.state ?? 'idle'} />
                <span className="truncate">{one.label}</span>
              </button>
            </li>
          ))}
        </ul>
      </Part>
    );
  });
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="border-t border-line pt-2">
      <h3 className="mb-1 text-sm font-semibold">{title}</h3>
      {children}
    </section>
  );
}
