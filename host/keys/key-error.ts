// An error of the file of keys, whose text can be shown to the user as it is and names no key.

export class KeyError extends Error {
  override name = "KeyError";
}
