// One device of the overview.

import { memo } from "preact/compat";
import { useContext } from "preact/hooks";
import type { DeviceDocument, LatestDocument } from "../../http/documents.ts";
import { isPlotted } from "../chart/groups.ts";
import { agoText, countText, unitText, valueText } from "../format.ts";
import type { LiveConnection } from "../live-connection.ts";
import { devicePath } from "../route.ts";
import { SpeechContext } from "../words/words.ts";
import { Spark } from "./spark.tsx";
import { StateChip } from "./state-chip.tsx";
import { SPARK_SECONDS, useSeen, useSparks } from "./use-sparks.ts";
import { WAITING_USUAL, warningsOf } from "./warnings.ts";

/** Channels that a row shows; the device's page has all. */
const CHANNELS_SHOWN = 4;

interface DeviceRowProps {
  readonly device: DeviceDocument;
  readonly live: LiveConnection;
  /** In whole seconds, so that rows are not drawn more often than that. */
  readonly nowUs: number;
}

export const DeviceRow = memo(({ device, live, nowUs }: DeviceRowProps) => {
  const speech = useContext(SpeechContext);
  const { words } = speech;
  const { place, isSeen } = useSeen();
  const shown = shownChannels(device);
  const names = shown.map(({ channel }) => channel);
  const sparks = useSparks(device, names, isSeen, live);
  const warnings = warningsOf(device, nowUs, speech);
  return (
    <li class="device" ref={place}>
      <div class="device-who">
        <h2>
          <a href={devicePath(device.name)}>{device.name}</a>
        </h2>
        <StateChip device={device} />
        {warnings.map((text) => (
          <p key={text} class="warning">
            {text}
          </p>
        ))}
      </div>
      <ul class="values">
        {shown.map((value) => (
          <ChannelValue
            key={value.channel}
            device={device}
            value={value}
            nowUs={nowUs}
            spark={sparks.get(value.channel) ?? []}
          />
        ))}
        {shown.length === 0 && <li class="soft">{words.noValues}</li>}
      </ul>
      <Delivery device={device} seen={agoText(device.lastSeenUs, nowUs, speech)} />
    </li>
  );
});

interface ChannelValueProps {
  readonly device: DeviceDocument;
  readonly value: LatestDocument;
  readonly nowUs: number;
  readonly spark: Parameters<typeof Spark>[0]["points"];
}

function ChannelValue({ device, value, nowUs, spark }: ChannelValueProps) {
  const { language } = useContext(SpeechContext);
  const format = device.channels.find(({ name }) => name === value.channel);
  return (
    <li class="value">
      <span class="value-name">{value.channel}</span>
      <span class="value-number">
        {valueText(value.value, format, language)}
        <small> {unitText(value.unit)}</small>
      </span>
      <Spark points={spark} fromUs={nowUs - SPARK_SECONDS * 1e6} toUs={nowUs} />
    </li>
  );
}

function Delivery({ device, seen }: { readonly device: DeviceDocument; readonly seen: string }) {
  const { words, language } = useContext(SpeechContext);
  const { next, waiting, lostReadings, signal } = device;
  return (
    <dl class="delivery">
      <div>
        <dt>{words.storedUpTo}</dt>
        <dd>{next === null || next === 0 ? "–" : `#${countText(next - 1, language)}`}</dd>
      </div>
      <div class={waiting > WAITING_USUAL ? "is-warning" : ""}>
        <dt>{words.waiting}</dt>
        <dd>{countText(waiting, language)}</dd>
      </div>
      <div class={lostReadings > 0 ? "is-warning" : ""}>
        <dt>{words.lost}</dt>
        <dd>{countText(lostReadings, language)}</dd>
      </div>
      <div>
        <dt>{words.lastSeen}</dt>
        <dd>{seen}</dd>
      </div>
      {signal !== null && (
        <div>
          <dt>{words.signal}</dt>
          <dd>{`${signal.value} ${signal.unit || "dBm"}`}</dd>
        </div>
      )}
    </dl>
  );
}

function shownChannels({ latest, channels, signal }: DeviceDocument): LatestDocument[] {
  const isShown = ({ channel }: LatestDocument) => {
    const found = channels.find(({ name }) => name === channel);
    return found !== undefined && isPlotted(found) && channel !== signal?.channel;
  };
  return latest.filter(isShown).slice(0, CHANNELS_SHOWN);
}
