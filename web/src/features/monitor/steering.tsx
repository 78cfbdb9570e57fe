import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, type ReactNode, useState } from 'react';
import { fieldsFor, parse } from '../../model/forms';
import { Button, Input, inputLook, Labelled } from '../../parts/controls';
import { entered, Form } from '../../parts/entries';
import { Coming, Refused } from '../../parts/said';
import { Window } from '../../parts/window';
import { api, got, once } from '../../wire/client';
import type { Json, JsonObject } from '../../wire/events';
import { stateOf } from '../../wire/questions';
import { usePlace } from './place';

interface AskProps {
  title: string;
  verb: string;
  tone?: 'main' | 'danger';
  isReady?: boolean;
  onClose: () => void;
  onDo: () => Promise<unknown>;
  children: ReactNode;
}

/** A window with a form, what came of it if it was refused, and a button that does it. */
function Ask({ title, verb, tone = 'main', isReady = true, onClose, onDo, children }: AskProps) {
  const { id } = usePlace();
  const queries = useQueryClient();
  const doing = useMutation({
    mutationFn: onDo,
    onSuccess: onClose,
    onSettled: () => queries.invalidateQueries({ queryKey: ['sessions', 'one', id] }),
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (isReady) doing.mutate();
  };
  return (
    <Window title={title} onClose={onClose}>
      <form className="flex flex-col gap-4" onSubmit={submit} noValidate>
        {children}
        {doing.isError && <Refused error={doing.error} />}
        <div className="flex gap-2">
          <Button tone={tone} type="submit" disabled={doing.isPending || !isReady}>
            {verb}
          </Button>
          <Button tone="quiet" onClick={onClose}>
            Close
          </Button>
        </div>
      </form>
    </Window>
  );
}

/** Send a signal; a wait takes it now, or when it comes. */
export function SignalWindow({ name, onClose }: { name: string; onClose: () => void }) {
  const { id } = usePlace();
  const [called, setCalled] = useState(name);
  const [text, setText] = useState('');
  const [key] = useState(once);
  const data = text.trim() === '' ? { value: null as Json, error: '' } : parse(text);
  return (
    <Ask
      title="Send a signal"
      verb="Send"
      isReady={called.trim() !== '' && data.error === ''}
      onClose={onClose}
      onDo={() =>
        got(
          api.POST('/api/v1/sessions/{session_id}/signal', {
            params: { path: { session_id: id }, header: key },
            body: { name: called.trim(), data: data.value },
          }),
        )
      }
    >
      <Labelled label="Name">
        {(props) => (
          <Input {...props} value={called} onChange={(event) => setCalled(event.target.value)} />
        )}
      </Labelled>
      <Labelled
        label="Data, as JSON"
        isRequired={false}
        hint='What the session gets with it: a text stands in quotes, as "yes".'
        error={data.error || undefined}
      >
        {(props) => (
          <textarea
            {...props}
            rows={4}
            spellCheck={false}
            className={`${inputLook} font-mono text-xs`}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        )}
      </Labelled>
    </Ask>
  );
}

/** Give the session up. */
export function CancelWindow({ onClose }: { onClose: () => void }) {
  const { id } = usePlace();
  const [reason, setReason] = useState('');
  const [key] = useState(once);
  return (
    <Ask
      title="Cancel the session"
      verb="Cancel the session"
      tone="danger"
      onClose={onClose}
      onDo={() =>
        got(
          api.POST('/api/v1/sessions/{session_id}/cancel', {
            params: { path: { session_id: id }, header: key },
            body: { reason },
          }),
        )
      }
    >
      <p>It is given up, and so are the sessions that it started. Its log stays, and can be forked.</p>
      <Labelled label="Reason" isRequired={false} hint="It stands in the log.">
        {(props) => (
          <Input {...props} value={reason} onChange={(event) => setReason(event.target.value)} />
        )}
      </Labelled>
    </Ask>
  );
}

/** Go on from a version as a new session, with other values in the state. */
export function ForkWindow({ at, onClose }: { at: number; onClose: () => void }) {
  const { id } = usePlace();
  const state = useQuery(stateOf(id, at));
  if (state.data === undefined) {
    return (
      <Window title={`Fork at version ${at}`} onClose={onClose}>
        {state.isError ? <Refused error={state.error} /> : <Coming lines={3} />}
      </Window>
    );
  }
  return <Fork at={at} values={state.data.values as JsonObject} onClose={onClose} />;
}

function Fork({ at, values, onClose }: { at: number; values: JsonObject; onClose: () => void }) {
  const { id } = usePlace();
  const navigate = useNavigate();
  const [entries, setEntries] = useState<Record<string, string>>();
  const [key] = useState(once);
  const fields = fieldsFor(values);
  const { value, hasErrors } = entered(fields, entries);
  const patch = changed(values, value);
  const count = Object.keys(patch).length;
  return (
    <Ask
      title={`Fork at version ${at}`}
      verb={count === 0 ? 'Fork' : `Fork with ${count === 1 ? 'one change' : `${count} changes`}`}
      isReady={!hasErrors}
      onClose={onClose}
      onDo={async () => {
        const other = await got(
          api.POST('/api/v1/sessions/{session_id}/fork', {
            params: { path: { session_id: id }, header: key },
            body: { at, patch },
          }),
        );
        await navigate({ to: '/sessions/$id', params: { id: other.id }, search: {} });
      }}
    >
      <p>
        A new session goes on from here. What was done up to version {at} is not done again, and this
        session stays as it is.
      </p>
      {fields.length === 0 ? (
        <p className="text-soft">The workflow has no state that could be changed.</p>
      ) : (
        <Form fields={fields} entries={entries} showErrors onChange={setEntries} />
      )}
    </Ask>
  );
}

function changed(before: JsonObject, after: JsonObject): JsonObject {
  const patch: JsonObject = {};
  for (const [name, value] of Object.entries(after)) {
    if (JSON.stringify(value) !== JSON.stringify(before[name])) patch[name] = value;
  }
  return patch;
}
