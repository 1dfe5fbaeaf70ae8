// The platform on the Moddable SDK: its IO classes as they are, its quirks wrapped where they would
// reach the firmware. Nothing here runs while the module loads, for that happens before ROM is made.

import Serial from "embedded:io/serial";
import TCP from "embedded:io/socket/tcp";
import UDP from "embedded:io/socket/udp";
import Instrumentation from "instrumentation";
import FFI from "mc/ffi";
import Modules from "modules";
import Net from "net";
import Time from "time";
import Timer from "timer";
import type { Chip, Hardware } from "../sensors/driver.ts";
import { ChipThermometer, isThermometerDriver } from "./chip-thermometer.ts";
import type { CrashRecord } from "./crash-record.ts";
import type { TimerHandle, Timers } from "./ecma419.ts";
import { moddableCrypto } from "./moddable-crypto.ts";
import { openModdableFlash } from "./moddable-flash.ts";
import { openModdableStorage } from "./moddable-storage.ts";
import { createModdableUpdate } from "./moddable-update.ts";
import type { Platform } from "./platform.ts";
import { isUsbSerialDriver, usbSerialOn } from "./usb-serial-jtag.ts";
import { type WifiConstructor, WifiKeeper, type WifiNetwork } from "./wifi-keeper.ts";

const WIFI_MODULE = "embedded:network/interface/wifi";

/** esp_reset_reason_t of ESP-IDF 6.0, components/esp_system/include/esp_system.h. */
const RESET_REASONS = [
  "unknown",
  "power-on",
  "external",
  "software",
  "panic",
  "interrupt-watchdog",
  "task-watchdog",
  "watchdog",
  "deep-sleep",
  "brownout",
];

/** Debug and instrumented builds of the SDK keep this UART for the debugger; they alone have instruments. */
const DEBUGGER_PORT = 0;

export function createModdablePlatform(): Platform {
  const native = new FFI();
  const canRestart = native.esp_restart !== undefined;
  const timers = createTimers();
  const say = (line: string) => trace(`${line}\n`);
  return {
    TCP,
    UDP,
    Serial,
    UsbSerial: isUsbSerialDriver(native) ? usbSerialOn(native, timers) : undefined,
    debuggerPort: readInstrument("XS Stack Used") === undefined ? undefined : DEBUGGER_PORT,
    timers,
    ticks: () => Time.ticks,
    resolve: (host, found) => Net.resolve(host, (_name, address) => found(address)),
    openFlash: openModdableFlash,
    openStorage: () => openModdableStorage(say),
    update: createModdableUpdate(native),
    randomBytes: (count) => fillRandom(native, count),
    crypto: moddableCrypto,
    trace: say,
    resetReason: () => RESET_REASONS[native.esp_reset_reason?.() ?? 0] ?? "unknown",
    ...(canRestart ? { restart: () => native.esp_restart?.() } : {}),
  };
}

/**
 * Has the engine's last words recorded: it calls `abort` before it restarts the machine for an exception or a
 * rejection that nobody handles. Not for a full stack; where memory is full there may be none left to
 * record it with.
 */
export function recordAborts(record: CrashRecord): void {
  globalThis.abort = (why, error) =>
    record.handleCrash(error ?? why, why.replace("unhandled ", ""));
}

/** The end of the board's own hardware address, to tell boards apart; undefined where there is none. */
export function hardwareId(): string | undefined {
  const native = new FFI();
  const address = new ArrayBuffer(6);
  if (native.esp_efuse_mac_get_default?.(address) !== 0) return undefined;
  const end = new Uint8Array(address, 3);
  return Array.from(end, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Has the board join the network and stay in it; undefined on a platform without WiFi of its own. */
export function keepWifi(platform: Platform, network: WifiNetwork): WifiKeeper | undefined {
  const WiFi = network.ssid === "" ? undefined : loadModule(WIFI_MODULE);
  if (WiFi === undefined) return undefined;
  const { timers, trace: say } = platform;
  return new WifiKeeper({ WiFi: WiFi as WifiConstructor, timers, network, trace: say });
}

/** What sensors are made of. */
export function createModdableHardware(wifi: WifiKeeper | undefined): Hardware {
  const native = new FFI();
  const thermometer = isThermometerDriver(native) ? new ChipThermometer(native) : undefined;
  const chip: Chip = {
    freeHeapBytes: () => native.esp_get_free_heap_size?.(),
    freeHeapBytesMin: () => native.esp_get_minimum_free_heap_size?.(),
    chunkHeapBytes: () => readInstrument("XS Chunk Heap Used"),
    slotHeapBytes: () => readInstrument("XS Slot Heap Used"),
    rssiDbm: () => wifi?.rssi,
    wifiState: () => wifi?.state,
    celsius: () => thermometer?.read(),
  };
  return { chip, load: loadModule };
}

/** Undefined in release builds, which have no instruments. */
function readInstrument(name: string): number | undefined {
  const index = Instrumentation.map(name);
  return index === undefined ? undefined : Instrumentation.get(index);
}

/** Asked for at run time: what is preloaded may name nothing that is missing on some platform. */
function loadModule(name: string): unknown {
  return Modules.has(name) ? Modules.importNow(name) : undefined;
}

/**
 * One-shot timers made of repeating ones, which clear themselves: on Linux a chain of real one-shots
 * dies after 65,531 (SDK 8.2.3, build/simulator: the timer that gets id 0 never fires).
 */
function createTimers(): Timers {
  return {
    set(callback, delayMs) {
      const timer = Timer.repeat(
        () => {
          Timer.clear(timer);
          callback();
        },
        Math.max(1, Math.ceil(delayMs)),
      );
      return timer;
    },
    repeat: (callback, periodMs) => Timer.repeat(callback, periodMs),
    clear: (timer: TimerHandle | undefined) => Timer.clear(timer as object | undefined),
  };
}

function fillRandom(native: FFI, count: number): Uint8Array {
  const buffer = new ArrayBuffer(count);
  if (native.esp_fill_random !== undefined) native.esp_fill_random(buffer, count);
  else if (native.getentropy?.(buffer, BigInt(count)) !== 0) throw new Error("no random numbers");
  return new Uint8Array(buffer);
}
