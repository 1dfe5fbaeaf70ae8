// All devices, those that need a person first.

import { useContext, useState } from "preact/hooks";
import type { DeviceDocument } from "../../http/documents.ts";
import type { DeviceListState } from "../device-list.ts";
import type { LiveConnection } from "../live-connection.ts";
import { DeviceRow } from "../parts/device-row.tsx";
import { Failure, Loading } from "../parts/states.tsx";
import { useNowUs } from "../parts/use-now.ts";
import { ordered } from "../parts/warnings.ts";
import { SpeechContext, useWords } from "../words/words.ts";

/** More than one screen of them. */
const DEVICES_TO_FIND_IN = 8;

interface OverviewProps {
  readonly state: DeviceListState;
  readonly live: LiveConnection;
  readonly retry: () => unknown;
}

export function OverviewPage({ state, live, retry }: OverviewProps) {
  const words = useWords();
  const nowUs = useNowUs();
  const [sought, setSought] = useState("");
  const { devices, error } = state;
  if (devices === undefined) {
    return error === undefined ? <Loading /> : <Failure error={error} retry={retry} />;
  }
  if (devices.size === 0) return <NoDevices />;
  const all = ordered([...devices.values()], nowUs);
  const shown = all.filter(({ name }) => name.toLowerCase().includes(sought.toLowerCase()));
  return (
    <>
      <div class="page-head">
        <h1>{words.overview}</h1>
        <Summary devices={all} />
        {all.length > DEVICES_TO_FIND_IN && (
          <input
            type="search"
            placeholder={words.find}
            aria-label={words.find}
            value={sought}
            onInput={(event) => setSought(event.currentTarget.value)}
          />
        )}
      </div>
      {shown.length === 0 && <p class="soft">{words.nothingFound(sought)}</p>}
      <ul class="devices">
        {shown.map((device) => (
          <DeviceRow key={device.name} device={device} live={live} nowUs={nowUs} />
        ))}
      </ul>
    </>
  );
}

function Summary({ devices }: { readonly devices: readonly DeviceDocument[] }) {
  const { words, language } = useContext(SpeechContext);
  const here = devices.filter(({ state }) => state === "here");
  const rate = here.reduce((sum, { readingsPerSecond }) => sum + readingsPerSecond, 0);
  const rateText = rate.toLocaleString(language, { maximumFractionDigits: rate < 10 ? 1 : 0 });
  return (
    <p class="summary">
      <span>{words.summary(here.length, devices.length - here.length)}</span>
      <span>
        <strong>{rateText}</strong> {words.perSecond}
      </span>
    </p>
  );
}

function NoDevices() {
  const words = useWords();
  return (
    <section class="empty">
      <svg viewBox="0 0 120 60" width="180" height="90" aria-hidden="true">
        <path class="empty-path" d="M6 50c22 0 16-20 38-20s16-20 38-20h26" />
        <circle class="empty-start" cx="6" cy="50" r="5" />
        <circle class="empty-end" cx="110" cy="10" r="5" />
      </svg>
      <h1>{words.noDevices}</h1>
      <p>{words.noDevicesLead}</p>
      <p>{words.tryOne}</p>
      <pre>
        <code>npx senda simulate --devices 3</code>
      </pre>
      <p>{words.flashOne}</p>
      <pre>
        <code>npm run flash -- --platform esp32/nodemcu --port /dev/ttyUSB0</code>
      </pre>
    </section>
  );
}
