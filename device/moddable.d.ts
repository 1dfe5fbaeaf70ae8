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

declare module "instrumentation" {
  /** Gives undefined for everything in release builds. */
  const Instrumentation: {
    map(name: string): number | undefined;
    get(index: number): number | undefined;
  };
  export default Instrumentation;
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
    /** Where the chip has a USB port of its own: device/platform/usb-serial-jtag.ts. */
    usb_serial_jtag_driver_install?(config: ArrayBuffer): number;
    usb_serial_jtag_driver_uninstall?(): number;
    usb_serial_jtag_read_bytes?(into: ArrayBuffer, bytesMax: number, waitTicks: number): number;
    usb_serial_jtag_write_bytes?(bytes: ArrayBuffer, count: number, waitTicks: number): number;
    /** Where the chip has a thermometer: device/platform/chip-thermometer.ts. */
    temperature_sensor_install?(config: ArrayBuffer, handle: ArrayBuffer): number;
    temperature_sensor_enable?(handle: number): number;
    temperature_sensor_get_celsius?(handle: number, into: ArrayBuffer): number;
    /** ESP32: which image runs, and what is to become of it (device/platform/moddable-update.ts). */
    esp_ota_get_running_partition?(): number;
    esp_ota_get_state_partition?(partition: number, state: ArrayBuffer): number;
    esp_ota_mark_app_valid_cancel_rollback?(): number;
    esp_ota_mark_app_invalid_rollback_and_reboot?(): number;
    /** ESP32: an `esp_reset_reason_t`. */
    esp_reset_reason?(): number;
    /** ESP32: does not return. */
    esp_restart?(): void;
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

/** XS: called before an abort, where the manifest defines `xs.abortHook`. `why` is "unhandled exception", "memory full" ... */
declare var abort: (why: string, error: unknown) => void;
