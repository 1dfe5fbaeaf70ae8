// Commands about the device's files: what there is, which hash one has, away with it.

import { BlobFault, type BlobShelf, type FileCatalog } from "../../shared/blob/shelf.ts";
import { toHex } from "../../shared/bytes/hex.ts";
import type { CborValue } from "../../shared/message/cbor.ts";
import type { Arguments, Command, Parameter, Reply } from "./command.ts";
import { FROM, pageOf } from "./page.ts";

const NAME: Parameter = { name: "name", kind: "text", help: "of the file" };

const READ_BYTES = 1_024;

/** None where there are no files to speak of. */
export function fileCommands(shelf: BlobShelf): Command[] {
  const { catalog } = shelf;
  if (catalog === undefined) return [];
  return [
    {
      name: "files",
      help: "lists its files",
      parameters: [FROM],
      run: (given, reply) => attempt(reply, () => listed(catalog, given)),
    },
    {
      name: "hash-file",
      help: "tells the size and the SHA-256 of a file",
      parameters: [NAME],
      run: (given, reply) => attempt(reply, () => hashOf(shelf, String(given.get(NAME.name)))),
    },
    {
      name: "remove-file",
      help: "removes a file",
      parameters: [NAME],
      run: (given, reply) =>
        attempt(reply, () => {
          catalog.remove(String(given.get(NAME.name)));
          return null;
        }),
    },
  ];
}

function attempt(reply: Reply, act: () => CborValue): void {
  try {
    reply.handleSuccess(act());
  } catch (error) {
    reply.handleFailure("failed", error instanceof BlobFault ? error.message : String(error));
  }
}

function listed(catalog: FileCatalog, given: Arguments): CborValue {
  const files = catalog.list();
  const itemAt = (index: number) => {
    const { name, sizeBytes } = files[index]!;
    return new Map<string, CborValue>([
      ["name", name],
      ["bytes", sizeBytes],
    ]);
  };
  return pageOf(files.length, itemAt, given);
}

/** In one turn: a board's folder of files holds some tens of kilobytes. */
function hashOf(shelf: BlobShelf, name: string): CborValue {
  const source = shelf.openSource("file", name);
  try {
    const hasher = shelf.createHasher();
    const buffer = new Uint8Array(READ_BYTES);
    for (let at = 0; at < source.sizeBytes; ) {
      const count = source.read(at, buffer);
      if (count === 0) throw new BlobFault("failed", `${name} is shorter than it was`);
      hasher.update(buffer.subarray(0, count));
      at += count;
    }
    return new Map<string, CborValue>([
      ["bytes", source.sizeBytes],
      ["sha256", toHex(hasher.digest())],
    ]);
  } finally {
    source.close();
  }
}
