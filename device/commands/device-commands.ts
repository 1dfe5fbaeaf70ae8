// Commands about the device itself: who it is, how it is, what it measures, begin anew.

import {
  type Channel,
  type ChannelValue,
  type SampleValues,
  stepsOf,
  valueOfSteps,
} from "../../shared/channel.ts";
import { RESTART_COMMAND } from "../../shared/command/body.ts";
import type { CborValue } from "../../shared/message/cbor.ts";
import type { Command } from "./command.ts";
import { FROM, pageOf } from "./page.ts";

/** The device as its commands see it. */
export interface DeviceFacts {
  identity(): Fields;
  statistics(): Fields;
  channels(): readonly Channel[];
  /** Between two samples, in the order of the channels. */
  periodsMs(): readonly number[];
  /** Takes a sample outside of the grid. */
  readNow(): SampleValues;
  /** Begins anew soon, so that the answer still leaves; undefined where the platform cannot. */
  readonly restartSoon: (() => void) | undefined;
  trace(line: string): void;
}

type Fields = Readonly<Record<string, CborValue>>;

export function deviceCommands(device: DeviceFacts): Command[] {
  return [
    {
      name: "identify",
      help: "says who it is, also on its console",
      parameters: [],
      run: (_given, reply) => {
        const identity = device.identity();
        device.trace(`here I am: ${String(identity.device)}`);
        reply.handleSuccess(mapOf(identity));
      },
    },
    {
      name: "statistics",
      help: "counts what it did since it started",
      parameters: [],
      run: (_given, reply) => reply.handleSuccess(mapOf(device.statistics())),
    },
    {
      name: "channels",
      help: "lists what is measured",
      parameters: [FROM],
      run: (given, reply) => {
        const channels = device.channels();
        const periodsMs = device.periodsMs();
        const itemAt = (index: number) => {
          const { name, kind, unit } = channels[index]!;
          return mapOf({ name, kind, unit, periodMs: periodsMs[index]! });
        };
        reply.handleSuccess(pageOf(channels.length, itemAt, given));
      },
    },
    readNow(device),
    {
      name: RESTART_COMMAND,
      help: "begins anew; what waits in memory only is lost",
      parameters: [],
      run: (_given, reply) => {
        if (device.restartSoon === undefined) {
          reply.handleFailure("failed", "this platform cannot begin anew by itself");
          return;
        }
        device.restartSoon();
        reply.handleSuccess(null);
      },
    },
  ];
}

function readNow(device: DeviceFacts): Command {
  return {
    name: "read-now",
    help: "takes a sample now, stored as any other, and shows it",
    parameters: [],
    run: (_given, reply) => {
      const channels = device.channels();
      const values = device.readNow();
      const shown = channels.map((channel, index): [string, CborValue] => {
        return [channel.name, shownValue(channel, values[index])];
      });
      reply.handleSuccess(new Map(shown));
    },
  };
}

/** As it is stored: a label by its name, a number in steps of its resolution. */
function shownValue(channel: Channel, value: ChannelValue | undefined): CborValue {
  const { kind, labels, resolution = 1 } = channel;
  if (value === undefined) return null;
  if (kind === "enumeration") return labels?.[Number(value)] ?? null;
  if (kind !== "number") return value;
  return valueOfSteps(stepsOf(Number(value), resolution), resolution);
}

function mapOf(fields: Fields): CborValue {
  return new Map(Object.entries(fields));
}
