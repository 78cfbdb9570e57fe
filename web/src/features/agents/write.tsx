import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { inputLook, Labelled } from '../../parts/controls';
import { Foot, Window } from '../../parts/window';
import { once } from '../../wire/client';
import { ifVersion, sent } from '../../wire/texts';
import type { AgentDetail } from './questions';

const TEMPLATE = `name: helper
description: What it is good for, in a sentence.
model: offline
instructions: |
  What it is to do, and how.
`;

interface Props {
  /** The one that is changed; null: it is new. */
  known: AgentDetail | null;
  onClose: () => void;
  onDone: (id: string) => void;
}

/** Write an agent, as it stands under `agents` of a workflow. */
export function WriteWindow({ known, onClose, onDone }: Props) {
  const queries = useQueryClient();
  const [text, setText] = useState(known === null ? TEMPLATE : known.text);
  const writing = useMutation({
    mutationFn: () =>
      sent<AgentDetail>({
        method: known === null ? 'POST' : 'PUT',
        path: known === null ? '/api/v1/agents' : `/api/v1/agents/${encodeURIComponent(known.id)}`,
        body: text,
        type: known?.media_type || 'application/yaml',
        headers: known === null ? once() : ifVersion(known.version),
      }),
    onSuccess: (found) => {
      void queries.invalidateQueries({ queryKey: ['agents'] });
      onClose();
      onDone(found.id);
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    writing.mutate();
  };
  return (
    <Window title={known === null ? 'Register an agent' : `Change ${known.name}`} onClose={onClose}>
      <form className="flex flex-col gap-4" onSubmit={submit}>
        <Labelled label="Definition" hint="As an agent stands under `agents` of a workflow, with its name. Each change is a version.">
          {(props) => (
            <textarea
              {...props}
              name="definition"
              spellCheck={false}
              rows={16}
              className={`${inputLook} font-mono text-xs leading-5`}
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          )}
        </Labelled>
        <Foot acting={writing} isDisabled={text === known?.text} onClose={onClose}>
          {known === null ? 'Register' : `Keep as version ${known.version + 1}`}
        </Foot>
      </form>
    </Window>
  );
}
