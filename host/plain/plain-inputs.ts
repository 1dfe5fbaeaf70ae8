// All plain inputs of a collector: opens them, tells what happens on them, stops them in order.

import { monotonicMs, utcMicros } from "../clock.ts";
import type { DeviceView } from "../collector/device-board.ts";
import type { CollectorEvent } from "../collector/events.ts";
import { formatAddress } from "../links/address.ts";
import type { Commit } from "../store/operation.ts";
import type { Store } from "../store/store.ts";
import { type PlainCounters, PlainInput } from "./plain-input.ts";
import { Recorder } from "./recorder.ts";
import { PlainSerialInput } from "./serial-input.ts";
import type { PlainSpec } from "./spec.ts";
import { PlainTcpInput } from "./tcp-input.ts";
import { PlainUdpInput } from "./udp-input.ts";

/** Of what happens on an input at most one thing in so long is told and kept: strangers must not fill the store. */
const TELL_PERIOD_MS = 1_000;

/** Between two looks for what was lost. */
const LOSSES_PERIOD_MS = 5_000;

/** Longest sentence that is told; it may quote what came. */
const TEXT_MAX = 300;

export interface PlainInputsOptions {
  readonly specs: readonly PlainSpec[];
  readonly store: Store;
  readonly handleEvent: (event: CollectorEvent) => void;
}

/** An input, where it listens, and its counts since the collector started. */
export type PlainReport = PlainCounters & { readonly where: string };

interface OpenInput {
  readonly input: PlainInput;
  readonly where: string;
  readonly port: PlainTcpInput | PlainUdpInput | PlainSerialInput;
}

export class PlainInputs {
  readonly #options: PlainInputsOptions;
  readonly #recorder: Recorder;
  readonly #open: OpenInput[] = [];
  readonly #timer: NodeJS.Timeout;
  #isStopped = false;

  private constructor(options: PlainInputsOptions) {
    this.#options = options;
    this.#recorder = new Recorder(options.store);
    this.#timer = setInterval(() => this.#tellLosses(), LOSSES_PERIOD_MS);
  }

  /** Opens every input. Rejects with a LinkError, everything closed again. */
  static async open(options: PlainInputsOptions): Promise<PlainInputs> {
    const inputs = new PlainInputs(options);
    try {
      for (const spec of options.specs) await inputs.#openInput(spec);
      return inputs;
    } catch (error) {
      inputs.close();
      throw error;
    }
  }

  /** In the order in which they were asked for. */
  reports(): PlainReport[] {
    return this.#open.map(({ input, where }) => ({ where, ...input.counters }));
  }

  views(nowMs: number): DeviceView[] {
    return this.#recorder.board.views(nowMs);
  }

  handleCommit(commit: Commit): void {
    this.#recorder.handleCommit(commit);
  }

  /** Reads no more, and hands all that came to the store. */
  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
    for (const { input } of this.#open) input.isStopped = true;
    for (const { port } of this.#open) port.pause();
    this.#recorder.flush();
  }

  /** Hands in what could not be when it stopped, and closes the ports. */
  close(): void {
    clearInterval(this.#timer);
    this.#recorder.flush();
    this.#recorder.close();
    for (const { port } of this.#open) port.close();
  }

  #tellLosses(): void {
    for (const { input } of this.#open) input.tellLosses();
  }

  async #openInput(spec: PlainSpec): Promise<void> {
    const input = new PlainInput(spec, this.#recorder, this.#teller());
    const { place } = spec;
    if (place.kind === "serial") {
      const port = await PlainSerialInput.open(input, place.address);
      this.#open.push({ input, port, where: `serial://${place.address.path}` });
      return;
    }
    const Input = place.kind === "tcp" ? PlainTcpInput : PlainUdpInput;
    const port = await Input.open(input, place.address);
    this.#open.push({ input, port, where: `${place.kind}://${formatAddress(port.address)}` });
  }

  /** Tells one thing a second; what it leaves out is in the counters. */
  #teller(): (where: string, text: string) => void {
    let toldMs = Number.NEGATIVE_INFINITY;
    return (where, text) => {
      const nowMs = monotonicMs();
      if (nowMs < toldMs + TELL_PERIOD_MS || this.#isStopped) return;
      toldMs = nowMs;
      const shortText = text.slice(0, TEXT_MAX);
      this.#options.handleEvent({ event: "plain", where, text: shortText });
      const kept = { atUs: utcMicros(), kind: "plain", text: `${where}: ${shortText}` };
      this.#options.store.putEvent(kept);
    };
  }
}
