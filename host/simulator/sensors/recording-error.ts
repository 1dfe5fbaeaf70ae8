// A recording that cannot be replayed, in words for the user.

export class RecordingError extends Error {
  override name = "RecordingError";

  constructor(path: string, fault: string, cause?: unknown) {
    super(`recording ${path}: ${fault}`, { cause });
  }
}
