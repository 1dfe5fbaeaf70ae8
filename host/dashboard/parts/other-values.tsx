// The last values of channels that no chart can show: texts, labels, structures.

import { useContext } from "preact/hooks";
import type { DeviceDocument } from "../../http/documents.ts";
import { isPlotted } from "../chart/groups.ts";
import { valueText } from "../format.ts";
import { SpeechContext } from "../words/words.ts";

export function OtherValues({ device }: { readonly device: DeviceDocument }) {
  const { words, language } = useContext(SpeechContext);
  const others = device.channels.filter((channel) => !isPlotted(channel));
  if (others.length === 0) return null;
  return (
    <section class="card">
      <h2>{words.others}</h2>
      <dl class="facts facts-in-card">
        {others.map((channel) => {
          const found = device.latest.find((value) => value.channel === channel.name);
          return (
            <div key={channel.name}>
              <dt>{channel.name}</dt>
              <dd>{valueText(found?.value, channel, language)}</dd>
            </div>
          );
        })}
      </dl>
    </section>
  );
}
