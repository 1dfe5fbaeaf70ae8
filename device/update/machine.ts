// What an update of the firmware needs of the machine below: a second place for an image, a say in which
// of the two is started, and two algorithms. On an ESP32 device/platform/moddable-update.ts gives it.

export interface UpdateMachine {
  readonly crypto: UpdateCrypto;
  readonly boot: BootControl;
  /** The place for the next image; undefined where the machine has but the one that is running. */
  openSlot(): UpdateSlot | undefined;
}

/** All but `bytesMax` may throw; the slot is aborted then. */
export interface UpdateSlot {
  /** The longest image that fits. */
  readonly bytesMax: number;
  /** Whatever the slot held is gone. */
  begin(bytes: number): void;
  /** Pieces come in order and without gaps. */
  write(offset: number, bytes: Uint8Array): void;
  /** From here on this image is what starts next. Nothing before makes it so, not even a cut of the power. */
  complete(): void;
  abort(): void;
}

export interface BootControl {
  /** What runs was never confirmed: a restart brings the firmware before it back. */
  readonly isOnTrial: boolean;
  /** What runs is kept. */
  confirm(): void;
  /** Restarts with the firmware before this one; returns only where the machine cannot. */
  rollBack(): void;
}

export interface UpdateCrypto {
  createSha256(): Sha256;
  /**
   * ECDSA on P-256 over SHA-256 (FIPS 186-5 6.4). `publicKey`: the point, 0x04 and 64 bytes (SEC 1 2.3.3);
   * `signature`: r and s, 64 bytes. False for whatever is malformed.
   */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

export interface Sha256 {
  update(bytes: Uint8Array): void;
  /** 32 bytes; the last call. */
  digest(): Uint8Array;
}
