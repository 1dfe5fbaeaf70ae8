// Times along a chart's axis, in this computer's zone: as short as they can be told apart, and the day where
// it begins.

const DAY_SECONDS = 86_400;

/** The labels of the splits, which are `step` seconds apart. */
export function timeLabels(splits: readonly number[], step: number, language: string): string[] {
  const format = formatFor(step, language);
  const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "short" });
  let before = "";
  return splits.map((seconds, index) => {
    const date = new Date(seconds * 1_000);
    const label = format.format(date);
    const today = day.format(date);
    const isNewDay = before !== "" && today !== before;
    before = today;
    return step < DAY_SECONDS && (isNewDay || (index === 0 && isMidnight(date))) ? today : label;
  });
}

function formatFor(step: number, language: string): Intl.DateTimeFormat {
  if (step >= DAY_SECONDS) {
    return new Intl.DateTimeFormat(language, { day: "numeric", month: "short" });
  }
  return new Intl.DateTimeFormat(language, {
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    ...(step < 60 && { second: "2-digit" }),
    ...(step < 1 && { fractionalSecondDigits: 1 as const }),
  });
}

function isMidnight(date: Date): boolean {
  return date.getHours() + date.getMinutes() + date.getSeconds() === 0;
}
