// A simulated machine with two slots in a folder of its own, and signed images for it.

import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FirmwareUpdate } from "../../device/update/firmware-update.ts";
import type { UpdateManifest } from "../../device/update/manifest.ts";
import { signFirmware, updateKeyOf } from "../../host/firmware/sign.ts";
import { FileSlots } from "../../host/simulator/io/file-slots.ts";

export const FACTORY = "senda 0.1.0";
export const NEWER = "senda 0.2.0";

export function makeKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ format: "pem", type: "pkcs8" }).toString();
}

export const KEY = makeKey();
export const PUBLIC_KEY = updateKeyOf(KEY);

export function imageOf(version: string, bytes = 10_000): Uint8Array {
  const image = new Uint8Array(bytes).map((_, at) => (at * 31) & 0xff);
  image.set(new TextEncoder().encode(`senda-image ${version}\n`));
  return image;
}

export const IMAGE = imageOf(NEWER);
export const MANIFEST = signFirmware(IMAGE, NEWER, KEY);

export class PowerCut extends Error {}

/** A machine that can be started again and again, and whose power can be cut before its nth write to a file. */
export class Machine {
  readonly folder: string;
  restarts = 0;
  writes = 0;
  cutAtWrite = Number.POSITIVE_INFINITY;

  constructor(inside: string) {
    this.folder = mkdtempSync(join(inside, "machine-"));
  }

  start(): FileSlots {
    return new FileSlots({
      folder: this.folder,
      factoryVersion: FACTORY,
      restart: () => this.restarts++,
      beforeWrite: () => {
        if (++this.writes >= this.cutAtWrite) throw new PowerCut("no power");
      },
    });
  }

  slot(name: "a" | "b"): Uint8Array {
    return new Uint8Array(readFileSync(join(this.folder, `slot-${name}.image`)));
  }
}

export function updateOn(slots: FileSlots, publicKey = PUBLIC_KEY): FirmwareUpdate {
  return new FirmwareUpdate({ machine: slots, publicKey });
}

const PIECE_BYTES = 1_000;

/** Hands over the image piece by piece, from where it is wanted, up to `end`. Returns the state then. */
export function send(
  update: FirmwareUpdate,
  { manifest = MANIFEST, image = IMAGE, end = Number.POSITIVE_INFINITY } = {},
): { kind: string } {
  let state = update.begin(manifest as UpdateManifest);
  while (state.kind === "receiving" && state.next < Math.min(end, image.length)) {
    state = update.handlePiece(state.next, image.subarray(state.next, state.next + PIECE_BYTES));
  }
  return state;
}
