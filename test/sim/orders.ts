// Somebody who has devices do things: now and then a command that changes a setting to a value of its own,
// by which it is known again where it ran.

import type { Commands } from "./checkers/commands.ts";
import type { SimulatedDevice } from "./device.ts";
import type { Scene } from "./scene.ts";

/** From one command to the next. */
const PAUSE_MS_MEAN = 1_500;

/** For how long an answer is waited for, and a device that is away: short ones are as frequent as long ones. */
const WITHIN_MS = [200, 20_000] as const;
const AWAY_MS_MAX = 20_000;

/** Takes any text, and holds at the next start only: nothing else changes by it. */
const SETTING = "wifi.ssid";
const TOKEN = /order-\d+/;

export class Orders {
  readonly #scene: Scene;
  readonly #devices: readonly SimulatedDevice[];
  readonly #checker: Commands;
  #count = 0;

  constructor(scene: Scene, devices: readonly SimulatedDevice[], checker: Commands) {
    this.#scene = scene;
    this.#devices = devices;
    this.#checker = checker;
    this.#later();
  }

  /** The order that stands in the settings that a device keeps; undefined where none does. */
  static tokenIn(text: string): string | undefined {
    return TOKEN.exec(text)?.[0];
  }

  #later(): void {
    const { clock, chance, conditions } = this.#scene;
    clock.after(chance.exponential(PAUSE_MS_MEAN), () => {
      if (conditions.isCalm) return;
      this.#order();
      this.#later();
    });
  }

  #order(): void {
    const { chance, station, story } = this.#scene;
    const device = chance.pick(this.#devices).plan.name;
    const [min, max] = WITHIN_MS;
    const withinMs = Math.floor(min * (max / min) ** chance.next());
    const awayMsMax = chance.is(0.5) ? 0 : chance.integer(1, AWAY_MS_MAX);
    const { hub } = station;
    if (hub === undefined) return;
    const token = `order-${++this.#count}`;
    story.tell("somebody", `${token} for ${device}, within ${withinMs} ms`);
    const errand = { name: "set", arguments: { [SETTING]: token }, withinMs, awayMsMax };
    this.#checker.handleOrdered(token, device);
    void hub.collector.run(device, errand).then(({ status }) => {
      this.#checker.handleOutcome(token, status);
    });
  }
}
