// A sensor that invents a room: temperature, humidity, pressure and battery as slow walks with a
// little noise, and a door. The same seed gives the same readings.

import type { Channel, ChannelValue } from "../../shared/channel.ts";
import { mulberry32 } from "./mulberry32.ts";
import type { Sensor } from "./sensor.ts";

const DOOR_TOGGLES_PER_SAMPLE = 1 / 600;

export class RandomSensor implements Sensor {
  readonly channels: readonly Channel[] = [
    { name: "temperature", kind: "number", unit: "Cel", resolution: 0.01 },
    { name: "humidity", kind: "number", unit: "%RH", resolution: 0.1 },
    { name: "pressure", kind: "integer", unit: "Pa" },
    { name: "battery", kind: "number", unit: "V", resolution: 0.001 },
    { name: "door", kind: "boolean", unit: "" },
  ];

  readonly #random: () => number;
  readonly #values: ChannelValue[];
  #temperature = 22;
  #humidity = 45;
  #pressure = 101_325;
  #battery = 4.1;
  #isDoorOpen = false;

  constructor(seed: number) {
    this.#random = mulberry32(seed);
    this.#values = this.channels.map(() => 0);
  }

  read(): readonly ChannelValue[] {
    this.#temperature += 0.003 * this.#noise() + 0.0005 * (22 - this.#temperature);
    this.#humidity += 0.01 * this.#noise() + 0.0005 * (45 - this.#humidity);
    this.#pressure += 0.15 * this.#noise();
    this.#battery = Math.max(3, this.#battery - 4e-9);
    if (this.#random() < DOOR_TOGGLES_PER_SAMPLE) this.#isDoorOpen = !this.#isDoorOpen;
    const values = this.#values;
    values[0] = this.#temperature + 0.01 * this.#noise();
    values[1] = this.#humidity + 0.05 * this.#noise();
    values[2] = Math.round(this.#pressure + 1.3 * this.#noise());
    values[3] = this.#battery + 0.002 * this.#noise();
    values[4] = this.#isDoorOpen;
    return values;
  }

  /** About normal, mean 0 and deviation 1: the sum of twelve even ones (central limit), without a logarithm. */
  #noise(): number {
    let sum = -6;
    for (let count = 0; count < 12; count++) sum += this.#random();
    return sum;
  }
}
