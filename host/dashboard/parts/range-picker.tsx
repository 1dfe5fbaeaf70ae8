// The time that is shown: live, or from one moment to another.

import { useState } from "preact/hooks";
import {
  type Bounds,
  fixed,
  panned,
  RANGES,
  type RangeName,
  type TimeWindow,
  zoomed,
} from "../chart/window.ts";
import { useWords } from "../words/words.ts";

interface RangePickerProps {
  readonly window: TimeWindow;
  readonly bounds: Bounds;
  readonly setWindow: (window: TimeWindow) => void;
  readonly nowUs: () => number;
}

export function RangePicker(props: RangePickerProps) {
  const { window, bounds, setWindow, nowUs } = props;
  const words = useWords();
  const isLive = window.kind === "live";
  const seconds = isLive ? window.seconds : undefined;
  const goLive = () => setWindow({ kind: "live", seconds: RANGES["5m"] });
  return (
    <section class="range" aria-label={words.range}>
      <div class="segments">
        {Object.entries(RANGES).map(([name, length]) => (
          <button
            key={name}
            type="button"
            aria-pressed={seconds === length}
            onClick={() => setWindow({ kind: "live", seconds: length })}
          >
            {words.ranges[name as RangeName]}
          </button>
        ))}
      </div>
      <div class="segments">
        <Step text={words.earlier} sign="‹" act={() => setWindow(panned(bounds, -1))} />
        <Step text={words.later} sign="›" act={() => setWindow(panned(bounds, 1))} />
        <Step text={words.zoomIn} sign="+" act={() => setWindow(zoomed(window, nowUs(), true))} />
        <Step text={words.zoomOut} sign="−" act={() => setWindow(zoomed(window, nowUs(), false))} />
      </div>
      {isLive ? (
        <span class="live-mark">
          <span class="dot" aria-hidden="true" />
          {words.live}
        </span>
      ) : (
        <button type="button" class="button button-live" onClick={goLive}>
          {words.backToLive}
        </button>
      )}
      <CustomRange key={`${isLive}`} {...props} />
    </section>
  );
}

function Step({
  text,
  sign,
  act,
}: {
  readonly text: string;
  readonly sign: string;
  readonly act: () => void;
}) {
  return (
    <button type="button" aria-label={text} title={text} onClick={act}>
      <span aria-hidden="true">{sign}</span>
    </button>
  );
}

function CustomRange({ bounds, setWindow }: RangePickerProps) {
  const words = useWords();
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const fill = () => {
    setFrom(localText(bounds.fromUs));
    setTo(localText(bounds.toUs));
  };
  const submit = (event: Event) => {
    event.preventDefault();
    const [fromUs, toUs] = [Date.parse(from) * 1_000, Date.parse(to) * 1_000];
    if (fromUs < toUs) setWindow(fixed(fromUs, toUs));
  };
  return (
    <details class="custom-range" onToggle={(event) => event.currentTarget.open && fill()}>
      <summary>{words.customRange}</summary>
      <form onSubmit={submit}>
        <label>
          {words.from}
          <input
            type="datetime-local"
            step="1"
            required
            value={from}
            max={to}
            onInput={(event) => setFrom(event.currentTarget.value)}
          />
        </label>
        <label>
          {words.to}
          <input
            type="datetime-local"
            step="1"
            required
            value={to}
            min={from}
            onInput={(event) => setTo(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="button">
          {words.show}
        </button>
      </form>
    </details>
  );
}

/** As the input wants it, in this computer's zone. */
function localText(us: number): string {
  const date = new Date(us / 1_000);
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19);
}
