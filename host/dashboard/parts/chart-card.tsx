// A chart with its names and values: those under the cursor, else the last ones.

import { useContext, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { DeviceDocument } from "../../http/documents.ts";
import type { PlacedChannel } from "../chart/groups.ts";
import { colourOf, seriesVariable } from "../chart/palette.ts";
import { type Picture, pictureOf, sizeOf, surenessUsAt } from "../chart/picture.ts";
import { Plot } from "../chart/plot.ts";
import type { ShownSeries } from "../chart/use-series.ts";
import type { TimeWindow } from "../chart/window.ts";
import { countText, momentText, uncertaintyText, unitText, valueText } from "../format.ts";
import { SpeechContext } from "../words/words.ts";

interface ChartCardProps {
  readonly channels: readonly PlacedChannel[];
  readonly device: DeviceDocument;
  readonly shown: ShownSeries;
  readonly window: TimeWindow;
  readonly width: number;
  readonly handleZoom: (fromUs: number, toUs: number) => void;
}

/** Low enough that three fit a screen. */
const HEIGHT = 190;
const HEIGHT_OF_STATES = 120;

/** Edges and padding of the card around the chart. */
const FRAME = 34;

export function ChartCard(props: ChartCardProps) {
  const { channels, device, shown, window } = props;
  const { words } = useContext(SpeechContext);
  const [cursor, setCursor] = useState<number | null>(null);
  const { series, version } = shown;
  const picture = useMemo(() => pictureOf(channels, shown, window), [series, version, window]);
  const place = usePlot(props, picture, setCursor);
  const names = channels.map(({ name }) => name).join(", ");
  const [times, ...lines] = picture.columns;
  const timeUs = cursor === null ? undefined : (times[cursor] ?? 0) * 1e6;
  const hasData = times.length > 0 || series === undefined;
  return (
    <section class="card chart-card">
      <Legend
        channels={channels}
        valueAt={(place, name) => {
          if (cursor !== null) return lines[place * 3]?.[cursor] ?? undefined;
          const isLive = window.kind === "live";
          return isLive
            ? numberOf(device.latest.find(({ channel }) => channel === name)?.value)
            : undefined;
        }}
        timeUs={timeUs}
        surenessUs={
          timeUs === undefined || series === undefined ? undefined : surenessUsAt(series, timeUs)
        }
        dropped={timeUs === undefined ? 0 : droppedAt(shown, timeUs)}
      />
      <div
        class="chart"
        data-chart=""
        role="application"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: keys move it through time
        tabIndex={0}
        aria-label={words.chartOf(names)}
        ref={place}
      />
      <p class="visually-hidden" data-summary="">
        {words.chartSummary(...sizeOf(picture))}
      </p>
      {!hasData && <p class="chart-empty">{words.noData}</p>}
    </section>
  );
}

interface LegendProps {
  readonly channels: readonly PlacedChannel[];
  readonly valueAt: (index: number, name: string) => number | undefined;
  readonly timeUs: number | undefined;
  readonly surenessUs: number | undefined;
  readonly dropped: number;
}

function Legend({ channels, valueAt, timeUs, surenessUs, dropped }: LegendProps) {
  const { words, language } = useContext(SpeechContext);
  const legendText = (value: number | undefined, channel: PlacedChannel) => {
    const isState = channel.kind === "boolean" && (value === 0 || value === 1);
    if (isState) return value === 1 ? words.yes : words.no;
    return valueText(value, channel, language);
  };
  return (
    <ul class="legend">
      {channels.map((channel, index) => (
        <li key={channel.name}>
          <span class={`swatch swatch-${(channel.index % 8) + 1}`} aria-hidden="true" />
          <span class="legend-name">{channel.name}</span>
          <span class="legend-value">
            {legendText(valueAt(index, channel.name), channel)}{" "}
            <small>{unitText(channel.unit)}</small>
          </span>
        </li>
      ))}
      {dropped > 0 && <li class="legend-gap">{words.gapOf(countText(dropped, language))}</li>}
      {timeUs !== undefined && (
        <li class="legend-time">
          {momentText(timeUs, language, true)}
          {surenessUs !== undefined && ` ± ${uncertaintyText(surenessUs, language)}`}
        </li>
      )}
    </ul>
  );
}

/** Makes the plot, and hands it what is new. */
function usePlot(
  { channels, width, handleZoom }: ChartCardProps,
  picture: Picture,
  setCursor: (index: number | null) => void,
) {
  const { language, words } = useContext(SpeechContext);
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | undefined>(undefined);
  const zoom = useRef(handleZoom);
  zoom.current = handleZoom;
  const theme = useTheme();
  const isStates = channels.every(({ kind }) => kind === "boolean");
  const height = isStates ? HEIGHT_OF_STATES : HEIGHT;

  useEffect(() => {
    const made = new Plot(place.current!, width - FRAME, {
      channels: channels.map(({ name, index, kind }) => {
        const colour = colourOf(seriesVariable(index));
        return { name, colour, isStepped: kind === "boolean" };
      }),
      height,
      language,
      stateLabels: isStates ? [words.no, words.yes] : undefined,
      syncKey: "device",
      handleZoom: (fromUs, toUs) => zoom.current(fromUs, toUs),
      handleCursor: setCursor,
    });
    plot.current = made;
    return () => made.destroy();
  }, [theme, language]);

  useEffect(() => plot.current?.resize(width - FRAME, height), [width, theme, language]);

  useEffect(() => plot.current?.show(picture), [picture, theme, language]);
  return place;
}

/** Changes with the theme, whether chosen here or by the system. */
function useTheme(): number {
  const [count, setCount] = useState(0);
  useEffect(() => {
    const update = () => setCount((before) => before + 1);
    const system = matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", update);
    addEventListener("themechange", update);
    return () => {
      system.removeEventListener("change", update);
      removeEventListener("themechange", update);
    };
  }, []);
  return count;
}

function droppedAt({ series }: ShownSeries, timeUs: number): number {
  const gap = series?.gaps.find(({ fromUs, toUs }) => fromUs <= timeUs && timeUs <= toUs);
  return gap?.readings ?? 0;
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === "boolean") return Number(value);
  return typeof value === "number" ? value : undefined;
}
