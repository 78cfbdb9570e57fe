import { useEffect, useId, useRef, useState } from 'react';
import { Input } from './controls';
import { Icon } from './icons';

const TYPING_MS = 250;

interface Props {
  label: string;
  placeholder: string;
  text: string;
  onChange: (text: string) => void;
}

/** An entry that tells what is searched for once nothing more is typed. */
export function SearchBox({ label, placeholder, text, onChange }: Props) {
  const [now, setNow] = useState(text);
  const tell = useRef(onChange);
  tell.current = onChange;
  useEffect(() => setNow(text), [text]);
  useEffect(() => {
    if (now === text) return;
    const clock = setTimeout(() => tell.current(now), TYPING_MS);
    return () => clearTimeout(clock);
  }, [now, text]);
  return (
    <div className="relative w-full sm:w-60">
      <Icon name="search" className="absolute top-2 left-2 text-soft" />
      <Input
        type="search"
        aria-label={label}
        placeholder={placeholder}
        className="pl-8!"
        value={now}
        onChange={(event) => setNow(event.target.value)}
      />
    </div>
  );
}

interface FilterProps extends Props {
  className?: string;
  /** What it may be, to choose from. */
  known?: readonly string[];
}

/** An entry that tells what is in it when it is left, or with Enter. */
export function FilterInput({ label, placeholder, text, onChange, className = 'w-32!', known = [] }: FilterProps) {
  const id = useId();
  return (
    <>
      <Input
        key={text}
        aria-label={label}
        placeholder={placeholder}
        className={className}
        list={known.length > 0 ? id : undefined}
        defaultValue={text}
        onBlur={(event) => event.target.value !== text && onChange(event.target.value)}
        onKeyDown={(event) => event.key === 'Enter' && onChange(event.currentTarget.value)}
      />
      {known.length > 0 && (
        <datalist id={id}>
          {known.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </datalist>
      )}
    </>
  );
}
