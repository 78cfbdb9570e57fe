// Forms for values of JSON: from a JSON Schema, or from a value that is there already.

import type { Json, JsonObject } from '../wire/events';

export interface Field {
  name: string;
  kind: 'text' | 'long' | 'number' | 'boolean' | 'choice' | 'json';
  hint: string;
  isRequired: boolean;
  /** An empty text is a value; else it is none. */
  keepsEmpty: boolean;
  choices: string[];
  /** What is entered at first, as `Entries` hold it. */
  initial: string;
}

/** What people entered, by name of the field; of a checkbox `true` or nothing. */
export type Entries = Readonly<Record<string, string>>;

export interface Reading {
  value: JsonObject;
  /** What is wrong, by name of the field. */
  errors: Record<string, string>;
}

const LONG_CHARS = 60;

/** The fields of an object's schema, or null where only JSON can be entered. */
export function fieldsOf(schema: Json | undefined): Field[] | null {
  if (!isObject(schema)) return null;
  const properties = schema.properties;
  if (!isObject(properties)) return null;
  const required = Array.isArray(schema.required) ? schema.required : [];
  const fields = Object.entries(properties).map(([name, part]) =>
    fieldOf(name, isObject(part) ? part : {}, required.includes(name)),
  );
  // What has to be there comes first; else the order is that of the schema.
  return fields.sort((a, b) => Number(b.isRequired) - Number(a.isRequired));
}

function fieldOf(name: string, schema: JsonObject, isRequired: boolean): Field {
  const hint = typeof schema.description === 'string' ? schema.description : '';
  const field: Field = { name, kind: 'json', hint, isRequired, keepsEmpty: false, choices: [], initial: '' };
  const given = schema.default;
  if (Array.isArray(schema.enum) && schema.enum.every((one) => typeof one === 'string')) {
    field.kind = 'choice';
    field.choices = schema.enum as string[];
  } else if (schema.type === 'string') {
    field.kind = /text|question|prompt|message|description/.test(name) ? 'long' : 'text';
  } else if (schema.type === 'number' || schema.type === 'integer') {
    field.kind = 'number';
  } else if (schema.type === 'boolean') {
    field.kind = 'boolean';
  }
  if (given !== undefined) field.initial = entered(field.kind, given);
  return field;
}

/** Fields to edit a value with: one for each of its parts. */
export function fieldsFor(value: JsonObject): Field[] {
  return Object.entries(value).map(([name, part]) => {
    const kind = kindOf(part);
    const initial = entered(kind, part);
    return { name, kind, hint: '', isRequired: true, keepsEmpty: true, choices: [], initial };
  });
}

function kindOf(value: Json): Field['kind'] {
  if (typeof value === 'string') {
    return value.length > LONG_CHARS || value.includes('\n') ? 'long' : 'text';
  }
  if (typeof value === 'number') return 'number';
  return typeof value === 'boolean' ? 'boolean' : 'json';
}

function entered(kind: Field['kind'], value: Json): string {
  if (kind === 'boolean') return value === true ? 'true' : '';
  if (kind === 'json') return JSON.stringify(value, null, 2);
  return value === null ? '' : String(value);
}

export function initialOf(fields: readonly Field[]): Record<string, string> {
  return Object.fromEntries(fields.map((field) => [field.name, field.initial]));
}

/** The value that was entered. What need not be there, and is not, is left out. */
export function read(fields: readonly Field[], entries: Entries): Reading {
  const value: JsonObject = {};
  const errors: Record<string, string> = {};
  for (const field of fields) {
    const text = entries[field.name] ?? '';
    if (field.kind === 'boolean') {
      if (text === 'true' || field.isRequired || field.initial === 'true') {
        value[field.name] = text === 'true';
      }
    } else if (text.trim() === '') {
      if (isText(field) && field.keepsEmpty) value[field.name] = text;
      else if (field.isRequired) errors[field.name] = 'Enter a value.';
    } else {
      take(field, text, value, errors);
    }
  }
  return { value, errors };
}

const isText = (field: Field): boolean => field.kind === 'text' || field.kind === 'long';

function take(field: Field, text: string, value: JsonObject, errors: Reading['errors']): void {
  if (field.kind === 'number') {
    const number = Number(text);
    if (Number.isFinite(number)) value[field.name] = number;
    else errors[field.name] = `Enter a number; found "${text}".`;
  } else if (field.kind === 'json') {
    const parsed = parse(text);
    if (parsed.error === '') value[field.name] = parsed.value;
    else errors[field.name] = parsed.error;
  } else {
    value[field.name] = text;
  }
}

/** JSON of a text, or what is wrong with it, in words. */
export function parse(text: string): { value: Json; error: string } {
  try {
    return { value: JSON.parse(text) as Json, error: '' };
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    return { value: null, error: `This is no JSON: ${what}.` };
  }
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
