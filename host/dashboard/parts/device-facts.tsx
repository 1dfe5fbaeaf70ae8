// Who a device is and how its delivery stands.

import { useContext } from "preact/hooks";
import type { DeviceDocument } from "../../http/documents.ts";
import { agoText, countText } from "../format.ts";
import { SpeechContext } from "../words/words.ts";
import { StateChip } from "./state-chip.tsx";
import { useNowUs } from "./use-now.ts";
import { warningsOf } from "./warnings.ts";

export function DeviceFacts({ device }: { readonly device: DeviceDocument }) {
  const speech = useContext(SpeechContext);
  const { words, language } = speech;
  const nowUs = useNowUs();
  const warnings = warningsOf(device, nowUs, speech);
  return (
    <>
      <div class="page-head">
        <h1>{device.name}</h1>
        <StateChip device={device} />
        {warnings.map((text) => (
          <p key={text} class="warning">
            {text}
          </p>
        ))}
      </div>
      <dl class="facts">
        {factsOf(device, speech, nowUs).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        {device.signal !== null && (
          <div>
            <dt>{words.signal}</dt>
            <dd>
              {device.signal.value.toLocaleString(language)} {device.signal.unit || "dBm"}
            </dd>
          </div>
        )}
      </dl>
    </>
  );
}

function factsOf(
  device: DeviceDocument,
  speech: Parameters<typeof agoText>[2],
  nowUs: number,
): [string, string][] {
  const { words, language } = speech;
  const { next, waiting, readings, lostReadings, lastSeenUs, lastLink, firmware, reset } = device;
  const rate = device.readingsPerSecond.toLocaleString(language, { maximumSignificantDigits: 3 });
  return [
    [words.storedUpTo, next === null || next === 0 ? "–" : `#${countText(next - 1, language)}`],
    [words.waiting, countText(waiting, language)],
    [words.lost, countText(lostReadings, language)],
    [words.readings, countText(readings, language)],
    [words.perSecond, rate],
    [words.lastSeen, agoText(lastSeenUs, nowUs, speech)],
    [words.link, lastLink === null ? "–" : (words.links[lastLink] ?? lastLink)],
    [words.firmware, firmware],
    [words.lastStart, reset ?? "–"],
  ];
}
