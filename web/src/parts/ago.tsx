import { agoText } from '../model/words';
import { useNow } from './clock';

/** How long ago a moment is; the moment itself on hovering. */
export function Ago({ at }: { at: string | number }) {
  const ms = typeof at === 'number' ? at : Date.parse(at);
  const moment = new Date(ms);
  return (
    <time dateTime={moment.toISOString()} title={moment.toLocaleString()} className="nums">
      {agoText(ms, useNow())}
    </time>
  );
}
