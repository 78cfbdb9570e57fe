import type { Json } from '../wire/events';
import { Changes } from './changes';
import { Select } from './controls';
import { Section } from './screen';

interface Props {
  /** All versions, the newest first. */
  told: { version: number; at: string; actor: string }[];
  /** The one that is looked at; none: the newest. */
  version: number | undefined;
  onChoose: (version: number | undefined) => void;
  before: Json | undefined;
  /** The newest; none: it is not known yet. */
  newest: Json | undefined;
}

/** Which versions there were, and what is different between one and the newest. */
export function Versions({ told, version, onChoose, before, newest }: Props) {
  return (
    <Section title="Versions">
      <Select
        aria-label="Version"
        className="w-auto! max-w-full self-start"
        value={version ?? ''}
        onChange={(event) => {
          const chosen = Number(event.target.value);
          onChoose(chosen > 0 ? chosen : undefined);
        }}
      >
        <option value="">the newest</option>
        {told.slice(1).map((each) => (
          <option key={each.version} value={each.version}>
            {each.version}, {new Date(each.at).toLocaleString()}, by {each.actor}
          </option>
        ))}
      </Select>
      {version !== undefined && newest !== undefined && (
        <>
          <p className="text-sm text-soft">From version {version} to the newest:</p>
          <Changes before={before} after={newest} />
        </>
      )}
    </Section>
  );
}
