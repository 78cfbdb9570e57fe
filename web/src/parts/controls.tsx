import type { ButtonHTMLAttributes, InputHTMLAttributes, ReactNode, SelectHTMLAttributes } from 'react';
import { useId } from 'react';

const TONES = {
  main: 'bg-accent text-on-accent border-accent hover:brightness-110',
  plain: 'bg-surface text-ink border-line hover:border-firm',
  quiet: 'border-transparent text-soft hover:bg-sunken hover:text-ink',
  danger: 'bg-surface text-fail border-line hover:border-fail hover:bg-fail-tint',
} as const;

export const buttonLook = (tone: keyof typeof TONES = 'plain'): string =>
  `inline-flex h-8 items-center justify-center gap-1.5 rounded-md border px-2.5 text-sm font-medium whitespace-nowrap select-none disabled:opacity-50 ${TONES[tone]}`;

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  tone?: keyof typeof TONES;
}

export function Button({ tone = 'plain', className = '', ...rest }: ButtonProps) {
  return <button type="button" className={`${buttonLook(tone)} ${className}`} {...rest} />;
}

/** A button that shows an icon only; its label is for who cannot see it, and on hovering. */
export function IconButton({ label, className = '', ...rest }: ButtonProps & { label: string }) {
  return <Button aria-label={label} title={label} className={`w-8 px-0 ${className}`} {...rest} />;
}

export const inputLook =
  'w-full rounded-md border border-firm bg-surface px-2.5 py-1 text-ink placeholder:text-soft aria-invalid:border-fail';

export function Input({ className = '', ...rest }: InputHTMLAttributes<HTMLInputElement>) {
  return <input className={`${inputLook} h-8 ${className}`} {...rest} />;
}

export function Select({ className = '', ...rest }: SelectHTMLAttributes<HTMLSelectElement>) {
  return <select className={`${inputLook} h-8 ${className}`} {...rest} />;
}

interface LabelledProps {
  label: string;
  hint?: string;
  error?: string | undefined;
  isRequired?: boolean;
  children: (props: { id: string; 'aria-describedby'?: string; 'aria-invalid'?: true }) => ReactNode;
}

/** A label over a control, with what it is for and what is wrong with it. */
export function Labelled({ label, hint = '', error, isRequired, children }: LabelledProps) {
  const id = useId();
  const told = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ');
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
        {isRequired === false && <span className="font-normal text-soft"> (optional)</span>}
      </label>
      {children({
        id,
        ...(told ? { 'aria-describedby': told } : {}),
        ...(error ? { 'aria-invalid': true as const } : {}),
      })}
      {hint && (
        <p id={`${id}-hint`} className="text-xs text-soft">
          {hint}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} className="text-xs font-medium text-fail">
          {error}
        </p>
      )}
    </div>
  );
}

export function Keys({ children }: { children: string }) {
  return (
    <kbd className="rounded border border-line bg-sunken px-1 font-mono text-xs text-soft">
      {children}
    </kbd>
  );
}
