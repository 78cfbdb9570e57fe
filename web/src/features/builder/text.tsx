import type { RefObject } from 'react';
import { plural } from '../../model/words';
import { Refused } from '../../parts/said';
import { Dot } from '../../parts/status';
import type { Told } from './verdict';

interface Props {
  area: RefObject<HTMLTextAreaElement | null>;
  text: string;
  verdict: Told;
  onChange: (text: string) => void;
  onLine: (line: number) => void;
}

/** The workflow as it is written, and what is wrong with it. */
export function TextPane({ area, text, verdict, onChange, onLine }: Props) {
  const { state, errors, problem } = verdict;
  return (
    <section aria-label="Text" className="flex min-h-72 flex-1 flex-col">
      <textarea
        ref={area}
        aria-label="The workflow as YAML"
        spellCheck={false}
        autoCapitalize="off"
        wrap="off"
        className="min-h-0 flex-1 resize-none bg-surface p-3 font-mono text-xs leading-5 text-ink outline-none focus-visible:outline-2 focus-visible:-outline-offset-2"
        value={text}
        onChange={(event) => onChange(event.target.value)}
        data-yaml
      />
      <div role="status" data-verdict={state} className="max-h-44 shrink-0 overflow-auto border-t border-line bg-canvas px-3 py-2 text-sm">
        {state === 'unknown' && <Refused error={problem} />}
        {state === 'fine' && (
          <p className="flex items-center gap-2 text-done">
            <Dot status="done" /> It can be kept and started.
          </p>
        )}
        {state === 'asking' && errors.length === 0 && <p className="text-soft">It is being looked at.</p>}
        {errors.length > 0 && (
          <>
            <p className="flex items-center gap-2 font-medium text-fail">
              <Dot status="failed" /> {plural(errors.length, 'mistake')}
            </p>
            <ul>
              {errors.map((one, index) => (
                <li key={index}>
                  <button
                    type="button"
                    className="w-full rounded-md px-1 py-0.5 text-left hover:bg-sunken"
                    onClick={() => one.line && onLine(one.line)}
                  >
                    {one.line ? <span className="nums text-soft">line {one.line}: </span> : null}
                    {one.message} {one.suggestion && <span className="text-soft">{one.suggestion}</span>}
                  </button>
                </li>
              ))}
            </ul>
          </>
        )}
      </div>
    </section>
  );
}
