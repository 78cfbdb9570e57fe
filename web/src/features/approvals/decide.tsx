import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { drafted, draftDropped, useAct, useFact } from '../../app/store';
import { fieldsFor, fieldsOf } from '../../model/forms';
import { agoText } from '../../model/words';
import { useNow } from '../../parts/clock';
import { Button, Input, Keys, Labelled } from '../../parts/controls';
import { entered, Form } from '../../parts/entries';
import { JsonView } from '../../parts/json';
import { Refused } from '../../parts/said';
import type { Json, JsonObject } from '../../wire/events';
import { api, got, once } from '../../wire/client';
import { type Approval, session } from '../../wire/questions';
import { Risk } from './approvals';

interface Props {
  one: Approval;
  onDecided: () => void;
}

/** One question: all that it takes to decide, and the decision. */
export function Decide({ one, onDecided }: Props) {
  const act = useAct();
  const queries = useQueryClient();
  const draft = `decide ${one.session}/${one.task}`;
  const entries = useFact((state) => state.drafts[draft]);
  const [note, setNote] = useState('');
  const [isTried, setTried] = useState(false);
  const [key] = useState(once);
  const given = one.arguments as JsonObject | null;
  const fields = given === null ? fieldsOf((one.form ?? undefined) as Json | undefined) : fieldsFor(given);
  const hasForm = given !== null || one.form !== null;
  const { value, hasErrors } = entered(fields, entries);
  const isEdited = given !== null && entries !== undefined && JSON.stringify(value) !== JSON.stringify(given);
  const params = { path: { session_id: one.session, task: one.task }, header: key };
  const deciding = useMutation({
    mutationFn: (approved: boolean) => {
      if (!approved) {
        return got(
          api.POST('/api/v1/approvals/{session_id}/{task}/deny', { params, body: { note } }),
        );
      }
      const body = {
        note,
        ...(isEdited ? { arguments: value } : {}),
        ...(given === null && one.form !== null ? { data: value } : {}),
      };
      return got(api.POST('/api/v1/approvals/{session_id}/{task}/approve', { params, body }));
    },
    onSuccess: async () => {
      act(draftDropped(draft));
      onDecided();
      await queries.invalidateQueries({ queryKey: ['approvals'] });
    },
  });
  const decide = useRef<(approved: boolean) => void>(() => undefined);
  decide.current = (approved) => {
    if (!one.may_decide || deciding.isPending) return;
    setTried(true);
    if (!approved || !hasForm || !hasErrors) deciding.mutate(approved);
  };
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
      if (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.closest('dialog')) return;
      if (event.key === 'a') decide.current(true);
      else if (event.key === 'r') decide.current(false);
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
  return (
    <div className="flex max-w-3xl flex-col gap-4 p-4" data-approval={`${one.session}/${one.task}`}>
      <header>
        <div className="flex flex-wrap items-center gap-2">
          <h2 className="text-lg font-semibold">{one.title}</h2>
          <Risk risk={one.risk} />
        </div>
        {one.message && <p className="mt-1">{one.message}</p>}
        <p className="mt-1 text-sm text-soft">
          {one.agent ? `The agent ${one.agent} asks, at ` : 'The workflow asks, at '}
          {one.node} of{' '}
          <Link
            to="/sessions/$id"
            params={{ id: one.session }}
            search={{ task: one.task }}
            className="text-accent underline"
          >
            {one.workflow}
          </Link>
          {one.tool && (
            <>
              ; it would call <code className="font-mono text-xs text-ink">{one.tool}</code>
            </>
          )}
          .
        </p>
      </header>
      {hasForm && (
        <Section title={given === null ? 'What it wants to know' : 'With these arguments'}>
          <Form
            fields={fields}
            entries={entries}
            showErrors={isTried}
            onChange={(now) => act(drafted({ about: draft, entries: now }))}
          />
          {isEdited && (
            <p className="mt-2 flex flex-wrap items-center gap-2 text-sm">
              <span className="rounded bg-wait-tint px-1.5 text-wait">changed</span> It will be called
              with what stands here, not with what was asked.
              <Button tone="quiet" onClick={() => act(draftDropped(draft))}>
                As it was asked
              </Button>
            </p>
          )}
        </Section>
      )}
      <Section title="What follows">
        <Consequences one={one} />
      </Section>
      <Given one={one} />
      {Object.keys(one.details).length > 0 && (
        <details>
          <summary className="text-sm font-semibold">All that is known</summary>
          <div className="mt-2">
            <JsonView value={one.details as Json} open={2} />
          </div>
        </details>
      )}
      <Labelled label="Note" isRequired={false} hint="It stands in the log with the decision.">
        {(props) => (
          <Input {...props} name="note" value={note} onChange={(event) => setNote(event.target.value)} />
        )}
      </Labelled>
      {deciding.isError && <Refused error={deciding.error} />}
      <div className="sticky bottom-0 -mx-4 flex flex-wrap items-center gap-2 border-t border-line bg-canvas px-4 py-3">
        <Button
          tone="main"
          disabled={!one.may_decide || deciding.isPending}
          onClick={() => decide.current(true)}
        >
          {isEdited ? 'Approve as changed' : 'Approve'} <Keys>a</Keys>
        </Button>
        <Button
          tone="danger"
          disabled={!one.may_decide || deciding.isPending}
          onClick={() => decide.current(false)}
        >
          Deny <Keys>r</Keys>
        </Button>
        {!one.may_decide && (
          <span className="text-sm text-soft">This is for {one.assignees.join(', ')} to decide.</span>
        )}
        {one.quorum > 1 && (
          <span className="text-sm text-soft">
            {one.approvers.length} of {one.quorum} have approved
            {one.approvers.length > 0 && `: ${one.approvers.join(', ')}`}.
          </span>
        )}
      </div>
    </div>
  );
}

/** What the session was started with: without it nobody could tell what is right. */
function Given({ one }: { one: Approval }) {
  const { data } = useQuery(session(one.session));
  if (data === undefined || Object.keys(data.inputs).length === 0) return null;
  return (
    <Section title="What the session was given">
      <JsonView value={data.inputs as Json} open={2} />
    </Section>
  );
}

function Consequences({ one }: { one: Approval }) {
  const nowMs = useNow();
  const rows: [string, string][] = [
    ['Yes', one.consequences.approve],
    ['No', one.consequences.deny],
  ];
  if (one.expires_at) {
    rows.push([`Silence, ${agoText(Date.parse(one.expires_at), nowMs)}`, one.consequences.expiry]);
  }
  return (
    <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1">
      {rows.map(([name, text]) => (
        <div key={name} className="contents">
          <dt className="nums text-soft">{name}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="rounded-lg border border-line bg-surface p-4">
      <h3 className="mb-3 text-sm font-semibold">{title}</h3>
      {children}
    </section>
  );
}
