// A form for a value of JSON, with the JSON itself as the other way.

import { useState } from 'react';
import { type Entries, type Field, initialOf, parse, read } from '../model/forms';
import type { Json, JsonObject } from '../wire/events';
import { Button, Input, inputLook, Labelled, Select } from './controls';

export interface Entered {
  value: JsonObject;
  hasErrors: boolean;
}

interface Props {
  fields: Field[] | null;
  /** What was entered before; else what the fields begin with. */
  entries: Entries | undefined;
  onChange: (entries: Record<string, string>) => void;
  showErrors: boolean;
}

/** The entry that holds JSON as a whole, where it is entered so. */
export const RAW = '\u0000json';

/** What the entries of a form come to. */
export function entered(fields: Field[] | null, entries: Entries | undefined): Entered {
  const raw = entries?.[RAW];
  if (raw !== undefined || fields === null) {
    const { value, error } = parse(raw ?? '{}');
    const isFine = error === '' && typeof value === 'object' && !Array.isArray(value);
    return { value: (isFine ? (value ?? {}) : {}) as JsonObject, hasErrors: !isFine };
  }
  const reading = read(fields, entries ?? initialOf(fields));
  return { value: reading.value, hasErrors: Object.keys(reading.errors).length > 0 };
}

export function Form({ fields, entries, onChange, showErrors }: Props) {
  const [wasRaw, setRaw] = useState(entries?.[RAW] !== undefined);
  const isRaw = fields === null || wasRaw;
  const now = entries ?? (fields === null ? {} : initialOf(fields));
  const toRaw = (): void => {
    setRaw(true);
    const { value } = read(fields ?? [], now);
    onChange({ ...now, [RAW]: JSON.stringify(value, null, 2) });
  };
  const toFields = (): void => {
    setRaw(false);
    const { value } = parse(now[RAW] ?? '{}');
    onChange(texts(fields ?? [], value));
  };
  if (isRaw) {
    const text = now[RAW] ?? '{}';
    const { error } = parse(text);
    return (
      <div className="flex flex-col gap-2">
        <Labelled label="As JSON" error={error || undefined}>
          {(props) => (
            <textarea
              {...props}
              spellCheck={false}
              rows={Math.min(18, Math.max(5, text.split('\n').length + 1))}
              className={`${inputLook} font-mono text-xs`}
              value={text}
              onChange={(event) => onChange({ ...now, [RAW]: event.target.value })}
            />
          )}
        </Labelled>
        {fields !== null && fields.length > 0 && (
          <Button tone="quiet" className="self-start" disabled={error !== ''} onClick={toFields}>
            Fill in a form
          </Button>
        )}
      </div>
    );
  }
  const { errors } = read(fields, now);
  return (
    <div className="flex flex-col gap-3">
      {fields.map((field) => (
        <FieldEntry
          key={field.name}
          field={field}
          text={now[field.name] ?? ''}
          error={showErrors || field.kind === 'json' ? errors[field.name] : undefined}
          onChange={(text) => onChange({ ...now, [field.name]: text })}
        />
      ))}
      {fields.length === 0 && <p className="text-soft">It takes no inputs.</p>}
      <Button tone="quiet" className="self-start" onClick={toRaw}>
        Edit as JSON
      </Button>
    </div>
  );
}

function texts(fields: Field[], value: Json): Record<string, string> {
  const given = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
  const found: Record<string, string> = {};
  for (const field of fields) {
    const part = given[field.name];
    if (part === undefined || part === null) found[field.name] = '';
    else if (field.kind === 'boolean') found[field.name] = part === true ? 'true' : '';
    else if (field.kind === 'json') found[field.name] = JSON.stringify(part, null, 2);
    else found[field.name] = typeof part === 'string' ? part : JSON.stringify(part);
  }
  return found;
}

interface FieldProps {
  field: Field;
  text: string;
  error: string | undefined;
  onChange: (text: string) => void;
}

function FieldEntry({ field, text, error, onChange }: FieldProps) {
  if (field.kind === 'boolean') {
    return (
      <label className="flex items-start gap-2">
        <input
          type="checkbox"
          className="mt-0.5 size-4 accent-(--accent)"
          checked={text === 'true'}
          onChange={(event) => onChange(event.target.checked ? 'true' : '')}
        />
        <span className="text-sm font-medium">
          {field.name}
          {field.hint && <span className="block text-xs font-normal text-soft">{field.hint}</span>}
        </span>
      </label>
    );
  }
  return (
    <Labelled label={field.name} hint={field.hint} error={error} isRequired={field.isRequired}>
      {(props) => {
        if (field.kind === 'choice') {
          return (
            <Select {...props} value={text} onChange={(event) => onChange(event.target.value)}>
              <option value="">{field.isRequired ? 'Choose…' : 'as it is'}</option>
              {field.choices.map((choice) => (
                <option key={choice}>{choice}</option>
              ))}
            </Select>
          );
        }
        if (field.kind === 'long' || field.kind === 'json') {
          const isJson = field.kind === 'json';
          return (
            <textarea
              {...props}
              name={field.name}
              spellCheck={!isJson}
              rows={Math.min(12, Math.max(isJson ? 2 : 3, text.split('\n').length))}
              className={`${inputLook} ${isJson ? 'font-mono text-xs' : ''}`}
              value={text}
              onChange={(event) => onChange(event.target.value)}
            />
          );
        }
        return (
          <Input
            {...props}
            name={field.name}
            inputMode={field.kind === 'number' ? 'decimal' : 'text'}
            value={text}
            onChange={(event) => onChange(event.target.value)}
          />
        );
      }}
    </Labelled>
  );
}
