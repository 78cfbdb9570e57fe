import { useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { drafted, draftDropped, useAct, useFact } from '../../app/store';
import { fieldsOf } from '../../model/forms';
import { Labelled, Select } from '../../parts/controls';
import { entered, Form } from '../../parts/entries';
import { Coming, Refused } from '../../parts/said';
import { Foot, Window } from '../../parts/window';
import type { Json } from '../../wire/events';
import { api, got, once } from '../../wire/client';
import { inputsOf, workflows } from '../../wire/questions';

interface Props {
  /** Its name; empty: none is chosen yet. */
  workflow: string;
  onChoose: (workflow: string) => void;
  onClose: () => void;
}

/** Start a session of a workflow, from a form that its inputs make. */
export function StartWindow({ workflow, onChoose, onClose }: Props) {
  const known = useQuery(workflows);
  const items = known.data?.items ?? [];
  const chosen = workflow || (items.length === 1 ? (items[0]?.name ?? '') : '');
  const about = items.find((one) => one.name === chosen)?.description;
  return (
    <Window title="Start a session" onClose={onClose}>
      <div className="flex flex-col gap-4">
        {known.isError && <Refused error={known.error} onRetry={() => void known.refetch()} />}
        <Labelled label="Workflow" hint={about ?? ''}>
          {(props) => (
            <Select
              {...props}
              name="workflow"
              value={chosen}
              onChange={(event) => onChoose(event.target.value)}
            >
              <option value="" disabled>
                Choose…
              </option>
              {items.map((one) => (
                <option key={one.name}>{one.name}</option>
              ))}
            </Select>
          )}
        </Labelled>
        {chosen !== '' && <Inputs key={chosen} workflow={chosen} onClose={onClose} />}
      </div>
    </Window>
  );
}

function Inputs({ workflow, onClose }: { workflow: string; onClose: () => void }) {
  const asking = useQuery(inputsOf(workflow));
  const act = useAct();
  const navigate = useNavigate();
  const draft = `start ${workflow}`;
  const entries = useFact((state) => state.drafts[draft]);
  const [isSent, setSent] = useState(false);
  // Made once for what is entered: sent twice, it starts one session.
  const [key, setKey] = useState(once);
  const fields = fieldsOf(asking.data as Json | undefined);
  const { value, hasErrors } = entered(fields, entries);
  const starting = useMutation({
    mutationFn: () =>
      got(
        api.POST('/api/v1/workflows/{name}/start', {
          params: { path: { name: workflow }, header: key },
          body: { inputs: value },
        }),
      ),
    onSuccess: (started) => {
      act(draftDropped(draft));
      onClose();
      void navigate({ to: '/sessions/$id', params: { id: started.id } });
    },
  });
  if (asking.isPending) return <Coming lines={3} />;
  if (asking.isError) return <Refused error={asking.error} onRetry={() => void asking.refetch()} />;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setSent(true);
    if (!hasErrors) starting.mutate();
  };
  return (
    <form className="flex flex-col gap-4" onSubmit={submit} noValidate>
      <Form
        fields={fields}
        entries={entries}
        showErrors={isSent}
        onChange={(now) => {
          act(drafted({ about: draft, entries: now }));
          setKey(once());
          starting.reset();
        }}
      />
      <Foot acting={starting} onClose={onClose}>
        {starting.isPending ? 'Starting' : 'Start'}
      </Foot>
    </form>
  );
}
