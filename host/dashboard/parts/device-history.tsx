// What did not come, and what happened: a device's gaps and events.

import { useContext, useEffect, useState } from "preact/hooks";
import type { DeviceDocument, EventDocument, GapDocument } from "../../http/documents.ts";
import { api } from "../api.ts";
import { countText, momentText } from "../format.ts";
import type { LiveConnection } from "../live-connection.ts";
import { SpeechContext } from "../words/words.ts";
import { EventList } from "./event-list.tsx";

interface DeviceHistoryProps {
  readonly device: DeviceDocument;
  readonly live: LiveConnection;
}

export function DeviceHistory({ device, live }: DeviceHistoryProps) {
  const { words } = useContext(SpeechContext);
  const { gaps, events } = useHistory(device, live);
  return (
    <div class="columns">
      <section class="card">
        <h2>{words.gaps}</h2>
        <p class="soft">{gaps.length === 0 ? words.noGaps : words.gapsLead}</p>
        {gaps.length > 0 && <GapTable gaps={gaps} />}
      </section>
      <section class="card">
        <h2>{words.linkHistory}</h2>
        <EventList events={events} />
      </section>
    </div>
  );
}

function GapTable({ gaps }: { readonly gaps: readonly GapDocument[] }) {
  const { words, language } = useContext(SpeechContext);
  const { columns } = words;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="table-frame" tabIndex={0} aria-label={words.gaps}>
      <table>
        <thead>
          <tr>
            <th scope="col">{columns.from}</th>
            <th scope="col">{columns.to}</th>
            <th scope="col" class="number">
              {columns.readings}
            </th>
            <th scope="col">{columns.reason}</th>
          </tr>
        </thead>
        <tbody>
          {gaps.map((gap) => (
            <tr key={`${gap.epoch} ${gap.sequence}`}>
              <td>{momentText(gap.fromUs, language) ?? words.unknown}</td>
              <td>{momentText(gap.toUs, language) ?? words.unknown}</td>
              <td class="number">{countText(gap.readings, language)}</td>
              <td>{words.reasons[gap.reason] ?? gap.reason}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Asked for anew when the device dropped something, and when events come. */
function useHistory({ name, lostReadings }: DeviceDocument, live: LiveConnection) {
  const [gaps, setGaps] = useState<readonly GapDocument[]>([]);
  const [events, setEvents] = useState<readonly EventDocument[]>([]);
  useEffect(() => {
    api.gapsOf(name).then(setGaps, () => undefined);
  }, [name, lostReadings]);
  useEffect(() => {
    const load = () => void api.eventsOf(name).then(setEvents, () => undefined);
    load();
    return live.listen({
      handleMissed: load,
      handleTick: ({ events: fresh }) => {
        if (fresh.some(({ device }) => device === name)) load();
      },
    });
  }, [name, live]);
  return { gaps, events };
}
