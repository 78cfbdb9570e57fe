import { Link } from '@tanstack/react-router';
import { parted, type Step } from '../../model/compare';
import type { Difference } from '../../model/diff';
import { changeAt, isEnded, type Task } from '../../model/session';
import { lengthText, usdText } from '../../model/words';
import { JsonView } from '../../parts/json';
import { StatusMark } from '../../parts/status';
import type { Json } from '../../wire/events';

const NAMES = ['First', 'Second'] as const;

interface Props {
  step: Step;
  name: string;
  ids: [string, string];
}

/** What a step was in the one session and in the other. */
export function StepView({ step, name, ids }: Props) {
  const tasks = [step.a, step.b] as const;
  return (
    <article className="flex flex-col gap-5 p-4">
      <h2 className="text-lg font-semibold first-letter:uppercase">{name}</h2>
      <div className="grid gap-3 md:grid-cols-2">
        {NAMES.map((one, index) => (
          <Side key={one} name={one} task={tasks[index] ?? null} id={ids[index] as string} step={step} />
        ))}
      </div>
      {step.changed.length > 0 && (
        <section className="flex flex-col gap-3">
          <h3 className="text-sm font-semibold">What is different</h3>
          {step.changed.map((one) => (
            <Changed key={one.path} one={one} />
          ))}
        </section>
      )}
      {step.verdict === 'same' && <p className="text-soft">It did the same in both.</p>}
      {tasks.map(
        (task, index) =>
          task !== null &&
          step.verdict !== 'different' && (
            <section key={index} className={step.verdict === 'same' && index === 1 ? 'hidden' : ''}>
              <h3 className="mb-1 text-sm font-semibold">What it gave</h3>
              <div className="rounded-lg border border-line bg-surface p-3">
                <JsonView value={task.output} />
              </div>
            </section>
          ),
      )}
    </article>
  );
}

interface SideProps {
  name: string;
  task: Task | null;
  id: string;
  step: Step;
}

function Side({ name, task, id, step }: SideProps) {
  const isBegin = step.a === null && step.b === null;
  const last = task && changeAt(task, Number.MAX_SAFE_INTEGER);
  return (
    <div className="flex flex-col gap-1.5 rounded-lg border border-line bg-surface px-3 py-2.5">
      <p className="flex flex-wrap items-center gap-2 text-sm">
        <span className="font-semibold">{name}</span>
        <code className="min-w-0 flex-1 truncate text-xs text-soft">…{id.slice(-8)}</code>
        {last && <StatusMark status={last.state} />}
      </p>
      {task === null && !isBegin && <p className="text-sm text-soft">It has no such step.</p>}
      {task && last && (
        <p className="nums flex flex-wrap gap-x-4 text-sm text-soft">
          {isEnded(last.state) && <span>took {lengthText(last.atMs - task.changes[0].atMs)}</span>}
          {task.kind === 'model' && task.answer && (
            <>
              <span>{task.answer.usage.input_tokens + task.answer.usage.output_tokens} tokens</span>
              <span>{usdText(task.answer.usage.cost_usd)}</span>
            </>
          )}
          {task.attempts > 1 && <span>{task.attempts} attempts</span>}
        </p>
      )}
      <p className="text-sm">
        <Link
          to="/sessions/$id"
          params={{ id }}
          search={
            isBegin
              ? { view: 'state', at: 1 }
              : task && last
                ? { view: 'conversation', at: last.version, task: task.no }
                : {}
          }
          className="text-accent underline"
        >
          {task || isBegin ? 'Go there, to look or fork' : 'Open the session'}
        </Link>
      </p>
    </div>
  );
}

function Changed({ one }: { one: Difference }) {
  const { before, after } = one;
  const areTexts = typeof before === 'string' && typeof after === 'string';
  const parts = areTexts ? parted(before, after) : null;
  return (
    <div data-changed>
      <p className="mb-1 font-mono text-xs font-medium">{one.path}</p>
      <div className="grid gap-3 md:grid-cols-2">
        <Value value={before} name={NAMES[0]}>
          {parts && (
            <>
              {parts.before}
              <mark className="rounded-xs bg-fail-tint text-fail">{parts.a}</mark>
              {parts.after}
            </>
          )}
        </Value>
        <Value value={after} name={NAMES[1]}>
          {parts && (
            <>
              {parts.before}
              <mark className="rounded-xs bg-done-tint text-done">{parts.b}</mark>
              {parts.after}
            </>
          )}
        </Value>
      </div>
    </div>
  );
}

interface ValueProps {
  value: Json | undefined;
  name: string;
  children: React.ReactNode;
}

function Value({ value, name, children }: ValueProps) {
  return (
    <div className="min-w-0 rounded-lg border border-line bg-surface p-3">
      <p className="sr-only">{name}</p>
      {children ? <p className="break-words whitespace-pre-wrap">{children}</p> : <JsonView value={value} />}
    </div>
  );
}
