// How a command ends when it cannot do what was asked: one sentence on standard error that says what
// is wrong and what to do, and an exit status that programs can tell apart.

/** Wrong flags, arguments or configuration. */
export const EXIT_USAGE = 2;

/** What was asked for could not be done. */
export const EXIT_FAILED = 1;

/** Ends the command with a sentence for the user and no stack trace. */
export class CommandFailure extends Error {
  override name = "CommandFailure";
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT_FAILED, cause?: unknown) {
    super(message, { cause });
    this.exitCode = exitCode;
  }
}

/** Errors whose text was written for the user. */
const NAMES_FOR_USER = [
  "CommandFailure",
  "LinkError",
  "StoreError",
  "RecordingError",
  "FirmwareError",
  "ControlError",
  "KeyError",
];

/** True where the error's text says all that the user needs; any other error is a bug of ours and keeps its stack. */
export function isForUser(error: unknown): error is Error {
  return error instanceof Error && NAMES_FOR_USER.includes(error.name);
}
