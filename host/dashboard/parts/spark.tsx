// A line of the last minutes, as small as a word. What it says in words stands beside it.

export interface SparkPoint {
  /** Microseconds since 1970. */
  readonly timeUs: number;
  readonly value: number;
}

const WIDTH = 96;
const HEIGHT = 28;
const EDGE = 2;

interface SparkProps {
  readonly points: readonly SparkPoint[];
  readonly fromUs: number;
  readonly toUs: number;
}

export function Spark({ points, fromUs, toUs }: SparkProps) {
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path d={pathOf(points, fromUs, toUs)} />
    </svg>
  );
}

function pathOf(points: readonly SparkPoint[], fromUs: number, toUs: number): string {
  const shown = points.filter(({ timeUs }) => timeUs >= fromUs);
  const values = shown.map(({ value }) => value);
  const min = Math.min(...values);
  const span = Math.max(...values) - min;
  const pauseUs = (toUs - fromUs) / 10;
  let beforeUs = Number.NEGATIVE_INFINITY;
  return shown
    .map(({ timeUs, value }) => {
      const x = ((timeUs - fromUs) / (toUs - fromUs)) * WIDTH;
      const height = span === 0 ? 0.5 : (value - min) / span;
      const y = HEIGHT - EDGE - height * (HEIGHT - 2 * EDGE);
      const command = timeUs - beforeUs > pauseUs ? "M" : "L";
      beforeUs = timeUs;
      return `${command}${x.toFixed(1)} ${y.toFixed(1)}`;
    })
    .join("");
}
