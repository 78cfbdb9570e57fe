import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { layout, NODE } from '../../model/layout';
import { type Difference, type Mapping, migrationAt, type MovedTable } from '../../model/migration';
import { lengthText, plural } from '../../model/words';
import { Nothing } from '../../parts/said';
import { StatusMark } from '../../parts/status';
import { useFold, useMoment } from './place';

const SHOWN_MAX = 100;

/** A database that moves: what was found in it, what becomes of it, how far that is, and whether
 * both behave alike. */
export default function MigrationView() {
  const moment = useMoment();
  const { go } = moment;
  const migration = useFold(moment, (at) => migrationAt(moment.log, at));
  if (migration === null) return <Nothing title="There is no plan yet at this version" />;
  const { tables, leftOut, lanes, checks, counts, differences, decisions, verified } = migration;
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const moved = tables.reduce((sum, table) => sum + (table.moved?.rows ?? 0), 0);
  const aside = tables.reduce((sum, table) => sum + (table.moved?.quarantined ?? 0), 0);
  return (
    <div className="flex h-full flex-col gap-5 overflow-auto p-4" data-migration>
      <p className="font-mono text-sm break-all">
        {migration.source} → {migration.target}
      </p>
      <Part title="Progress">
        <p className="nums flex flex-wrap items-center gap-3">
          <progress aria-label="Rows moved" value={moved + aside} max={Math.max(rows, 1)} className="h-2 w-48 accent-(--accent)" />
          {moved.toLocaleString()} of {rows.toLocaleString()} rows are moved
          {aside > 0 && <span className="text-wait">{plural(aside, 'row')} put aside</span>}
        </p>
        <ul className="mt-2 flex flex-col gap-1">
          {lanes.map((lane) => (
            <li key={lane.label} className="flex flex-wrap items-center gap-2 text-sm">
              <StatusMark status={lane.state} />
              <span>{lane.tables.join(', ')}</span>
              {lane.child !== null && (
                <Link to="/sessions/$id" params={{ id: lane.child }} className="text-accent underline">
                  its session<span className="sr-only"> of {lane.label}</span>
                </Link>
              )}
            </li>
          ))}
        </ul>
      </Part>
      <Part title="Decisions">
        {decisions.length === 0 && <p className="text-soft">No person has decided anything yet.</p>}
        <ul>
          {decisions.map((one) => (
            <li key={one.version}>
              <button type="button" className="text-accent underline" onClick={() => go({ at: one.version })}>
                {one.task}
              </button>{' '}
              {one.isApproved ? 'approved' : 'denied'} by {one.by || 'nobody: its time was over'}
              {one.note && `: ${one.note}`}
            </li>
          ))}
        </ul>
      </Part>
      <Part title="Plan">
        <Order tables={tables} />
        {leftOut.length > 0 && (
          <ul className="mt-2 list-disc pl-5 text-sm">
            {leftOut.map(([name, why]) => (
              <li key={name}>
                <code>{name}</code> is left out: {why}
              </li>
            ))}
          </ul>
        )}
      </Part>
      <Part title="Verification">
        {verified === null ? (
          <p className="text-soft">The target was not verified yet.</p>
        ) : (
          <p className={verified ? 'text-done' : 'text-fail'}>
            {verified ? 'The target behaves as the source.' : 'The target does not behave as the source.'}{' '}
            <span className="nums text-soft">
              {counts.map(([name, count]) => `${count.toLocaleString()} ${name}`).join(', ')}
            </span>
          </p>
        )}
        <p className="nums text-sm text-soft">
          {checks.map((one) => `${one.name}: ${one.compared.toLocaleString()} ${one.unit}`).join(' · ')}
        </p>
        <Differences differences={differences} />
      </Part>
      <Part title="Schema and mapping">
        {tables.map((table) => (
          <Table key={table.name} table={table} threshold={migration.threshold} />
        ))}
      </Part>
    </div>
  );
}

function Part({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <section>
      <h2 className="mb-1 font-semibold">{title}</h2>
      {children}
    </section>
  );
}

/** Tables in the order that their keys ask for: what is named stands above what names it. */
function Order({ tables }: { tables: MovedTable[] }) {
  const plan = useMemo(() => {
    const names = new Set(tables.map((table) => table.source));
    const edges = tables.flatMap((table) =>
      table.after.filter((name) => names.has(name)).map((from) => ({ from, to: table.source })),
    );
    return { edges, ...layout([...names], edges) };
  }, [tables]);
  return (
    <div className="max-w-full overflow-auto rounded-md border border-line bg-surface p-2">
      <svg
        role="img"
        aria-label={tables
          .map((table) => `${table.name}${table.after.length > 0 ? ` after ${table.after.join(', ')}` : ''}`)
          .join('; ')}
        width={plan.width}
        height={plan.height}
        className="overflow-visible text-xs"
      >
        {plan.edges.map(({ from, to }) => {
          const [begin, end] = [plan.places.get(from), plan.places.get(to)];
          if (begin === undefined || end === undefined) return null;
          const [x, y] = [begin.x + NODE.width / 2, begin.y + NODE.height];
          const half = (y + end.y) / 2;
          const path = `M${x},${y} C${x},${half} ${end.x + NODE.width / 2},${half} ${end.x + NODE.width / 2},${end.y}`;
          return <path key={`${from} ${to}`} d={path} fill="none" stroke="var(--firm)" />;
        })}
        {tables.map((table) => {
          const place = plan.places.get(table.source);
          if (place === undefined) return null;
          const colour = table.moved === null ? 'var(--line)' : table.moved.quarantined > 0 ? 'var(--wait)' : 'var(--done)';
          return (
            <g key={table.name} transform={`translate(${place.x},${place.y})`}>
              <rect width={NODE.width} height={NODE.height} rx="8" fill="var(--canvas)" stroke={colour} strokeWidth="2" />
              <text x="12" y="22" fill="var(--ink)" fontWeight="500">
                {table.name}
              </text>
              <text x="12" y="40" fill="var(--soft)">
                {(table.moved?.rows ?? 0).toLocaleString()} of {table.rows.toLocaleString()} rows
              </text>
            </g>
          );
        })}
      </svg>
    </div>
  );
}

function Table({ table, threshold }: { table: MovedTable; threshold: number }) {
  const doubts = table.mappings.filter((one) => one.confidence < threshold).length;
  return (
    <details className="border-b border-line py-1" open={doubts > 0}>
      <summary className="cursor-pointer">
        <span className="font-medium">
          {table.source}
          {table.name !== table.source && ` → ${table.name}`}
        </span>{' '}
        <span className="nums text-sm text-soft">
          {plural(table.rows, 'row')}, {plural(table.mappings.length, 'column')}
          {table.moved !== null && `, moved in ${lengthText(table.moved.seconds * 1_000)}`}
        </span>
        {doubts > 0 && <span className="text-sm text-wait"> · {doubts} in doubt</span>}
      </summary>
      <div className="overflow-x-auto" role="region" aria-label={`Columns of ${table.source}`} tabIndex={0}>
        <table className="nums w-full min-w-3xl text-sm">
          <thead>
            <tr className="text-left text-soft">
              {['Column', 'Type', 'Meaning', 'Sure', 'Decided by', 'Why'].map((name) => (
                <th key={name} className="py-1 pr-3 font-medium">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {table.mappings.map((one) => (
              <Column key={one.name} one={one} threshold={threshold} />
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function Column({ one, threshold }: { one: Mapping; threshold: number }) {
  const share = Math.round(one.confidence * 100);
  return (
    <tr className="border-t border-line align-top">
      <th scope="row" className="py-1 pr-3 text-left font-mono font-normal">
        {one.source}
        {one.name !== one.source && ` → ${one.name}`}
      </th>
      <td className="py-1 pr-3 font-mono text-xs">
        {one.declared && one.declared !== one.type && `${one.declared} → `}
        {one.type}
        {one.changes.length > 0 && <span className="block text-soft">{one.changes.join(', ')}</span>}
      </td>
      <td className="py-1 pr-3">
        {one.meaning}
        {one.isPersonal && <span className="block text-xs text-wait">personal</span>}
      </td>
      <td className={`py-1 pr-3 ${one.confidence < threshold ? 'font-semibold text-wait' : ''}`}>{share} %</td>
      <td className="py-1 pr-3">{one.decidedBy}</td>
      <td className="py-1 pr-3 text-soft">
        {one.reasons.slice(0, 4).join(' ')}
        {one.alternatives.map((other) => (
          <span key={other.type} className="block">
            or {other.type}: {other.consequences}
          </span>
        ))}
      </td>
    </tr>
  );
}

function Differences({ differences }: { differences: Difference[] }) {
  if (differences.length === 0) return null;
  return (
    <details className="mt-1" open={differences.some((one) => one.verdict !== 'expected')}>
      <summary className="cursor-pointer">{plural(differences.length, 'difference')}</summary>
      <ul className="mt-1 flex flex-col gap-1 text-sm">
        {differences.slice(0, SHOWN_MAX).map((one, index) => (
          <li key={index}>
            <span className={one.verdict === 'expected' ? 'text-soft' : 'font-semibold text-fail'}>
              {one.verdict}
            </span>{' '}
            <code>{one.what}</code> {one.source && `${one.source} → ${one.target}`} {one.reason}
          </li>
        ))}
        {differences.length > SHOWN_MAX && <li>and {differences.length - SHOWN_MAX} more</li>}
      </ul>
    </details>
  );
}
