// One uPlot chart: lines with their range of values behind them, gaps shaded, drag to zoom. Knows no
// framework; the page hands it columns.

import uPlot from "uplot";
import { chartColours } from "./palette.ts";
import type { Picture } from "./picture.ts";
import type { Span } from "./rows.ts";
import { timeLabels } from "./time-axis.ts";

interface PlotChannel {
  readonly name: string;
  readonly colour: string;
  /** A boolean or one of some labels: it jumps. */
  readonly isStepped: boolean;
}

export interface PlotOptions {
  readonly channels: readonly PlotChannel[];
  readonly height: number;
  readonly language: string;
  /** Where all channels are booleans: what 0 and 1 mean. */
  readonly stateLabels: readonly [string, string] | undefined;
  /** Charts with the same key show their cursors together. */
  readonly syncKey: string;
  readonly handleZoom: (fromUs: number, toUs: number) => void;
  /** Index of the row under the cursor; null where it is elsewhere. */
  readonly handleCursor: (index: number | null) => void;
}

/** Narrower gaps are widened to so many pixels, so that nobody overlooks them. */
const GAP_PIXELS_MIN = 3;

/** Of booleans: both lines stand free of the edges. */
const STATES_RANGE: [number, number] = [-0.2, 1.2];

/** A drag shorter than this is a click. */
const DRAG_PIXELS_MIN = 8;

export class Plot {
  readonly #plot: uPlot;
  #range: Span = { from: 0, to: 1 };
  #gaps: readonly Span[] = [];

  constructor(place: HTMLElement, width: number, options: PlotOptions) {
    this.#plot = new uPlot(this.#optionsFor(width, options), undefined, place);
  }

  show({ columns, range, gaps }: Picture): void {
    this.#range = range;
    this.#gaps = gaps;
    this.#plot.setData(columns as uPlot.AlignedData, true);
  }

  resize(width: number, height: number): void {
    this.#plot.setSize({ width, height });
  }

  destroy(): void {
    this.#plot.destroy();
  }

  #optionsFor(width: number, options: PlotOptions): uPlot.Options {
    const { channels, height, language, syncKey, stateLabels } = options;
    const { handleZoom, handleCursor } = options;
    const { text, grid } = chartColours();
    const font = '12px system-ui, "Segoe UI", Roboto, sans-serif';
    const axis = { stroke: text, font, grid: { stroke: grid, width: 1 }, ticks: { show: false } };
    return {
      width,
      height,
      legend: { show: false },
      padding: [10, 26, 0, 0],
      cursor: {
        sync: { key: syncKey },
        drag: { x: true, y: false, setScale: false, dist: DRAG_PIXELS_MIN },
        points: { size: 7 },
        y: false,
      },
      scales: {
        x: { time: true, range: () => [this.#range.from, this.#range.to] },
        y: {
          range: (_, min, max) =>
            stateLabels === undefined ? paddedRange(min, max) : STATES_RANGE,
        },
      },
      axes: [
        {
          ...axis,
          size: 30,
          space: 80,
          values: (_, splits, __, ___, step) => timeLabels(splits, step, language),
        },
        {
          ...axis,
          size: 58,
          ...(stateLabels === undefined
            ? { values: (_, splits) => splits.map((value) => value.toLocaleString(language)) }
            : { splits: () => [0, 1], values: () => [...stateLabels] }),
        },
      ],
      series: [{}, ...channels.flatMap(seriesFor)],
      bands: channels.map(({ colour }, index) => ({
        series: [index * 3 + 2, index * 3 + 3] as [number, number],
        fill: `${colour}30`, // the palette is in six hexadecimal digits
      })),
      hooks: {
        drawClear: [(plot) => this.#drawGaps(plot)],
        setCursor: [(plot) => handleCursor(plot.cursor.idx ?? null)],
        setSelect: [(plot) => handleSelect(plot, handleZoom)],
      },
    };
  }

  #drawGaps(plot: uPlot): void {
    const { ctx } = plot;
    const { left, top, width, height } = plot.bbox;
    const { gap, gapEdge } = chartColours();
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, top, width, height);
    ctx.clip();
    for (const { from, to } of this.#gaps) {
      const begin = plot.valToPos(from, "x", true);
      const least = GAP_PIXELS_MIN * devicePixelRatio;
      const end = Math.max(plot.valToPos(to, "x", true), begin + least);
      ctx.fillStyle = gap;
      ctx.fillRect(begin, top, end - begin, height);
      ctx.fillStyle = gapEdge;
      ctx.fillRect(begin, top, end - begin, 3 * devicePixelRatio);
    }
    ctx.restore();
  }
}

/** The mean as a line, the largest and the smallest value as the edges of a band. */
function seriesFor({ name, colour, isStepped }: PlotChannel): uPlot.Series[] {
  const paths = isStepped ? uPlot.paths.stepped!({ align: 1 }) : uPlot.paths.linear!();
  const edge: uPlot.Series = {
    show: true,
    stroke: "transparent",
    width: 0,
    points: { show: false },
    paths,
  };
  return [
    {
      label: name,
      stroke: colour,
      width: 1.75,
      paths,
      points: { show: showsPoints, size: 5, fill: colour },
    },
    { ...edge, label: `${name}, largest` },
    { ...edge, label: `${name}, smallest` },
  ];
}

/** Where there are few, one sees how far apart the readings are. */
function showsPoints(plot: uPlot, _series: number, first: number, last: number): boolean {
  return last - first < plot.bbox.width / devicePixelRatio / 16;
}

/** Room above and below; a line that does not move is in the middle. */
function paddedRange(min: number | null, max: number | null): [number, number] {
  if (min === null || max === null) return [0, 1];
  const span = max - min || Math.max(Math.abs(max) * 0.02, 1e-6);
  const middle = (min + max) / 2;
  return [middle - span * 0.58, middle + span * 0.58];
}

function handleSelect(plot: uPlot, handleZoom: PlotOptions["handleZoom"]): void {
  const { left, width } = plot.select;
  if (width < DRAG_PIXELS_MIN) return;
  const [from, to] = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  handleZoom(from * 1e6, to * 1e6);
}
