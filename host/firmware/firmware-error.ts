// What keeps firmware from being built or flashed, told so that the user can do something about it.

export class FirmwareError extends Error {
  override name = "FirmwareError";
}
