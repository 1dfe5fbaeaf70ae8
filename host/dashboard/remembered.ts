// What a browser remembers for its user. Where it may not (private windows), nothing is remembered.

export function remembered(name: "language" | "theme"): string | undefined {
  try {
    return localStorage.getItem(`senda-${name}`) ?? undefined;
  } catch {
    return undefined;
  }
}

export function remember(name: "language" | "theme", value: string): void {
  try {
    localStorage.setItem(`senda-${name}`, value);
  } catch {
    // It is asked for again next time.
  }
}
