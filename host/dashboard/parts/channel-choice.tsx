// Which channels are drawn.

import type { PlacedChannel } from "../chart/groups.ts";
import { useWords } from "../words/words.ts";

interface ChannelChoiceProps {
  readonly channels: readonly PlacedChannel[];
  readonly chosen: ReadonlySet<string>;
  readonly choose: (name: string, isChosen: boolean) => void;
}

export function ChannelChoice({ channels, chosen, choose }: ChannelChoiceProps) {
  const words = useWords();
  return (
    <fieldset class="choices">
      <legend class="visually-hidden">{words.channels}</legend>
      {channels.map(({ name, index }) => (
        <label key={name} class="choice">
          <input
            type="checkbox"
            checked={chosen.has(name)}
            onChange={(event) => choose(name, event.currentTarget.checked)}
          />
          <span class={`swatch swatch-${(index % 8) + 1}`} aria-hidden="true" />
          {name}
        </label>
      ))}
    </fieldset>
  );
}
