// Events, the newest first.

import { useContext } from "preact/hooks";
import type { EventDocument } from "../../http/documents.ts";
import { momentText } from "../format.ts";
import { devicePath } from "../route.ts";
import { SpeechContext } from "../words/words.ts";

interface EventListProps {
  readonly events: readonly EventDocument[];
  readonly showsDevice?: boolean;
}

export function EventList({ events, showsDevice = false }: EventListProps) {
  const { words, language } = useContext(SpeechContext);
  if (events.length === 0) return <p class="soft">{words.noEvents}</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <ol class="events" tabIndex={0} aria-label={words.log}>
      {events.map((event, index) => (
        <li key={`${event.atUs}-${events.length - index}`} class={`event ${toneOf(event)}`}>
          <time dateTime={event.at ?? ""}>{momentText(event.atUs, language)}</time>
          {showsDevice && event.device !== null && (
            <a href={devicePath(event.device)}>{event.device}</a>
          )}
          <span>{sentenceOf(event, showsDevice)}</span>
        </li>
      ))}
    </ol>
  );
}

/** Without the mark before it, nor the name where that stands beside it. */
function sentenceOf({ text, device }: EventDocument, showsDevice: boolean): string {
  const plain = text.replace(/^[-+!] /, "");
  const isNamed = showsDevice && device !== null && plain.startsWith(`${device} `);
  return isNamed ? plain.slice(device.length + 1) : plain;
}

/** The mark before the sentence says how it is meant. */
function toneOf({ text }: EventDocument): string {
  if (text.startsWith("!")) return "event-warning";
  return text.startsWith("+") ? "event-good" : "";
}
