// All devices as the page knows them: asked for once, then kept up to date by the live stream, and asked
// for again when something was missed or a device is new. Objects are replaced, never changed, so what
// shows them can tell by identity what is new.

import { useEffect, useState } from "preact/hooks";
import type {
  DeviceDocument,
  DeviceStateDocument,
  LatestDocument,
  LiveValuesDocument,
  TickDocument,
} from "../http/documents.ts";
import { api } from "./api.ts";
import type { LiveConnection } from "./live-connection.ts";

/** Sums that no tick brings (readings stored, dropped) are asked for so often. */
const REFRESH_MS = 10_000;

export interface DeviceListState {
  /** By name; undefined before the first answer. */
  readonly devices: ReadonlyMap<string, DeviceDocument> | undefined;
  readonly error: Error | undefined;
}

export class DeviceList {
  state: DeviceListState = { devices: undefined, error: undefined };
  readonly #listeners = new Set<() => void>();
  #isAsking = false;
  #isAskedAgain = false;

  constructor(live: LiveConnection) {
    live.listen({
      handleTick: (tick) => this.#handleTick(tick),
      handleMissed: () => void this.refresh(),
      handleState: (state) => state === "open" && void this.refresh(),
    });
    setInterval(() => document.visibilityState === "visible" && void this.refresh(), REFRESH_MS);
    void this.refresh();
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async refresh(): Promise<void> {
    if (this.#isAsking) {
      this.#isAskedAgain = true;
      return;
    }
    this.#isAsking = true;
    try {
      const list = await api.devices();
      this.#set({
        devices: new Map(list.map((device) => [device.name, this.#newer(device)])),
        error: undefined,
      });
    } catch (error) {
      this.#set({ ...this.state, error: error as Error });
    } finally {
      this.#isAsking = false;
      if (this.#isAskedAgain) {
        this.#isAskedAgain = false;
        void this.refresh();
      }
    }
  }

  /** The store's table of latest values trails the stream by a second: what the stream said stays. */
  #newer(device: DeviceDocument): DeviceDocument {
    const known = this.state.devices?.get(device.name);
    if (known === undefined) return device;
    const latest = device.latest.map((value) => {
      const before = known.latest.find(({ channel }) => channel === value.channel);
      return before !== undefined && (before.timeUs ?? 0) > (value.timeUs ?? 0) ? before : value;
    });
    return { ...device, latest };
  }

  #handleTick({ values, states }: TickDocument): void {
    const { devices } = this.state;
    if (devices === undefined || values.length + states.length === 0) return;
    const next = new Map(devices);
    for (const state of states)
      this.#update(next, state.name, (device) => withState(device, state));
    for (const found of values) {
      this.#update(next, found.device, (device) => withValues(device, found));
    }
    this.#set({ ...this.state, devices: next });
  }

  #update(
    devices: Map<string, DeviceDocument>,
    name: string,
    change: (device: DeviceDocument) => DeviceDocument,
  ): void {
    const device = devices.get(name);
    if (device !== undefined) devices.set(name, change(device));
    else void this.refresh(); // it is new
  }

  #set(state: DeviceListState): void {
    this.state = state;
    for (const listener of this.#listeners) listener();
  }
}

/** The list as it is, and from then on. */
export function useDevices(list: DeviceList): DeviceListState {
  const [state, setState] = useState(list.state);
  useEffect(() => {
    setState(list.state);
    return list.listen(() => setState(list.state));
  }, [list]);
  return state;
}

function withState(device: DeviceDocument, state: DeviceStateDocument): DeviceDocument {
  const lastLink = state.links[0] ?? device.lastLink;
  return { ...device, ...state, lastLink };
}

function withValues(device: DeviceDocument, found: LiveValuesDocument): DeviceDocument {
  const latest = device.latest.map((known) => newest(known, found));
  const isAll = Object.keys(found.channels).every((name) =>
    latest.some(({ channel }) => channel === name),
  );
  const added = isAll ? [] : addedChannels(device, found);
  const lastSeenUs = Math.max(device.lastSeenUs, ...latest.map(({ timeUs }) => timeUs ?? 0));
  return { ...device, latest: [...latest, ...added], lastSeenUs };
}

function newest(known: LatestDocument, { channels, uncertaintyUs }: LiveValuesDocument) {
  const found = channels[known.channel];
  if (found === undefined || found.values.length === 0) return known;
  const timeUs = found.timesUs.at(-1) ?? null;
  if (timeUs !== null && known.timeUs !== null && timeUs < known.timeUs) return known;
  return { ...known, value: found.values.at(-1)!, timeUs, uncertaintyUs };
}

function addedChannels(device: DeviceDocument, found: LiveValuesDocument): LatestDocument[] {
  return device.channels
    .filter(({ name }) => found.channels[name] !== undefined)
    .filter(({ name }) => !device.latest.some(({ channel }) => channel === name))
    .map(({ name: channel, unit }) => {
      const none = { channel, unit, value: null, time: null, timeUs: null };
      return newest({ ...none, uncertaintyUs: null, uptimeMs: 0 }, found);
    });
}
