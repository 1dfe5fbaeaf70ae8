// Errors of opening ports, in words that tell the user what to do.

/** An error whose text can be shown to the user as it is. */
export class LinkError extends Error {
  override name = "LinkError";
  readonly code: string;

  constructor(code: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** Why `what` (e.g. "TCP 127.0.0.1:7363") cannot be listened on. */
export function listenError(what: string, flag: string, cause: NodeJS.ErrnoException): LinkError {
  const code = cause.code ?? "UNKNOWN";
  return new LinkError(code, `${what}: ${listenAdvice(code, flag, cause)}`, cause);
}

function listenAdvice(code: string, flag: string, cause: Error): string {
  switch (code) {
    case "EADDRINUSE":
      return `the port is in use; another collector may be running. Stop it, or choose another port with ${flag}`;
    case "EACCES":
      return `not permitted; ports below 1024 need privileges. Choose another port with ${flag}`;
    case "EADDRNOTAVAIL":
      return `this computer has no such address; give one of its own with ${flag}`;
    default:
      return `${cause.message}; choose another address with ${flag}`;
  }
}

/** Why a serial port cannot be opened. */
export function serialError(path: string, cause: Error): LinkError {
  const text = cause.message;
  if (/no such file|ENOENT|File not found|cannot find/i.test(text)) {
    return new LinkError(
      "ENOENT",
      `serial ${path}: there is no such port. Plug the board in and look at \`senda doctor\`, which lists the ports that are there`,
      cause,
    );
  }
  if (/permission denied|EACCES|access denied/i.test(text)) {
    return new LinkError(
      "EACCES",
      `serial ${path}: not permitted. On Linux add yourself to the port's group (\`sudo usermod -a -G dialout $USER\`) and log in again`,
      cause,
    );
  }
  if (/lock|busy|EBUSY/i.test(text)) {
    return new LinkError(
      "EBUSY",
      `serial ${path}: another program has it open; close that program (a serial monitor?)`,
      cause,
    );
  }
  return new LinkError("EIO", `serial ${path}: ${text}`, cause);
}
