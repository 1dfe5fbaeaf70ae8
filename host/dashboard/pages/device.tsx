// One device: what it measures, live and in the past, and how it fares.

import { useContext, useEffect, useMemo, useState } from "preact/hooks";
import type { DeviceDocument } from "../../http/documents.ts";
import { groupsOf, isPlotted, type PlacedChannel } from "../chart/groups.ts";
import { useSeries } from "../chart/use-series.ts";
import { boundsOf, fixed, panned, type TimeWindow, zoomed } from "../chart/window.ts";
import type { DeviceListState } from "../device-list.ts";
import { uncertaintyText } from "../format.ts";
import type { LiveConnection } from "../live-connection.ts";
import { ChannelChoice } from "../parts/channel-choice.tsx";
import { ChartCard } from "../parts/chart-card.tsx";
import { DeviceFacts } from "../parts/device-facts.tsx";
import { DeviceHistory } from "../parts/device-history.tsx";
import { Downloads } from "../parts/downloads.tsx";
import { OtherValues } from "../parts/other-values.tsx";
import { RangePicker } from "../parts/range-picker.tsx";
import { Failure, Loading } from "../parts/states.tsx";
import { useWidth } from "../parts/use-width.ts";
import { SpeechContext, useWords } from "../words/words.ts";

interface DevicePageProps {
  readonly name: string;
  readonly state: DeviceListState;
  readonly live: LiveConnection;
  readonly retry: () => unknown;
}

const FIRST_WINDOW: TimeWindow = { kind: "live", seconds: 300 };

/** Charts that are drawn unasked; a device with more channels has the rest to choose. */
const CHANNELS_SHOWN_FIRST = 8;

export function DevicePage({ name, state, live, retry }: DevicePageProps) {
  const words = useWords();
  const { devices, error } = state;
  const device = devices?.get(name);
  if (device !== undefined) return <Device device={device} live={live} />;
  if (error !== undefined) return <Failure error={error} retry={retry} />;
  if (devices === undefined) return <Loading />;
  return (
    <div class="empty">
      <h1>{words.noDevice(name)}</h1>
      <p>
        <a href="/">{words.toOverview}</a>
      </p>
    </div>
  );
}

function Device({
  device,
  live,
}: {
  readonly device: DeviceDocument;
  readonly live: LiveConnection;
}) {
  const words = useWords();
  const [window, setWindow] = useState(FIRST_WINDOW);
  const { place, width } = useWidth();
  const shown = useSeries(device, window, width, live);
  const { channels, chosen, choose } = useChannels(device);
  const { nowUs, series, error, isLoading } = shown;
  const bounds = boundsOf(window, nowUs());
  useKeys(window, setWindow, nowUs);
  return (
    <>
      <DeviceFacts device={device} />
      <RangePicker window={window} bounds={bounds} setWindow={setWindow} nowUs={nowUs} />
      <ChannelChoice channels={channels} chosen={chosen} choose={choose} />
      <div class={`charts ${isLoading ? "is-loading" : ""}`} ref={place} aria-busy={isLoading}>
        {error !== undefined && <p class="note note-bad">{error.message}</p>}
        {groupsOf(channels.filter((channel) => chosen.has(channel.name))).map((group) => (
          <ChartCard
            key={group.map((channel) => channel.name).join("\n")}
            channels={group}
            device={device}
            shown={shown}
            window={window}
            width={width}
            handleZoom={(fromUs, toUs) => setWindow(fixed(fromUs, toUs))}
          />
        ))}
      </div>
      <p class="chart-notes">
        <span>{words.chartHint}</span>
        <Sureness series={series} />
        <Downloads device={device.name} channels={[...chosen]} bounds={bounds} />
      </p>
      <OtherValues device={device} />
      <DeviceHistory device={device} live={live} />
    </>
  );
}

/** How far the times may be off, where somebody knows. */
function Sureness({ series }: { readonly series: ReturnType<typeof useSeries>["series"] }) {
  const { words, language } = useContext(SpeechContext);
  const worstUs = Math.max(-1, ...(series?.uncertaintyUs ?? []).map((us) => us ?? -1));
  if (worstUs < 0) return null;
  return <span>{words.timesSure(uncertaintyText(worstUs, language))}</span>;
}

function useChannels(device: DeviceDocument) {
  const names = device.channels.map(({ name }) => name).join("\n");
  const channels = useMemo(() => {
    const placed = device.channels.map((channel, index): PlacedChannel => ({ ...channel, index }));
    return placed.filter(isPlotted);
  }, [names]);
  const [dropped, setDropped] = useState<ReadonlySet<string>>(
    () => new Set(channels.slice(CHANNELS_SHOWN_FIRST).map(({ name }) => name)),
  );
  const chosen = useMemo(
    () => new Set(channels.map(({ name }) => name).filter((name) => !dropped.has(name))),
    [channels, dropped],
  );
  const choose = (name: string, isChosen: boolean) => {
    const next = new Set(dropped);
    if (isChosen) next.delete(name);
    else next.add(name);
    setDropped(next);
  };
  return { channels, chosen, choose };
}

/** Arrow keys, plus, minus and Home on whichever chart has the focus. */
function useKeys(
  window: TimeWindow,
  setWindow: (window: TimeWindow) => void,
  nowUs: () => number,
): void {
  useEffect(() => {
    const handleKey = (event: KeyboardEvent) => {
      if ((event.target as Element).closest("[data-chart]") === null) return;
      const bounds = boundsOf(window, nowUs());
      const next: Record<string, () => TimeWindow> = {
        ArrowLeft: () => panned(bounds, -1),
        ArrowRight: () => panned(bounds, 1),
        "+": () => zoomed(window, nowUs(), true),
        "-": () => zoomed(window, nowUs(), false),
        Home: () => FIRST_WINDOW,
      };
      const change = next[event.key];
      if (change === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      setWindow(change());
    };
    addEventListener("keydown", handleKey);
    return () => removeEventListener("keydown", handleKey);
  }, [window, setWindow, nowUs]);
}
