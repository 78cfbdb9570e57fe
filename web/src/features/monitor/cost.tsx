import { type Cost, costsAt } from '../../model/cost';
import { countText, lengthText, usdText } from '../../model/words';
import { Nothing } from '../../parts/said';
import { useFold, useMoment } from './place';

const COLUMNS: [string, (cost: Cost) => string][] = [
  ['Turns', (cost) => String(cost.turns)],
  ['Calls', (cost) => String(cost.calls)],
  ['Failures', (cost) => String(cost.failures)],
  ['Tokens in', (cost) => countText(cost.inputTokens)],
  ['Tokens out', (cost) => countText(cost.outputTokens)],
  ['Model time', (cost) => lengthText(cost.modelMs)],
  ['Cost', (cost) => usdText(cost.usd)],
];

/** What each agent has used up to the version. */
export function CostView() {
  const moment = useMoment();
  const { total, agents } = useFold(moment, (at) => costsAt(moment.log, at));
  if (agents.size === 0) return <Nothing title="No agent has worked yet" />;
  return (
    <div className="h-full overflow-auto p-4">
      <table className="nums w-full max-w-4xl text-sm">
        <caption className="sr-only">What each agent has used</caption>
        <thead>
          <tr className="border-b border-line text-left text-soft">
            <th className="py-1.5 pr-4 font-medium">Agent</th>
            {COLUMNS.map(([name]) => (
              <th key={name} className="px-2 py-1.5 text-right font-medium">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {[...agents].map(([name, cost]) => (
            <tr key={name} className="border-b border-line">
              <th scope="row" className="py-1.5 pr-4 text-left font-medium">
                {name}
              </th>
              {COLUMNS.map(([column, text]) => (
                <td key={column} className="px-2 py-1.5 text-right">
                  {text(cost)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr className="font-semibold">
            <th scope="row" className="py-1.5 pr-4 text-left">
              In all
            </th>
            {COLUMNS.map(([column, text]) => (
              <td key={column} className="px-2 py-1.5 text-right">
                {text(total)}
              </td>
            ))}
          </tr>
        </tfoot>
      </table>
      <p className="mt-3 text-xs text-soft">
        Tokens and money are what models said of their answers, without the sessions that this one
        started.
      </p>
    </div>
  );
}
