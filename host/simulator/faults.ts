// Links that misbehave, for simulated devices: datagrams lost, doubled and overtaken, links cut. Laid
// over the IO classes of a platform, so that the firmware is none the wiser.

import type {
  Datagram,
  SerialOptions,
  TcpOptions,
  UdpOptions,
  WritableBytes,
} from "../../device/platform/ecma419.ts";
import type { Platform } from "../../device/platform/platform.ts";

export interface FaultOptions {
  /** Chances, 0 to 1, of a datagram being lost, sent twice, or overtaken by the next; each way. */
  readonly loss: number;
  readonly duplicate: number;
  readonly reorder: number;
  /** Every open link is cut so often; 0 for never. */
  readonly cutEveryMs: number;
}

export const NO_FAULTS: FaultOptions = { loss: 0, duplicate: 0, reorder: 0, cutEveryMs: 0 };

/** A cut serial line swallows everything for so long. */
const SERIAL_CUT_MS = 100;

/** A datagram that is to be overtaken goes at last after so long. */
const OVERTAKEN_MS_MAX = 20;

export class FaultyPlatform {
  readonly platform: Platform;
  readonly #cuts = new Set<() => void>();
  readonly #timer: NodeJS.Timeout | undefined;

  /** `random` gives numbers from 0 up to 1. */
  constructor(platform: Platform, options: FaultOptions, random: () => number) {
    this.platform = {
      ...platform,
      TCP: faultyTcp(platform, this.#cuts),
      UDP: faultyUdp(platform, options, random, this.#cuts),
      Serial: faultySerial(platform, this.#cuts),
    };
    if (options.cutEveryMs > 0) this.#timer = setInterval(() => this.cut(), options.cutEveryMs);
  }

  /** Cuts every link that is open now. */
  cut(): void {
    for (const cut of [...this.#cuts]) cut();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** A cut TCP connection ends with an error, in the middle of whatever was being sent. */
function faultyTcp({ TCP }: Platform, cuts: Set<() => void>) {
  return class extends TCP {
    readonly #cut: () => void;

    constructor(options: TcpOptions) {
      super(options);
      this.#cut = () => {
        this.close();
        options.onError?.call(this);
      };
      cuts.add(this.#cut);
    }

    override close(): void {
      cuts.delete(this.#cut);
      super.close();
    }
  };
}

/** A cut UDP path swallows everything from then on; nobody is told. */
function faultyUdp(
  { UDP }: Platform,
  { loss, duplicate, reorder }: FaultOptions,
  random: () => number,
  cuts: Set<() => void>,
) {
  return class extends UDP {
    #isCut = false;
    #isClosed = false;
    #overtaken: (() => void) | undefined;
    #doubled: Datagram | undefined;
    readonly #cut = () => {
      this.#isCut = true;
    };

    constructor(options: UdpOptions) {
      super(options);
      cuts.add(this.#cut);
    }

    override write(bytes: WritableBytes, address: string, port: number): void {
      if (this.#isCut || random() < loss) return;
      const copy = bytes.slice(0);
      const send = () => {
        if (!this.#isClosed) super.write(copy, address, port);
      };
      if (this.#overtaken === undefined && random() < reorder) {
        this.#overtaken = send;
        setTimeout(() => this.#sendOvertaken(), OVERTAKEN_MS_MAX);
        return;
      }
      send();
      if (random() < duplicate) send();
      this.#sendOvertaken();
    }

    override read(): Datagram | undefined {
      const doubled = this.#doubled;
      this.#doubled = undefined;
      if (doubled !== undefined) return doubled;
      let datagram = super.read();
      while (datagram !== undefined && (this.#isCut || random() < loss)) datagram = super.read();
      if (datagram !== undefined && random() < duplicate) this.#doubled = datagram;
      return datagram;
    }

    override close(): void {
      this.#isClosed = true;
      cuts.delete(this.#cut);
      super.close();
    }

    #sendOvertaken(): void {
      const send = this.#overtaken;
      this.#overtaken = undefined;
      send?.();
    }
  };
}

/** A cut serial line swallows what is written and what arrives for a moment, in the middle of frames. */
function faultySerial({ Serial }: Platform, cuts: Set<() => void>) {
  return class extends Serial {
    #cutUntilMs = 0;
    readonly #cut = () => {
      this.#cutUntilMs = performance.now() + SERIAL_CUT_MS;
    };

    constructor(options: SerialOptions) {
      super(options);
      cuts.add(this.#cut);
    }

    override write(bytes: ArrayBuffer): void {
      super.write(this.#isCut() ? new ArrayBuffer(1) : bytes);
    }

    override read(): ArrayBuffer | undefined {
      const bytes = super.read();
      return this.#isCut() ? undefined : bytes;
    }

    override close(): void {
      cuts.delete(this.#cut);
      super.close();
    }

    #isCut(): boolean {
      return performance.now() < this.#cutUntilMs;
    }
  };
}
