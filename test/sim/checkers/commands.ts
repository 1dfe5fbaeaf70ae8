// A command runs at most once, in whichever life of its device; exactly once where success was told, and
// never where it was told that it had not run.

interface Order {
  readonly device: string;
  ran: number;
  status: string | undefined;
}

/** With these, the collector says that the command never ran. */
const NEVER_RAN: ReadonlySet<string> = new Set([
  "away",
  "busy",
  "unknown-command",
  "bad-arguments",
]);

export class Commands {
  readonly #orders = new Map<string, Order>();

  handleOrdered(token: string, device: string): void {
    this.#orders.set(token, { device, ran: 0, status: undefined });
  }

  handleRan(token: string, device: string): string | undefined {
    const order = this.#orders.get(token);
    if (order?.device !== device) return `${device} ran ${token}, which was not for it`;
    order.ran++;
    return order.ran > 1 ? `${device} ran ${token} ${order.ran} times` : undefined;
  }

  handleOutcome(token: string, status: string): void {
    this.#orders.get(token)!.status = status;
  }

  checkEnd(): string | undefined {
    for (const [token, { device, ran, status = "" }] of this.#orders) {
      if (status === "success" && ran !== 1)
        return `${token} for ${device}: success, ran ${ran} times`;
      if (NEVER_RAN.has(status) && ran > 0) return `${token} for ${device}: ${status}, and it ran`;
    }
    return undefined;
  }
}
