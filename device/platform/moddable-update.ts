// Updates on an ESP32 by Moddable's classes, its digest and elliptic curves, and ESP-IDF's boot control
// (FFI). The slot and the boot control are UNTESTED ON HARDWARE, written against SDK 8.2.3
// (modules/io/update/esp32, modules/io/flash/esp32) and ESP-IDF 6.0 (components/app_update). The
// signatures run on XS in test/firmware.

import Modules from "modules";
import type {
  BootControl,
  Sha256,
  UpdateCrypto,
  UpdateMachine,
  UpdateSlot,
} from "../update/machine.ts";

interface FlashPartition {
  status(): { readonly size: number };
}

interface FlashOpener {
  open(options: { readonly path: string }): FlashPartition;
}

interface Update {
  write(bytes: Uint8Array): void;
  /** Ends the writing and makes the image the next to start. */
  complete(): void;
  /** Before `complete`: drops what was written. */
  close(): void;
}

interface UpdateOpener {
  open(options: { readonly partition: FlashPartition }): Update;
}

interface Crypt {
  readonly Digest: new (
    type: "SHA256",
  ) => {
    write(bytes: ArrayBuffer | Uint8Array): void;
    close(): ArrayBuffer;
  };
}

type CurveConstructor = new (name: "secp256r1") => { readonly n: bigint };
type PointClass = { fromOctetString(bytes: Uint8Array): object };
type EcdsaConstructor = new (
  key: object,
  curve: object,
) => { verify(hash: ArrayBuffer, signature: ArrayBuffer): boolean };

/** ESP-IDF's functions of components/app_update; partitions are addresses. */
export interface BootDriver {
  esp_ota_get_running_partition(): number;
  /** Fills in an esp_ota_img_states_t; returns 0 on success. */
  esp_ota_get_state_partition(partition: number, state: ArrayBuffer): number;
  esp_ota_mark_app_valid_cancel_rollback(): number;
  esp_ota_mark_app_invalid_rollback_and_reboot(): number;
}

const FLASH_MODULE = "embedded:storage/flash";
const UPDATE_MODULE = "embedded:update";
const NEXT_SLOT = "nextota";
/** ESP_OTA_IMG_PENDING_VERIFY. */
const ON_TRIAL = 1;
const SCALAR_BYTES = 32;

/** What updates need, on a build that has it; undefined on others. */
export function createModdableUpdate(native: Partial<BootDriver>): UpdateMachine | undefined {
  if (!isBootDriver(native) || !Modules.has(UPDATE_MODULE)) return undefined;
  return { crypto: moddableCrypto(), boot: new EspBoot(native), openSlot };
}

function isBootDriver(native: Partial<BootDriver>): native is BootDriver {
  return native.esp_ota_get_running_partition !== undefined;
}

/** SHA-256 and signatures by the SDK's modules, which are loaded at the first use. */
export function moddableCrypto(): UpdateCrypto {
  return { createSha256, verify };
}

function createSha256(): Sha256 {
  const { Digest } = Modules.importNow("crypt") as Crypt;
  const digest = new Digest("SHA256");
  return {
    update: (bytes) => digest.write(bytes),
    digest: () => new Uint8Array(digest.close()),
  };
}

function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const Curve = Modules.importNow("curve") as CurveConstructor;
  const Point = Modules.importNow("ecp") as PointClass;
  const Ecdsa = Modules.importNow("ecdsa") as EcdsaConstructor;
  const curve = new Curve("secp256r1");
  // FIPS 186-5 6.4.2, step 1. The SDK's class leaves it out, and never returns where s is 0.
  for (const start of [0, SCALAR_BYTES]) {
    const scalar = scalarOf(signature.subarray(start, start + SCALAR_BYTES));
    if (scalar === 0n || scalar >= curve.n) return false;
  }
  const hash = createSha256();
  hash.update(message);
  const key = Point.fromOctetString(publicKey);
  const digest = hash.digest().buffer as ArrayBuffer;
  return new Ecdsa(key, curve).verify(digest, signature.slice().buffer);
}

function scalarOf(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
}

function openSlot(): UpdateSlot | undefined {
  try {
    const flash = Modules.importNow(FLASH_MODULE) as FlashOpener;
    return new EspSlot(flash.open({ path: NEXT_SLOT }));
  } catch {
    return undefined; // the flash is not divided in two
  }
}

class EspSlot implements UpdateSlot {
  readonly bytesMax: number;
  readonly #partition: FlashPartition;
  #update: Update | undefined;

  constructor(partition: FlashPartition) {
    this.#partition = partition;
    this.bytesMax = partition.status().size;
  }

  /** Each sector is erased when the first byte for it comes. */
  begin(): void {
    const opener = Modules.importNow(UPDATE_MODULE) as UpdateOpener;
    this.#update = opener.open({ partition: this.#partition });
  }

  write(_offset: number, bytes: Uint8Array): void {
    this.#update!.write(bytes);
  }

  complete(): void {
    this.#update!.complete();
    this.#update = undefined;
  }

  abort(): void {
    this.#update?.close();
    this.#update = undefined;
  }
}

/** With CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE the boot loader itself goes back where a trial ends in a restart. */
class EspBoot implements BootControl {
  readonly #driver: BootDriver;

  constructor(driver: BootDriver) {
    this.#driver = driver;
  }

  get isOnTrial(): boolean {
    const state = new Uint32Array(1);
    const partition = this.#driver.esp_ota_get_running_partition();
    const bytes = state.buffer as ArrayBuffer;
    const fault = this.#driver.esp_ota_get_state_partition(partition, bytes);
    return fault === 0 && state[0] === ON_TRIAL;
  }

  confirm(): void {
    this.#driver.esp_ota_mark_app_valid_cancel_rollback();
  }

  rollBack(): void {
    this.#driver.esp_ota_mark_app_invalid_rollback_and_reboot();
  }
}
