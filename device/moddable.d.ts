// The Moddable modules that device/main.ts and device/platform/moddable*.ts import, declared as far as they are used.
// Not `@moddable/typings`: its one version on npm, 5.6.0, lacks some of them and contradicts the
// SDK's behaviour in others (docs/decisions/0005-io-classes.md).

declare module "embedded:io/socket/tcp" {
  import type { TcpConstructor } from "./platform/ecma419.ts";

  const TCP: TcpConstructor;
  export default TCP;
}

declare module "embedded:io/socket/udp" {
  import type { UdpConstructor } from "./platform/ecma419.ts";

  const UDP: UdpConstructor;
  export default UDP;
}

declare module "embedded:io/serial" {
  import type { SerialConstructor } from "./platform/ecma419.ts";

  const Serial: SerialConstructor;
  export default Serial;
}

declare module "timer" {
  /** Opaque; int16 on Linux, where the timer that happens to get 0 never fires. */
  type Timer = object;
  const Timer: {
    set(callback: () => void, delayMs?: number): Timer;
    repeat(callback: () => void, periodMs: number): Timer;
    clear(timer: Timer | undefined): void;
  };
  export default Timer;
}

declare module "time" {
  const Time: {
    /** Signed 32-bit milliseconds since boot on ESP32, wall-clock milliseconds on Linux. */
    readonly ticks: number;
  };
  export default Time;
}

declare module "modules" {
  const Modules: {
    /** Whether the build holds the module. */
    has(name: string): boolean;
    /** Its default export, loaded where it was not yet. */
    importNow(name: string): unknown;
  };
  export default Modules;
}

declare module "net" {
  const Net: {
    resolve(host: string, found: (name: string, address: string | undefined) => void): void;
  };
  export default Net;
}

declare module "mc/config" {
  /** Deep-frozen and in ROM: copy before use; `JSON.stringify` of it throws. */
  const config: Readonly<Record<string, unknown>>;
  export default config;
}

declare module "mc/ffi" {
  /** The C functions that manifest.json lists under "ffi". */
  export default class FFI {
    /** ESP32: the hardware's random numbers; true ones once WiFi is on. */
    esp_fill_random?(into: ArrayBuffer, count: number): void;
    /** Linux: the kernel's. Returns 0 on success. */
    getentropy?(into: ArrayBuffer, count: number | bigint): number;
    /** ESP32: the board's base MAC address, from its fuses: it is there before WiFi is. Returns 0 on success. */
    esp_efuse_mac_get_default?(into: ArrayBuffer): number;
    /** ESP32: bytes that are free, and the least that were since the start. */
    esp_get_free_heap_size?(): number;
    esp_get_minimum_free_heap_size?(): number;
    /** ESP32: an `esp_reset_reason_t`. */
    esp_reset_reason?(): number;
  }
}

declare module "crypt" {
  export class Digest {
    constructor(type: "SHA256");
    write(data: ArrayBuffer): void;
    close(): ArrayBuffer;
  }

  /** The universal hash of GCM (NIST SP 800-38D 6.4), its lengths included. */
  export class GHASH {
    constructor(key: ArrayBuffer, associated: ArrayBuffer);
    write(data: ArrayBuffer): void;
    close(): ArrayBuffer;
  }

  export class BlockCipher {
    constructor(cipher: "AES", key: ArrayBuffer);
    /** One block. */
    encrypt(data: ArrayBuffer): ArrayBuffer;
  }

  export class Mode {
    constructor(mode: "CTR", cipher: BlockCipher);
    setIV(block: ArrayBuffer): void;
    encrypt(data: ArrayBuffer, into: ArrayBuffer): ArrayBuffer;
  }
}

/** XS: one line to the debugger, or to standard output on Linux. Nothing on an ESP32's release build. */
declare function trace(...items: unknown[]): void;
