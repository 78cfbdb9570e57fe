// Icons as paths on a grid of 16, drawn with the colour of the text around them.

const PATHS = {
  sessions: 'M2.5 3.5h11M2.5 8h11M2.5 12.5h7',
  approvals: 'M2.5 8.5 6 12l7.5-8',
  home: 'M2.5 7.5 8 2.8l5.5 4.7M4 6.5v6.7h8V6.5M6.8 13.2V9.6h2.4v3.6',
  workflows: 'M2.5 2.5h4v4h-4zM9.5 9.5h4v4h-4zM4.5 6.5v5h5',
  agents: 'M8 2.3a2.6 2.6 0 1 0 0 5.2 2.6 2.6 0 0 0 0-5.2ZM2.8 13.7c.4-2.9 2.4-4.4 5.2-4.4s4.8 1.5 5.2 4.4',
  memory: 'M3 4c0-2 10-2 10 0v8c0 2-10 2-10 0ZM3 4c0 2 10 2 10 0M3 8c0 2 10 2 10 0',
  collections: 'M2.5 4h4l1.5 1.8h5.5v7.2h-11ZM5 9.2h6',
  models: 'M4.5 4.5h7v7h-7zM6.5 2v2.5M9.5 2v2.5M6.5 11.5V14M9.5 11.5V14M2 6.5h2.5M2 9.5h2.5M11.5 6.5H14M11.5 9.5H14',
  audit: 'M8 2 13 4v4c0 3-2 5-5 6-3-1-5-3-5-6V4ZM5.8 8l1.6 1.7 3-3.4',
  settings: 'M2.5 4.5h6M11.5 4.5h2M2.5 11.5h2M7.5 11.5h6M10 2.9v3.2M6 9.9v3.2',
  moon: 'M13 9.6A5.6 5.6 0 0 1 6.4 3 5.6 5.6 0 1 0 13 9.6Z',
  sun: 'M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6ZM8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9',
  screen: 'M2 3h12v8H2zM5.5 13.5h5M8 11v2.5',
  menu: 'M2.5 4.5h11M2.5 8h11M2.5 11.5h11',
  close: 'M4 4l8 8M12 4l-8 8',
  search: 'M7 2.8a4.2 4.2 0 1 0 0 8.4 4.2 4.2 0 0 0 0-8.4ZM10.2 10.2l3.3 3.3',
  plus: 'M8 3v10M3 8h10',
  first: 'M4 3.5v9M12 3.5 6.5 8l5.5 4.5Z',
  back: 'M10.5 3.5 5 8l5.5 4.5Z',
  forward: 'M5.5 3.5 11 8l-5.5 4.5Z',
  last: 'M12 3.5v9M4 3.5 9.5 8 4 12.5Z',
  play: 'M5 3.2 12.2 8 5 12.8Z',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  fork: 'M5 3.2v9.6M5 8.5c4 0 6-1 6-5M3.5 3.2h3M9.5 3.2h3M3.5 12.8h3',
  down: 'M4 6l4 4 4-4',
  right: 'M6 4l4 4-4 4',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  out: 'M6.5 2.5h-4v11h4M6.5 8h7M11 5.5 13.5 8 11 10.5',
  download: 'M8 2.5v8M4.5 7.5 8 11l3.5-3.5M3 13.5h10',
  dots: 'M3.4 8h.01M8 8h.01M12.6 8h.01',
  wait: 'M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2ZM8 5v3.2l2.2 1.4',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, className = '' }: { name: IconName; className?: string }) {
  return (
    <svg
      viewBox="0 0 16 16"
      aria-hidden="true"
      className={`size-4 shrink-0 fill-none stroke-current ${className}`}
      strokeWidth={name === 'dots' ? 2.4 : 1.5}
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
