// Colours that a chart takes from the style sheet, so that it follows the theme.

export interface ChartColours {
  readonly text: string;
  readonly grid: string;
  readonly gap: string;
  readonly gapEdge: string;
}

/** Series colours there are (styles/theme.css). */
const COLOURS = 8;

/** The same channel has the same colour on the whole page. */
export function seriesVariable(index: number): string {
  return `--series-${(index % COLOURS) + 1}`;
}

export function colourOf(variable: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(variable).trim();
}

export function chartColours(): ChartColours {
  return {
    text: colourOf("--text-soft"),
    grid: colourOf("--line"),
    gap: colourOf("--gap"),
    gapEdge: colourOf("--gap-edge"),
  };
}
