// Files to and from devices. What takes long is answered by one JSON object a line: "progress" as often as
// there is any, and at last "result".

import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply } from "fastify";
import { BlobFault } from "../../../shared/blob/shelf.ts";
import { BLOB_PURPOSES, type BlobPurpose } from "../../../shared/errors.ts";
import { FileSource } from "../../files/file-source.ts";
import type { HandleProgress, TransferOutcome, Transfers } from "../../files/transfers.ts";
import { jsonLine } from "../../terminal/printable.ts";
import type { Controls } from "../controls.ts";
import { Problem } from "../problem.ts";
import { checkDevice } from "./commands.ts";

const FILE_PARAMS = {
  type: "object",
  properties: {
    device: { type: "string", minLength: 1, maxLength: 64 },
    name: { type: "string", minLength: 1, maxLength: 64 },
  },
} as const;

const PURPOSE_QUERY = {
  type: "object",
  additionalProperties: false,
  properties: { purpose: { type: "string", enum: BLOB_PURPOSES } },
} as const;

interface FileParams {
  readonly device: string;
  readonly name: string;
}

export function fileRoutes(app: FastifyInstance, controls: Controls): void {
  app.addContentTypeParser("application/octet-stream", (_request, payload, done) => {
    done(null, payload);
  });

  app.put<{ Params: FileParams; Querystring: { purpose?: BlobPurpose }; Body: Readable }>(
    "/api/devices/:device/files/:name",
    {
      schema: {
        summary: "Send a device a file, or a firmware",
        params: FILE_PARAMS,
        querystring: PURPOSE_QUERY,
      },
    },
    async ({ params: { device, name }, query: { purpose = "file" }, body }, reply) => {
      const transfers = transfersOf(controls);
      const spooled = await transfers.spool(body).catch(throwProblem);
      try {
        await checkHere(controls, device);
        await stream(reply, (say) => transfers.put(device, { purpose, name, spooled }, say));
      } finally {
        transfers.drop(spooled);
      }
    },
  );

  app.post<{ Params: FileParams }>(
    "/api/devices/:device/files/:name/fetch",
    { schema: { summary: "Have a device send one of its files", params: FILE_PARAMS } },
    async ({ params: { device, name } }, reply) => {
      const transfers = transfersOf(controls);
      await checkHere(controls, device);
      await stream(reply, (say) => transfers.fetch(device, name, say));
    },
  );

  app.get<{ Params: FileParams }>(
    "/api/devices/:device/files/:name",
    { schema: { summary: "A file that came from a device", params: FILE_PARAMS } },
    async ({ params: { device, name } }, reply) => {
      const transfers = transfersOf(controls);
      const path = await Promise.resolve()
        .then(() => transfers.keptPath(device, name))
        .then((kept) => {
          new FileSource(kept).close(); // it is there, and a file
          return kept;
        })
        .catch(throwProblem);
      return reply.type("application/octet-stream").send(createReadStream(path));
    },
  );
}

function transfersOf({ transfers }: Controls): Transfers {
  if (transfers !== undefined) return transfers;
  throw new Problem(409, "No files", "this collector keeps no files: start it with --files DIR");
}

async function checkHere(controls: Controls, device: string): Promise<void> {
  const { isHere } = await checkDevice(controls, device);
  if (isHere) return;
  throw new Problem(409, "Device away", `device "${device}" is away: try again when it is back`);
}

function throwProblem(error: unknown): never {
  if (!(error instanceof BlobFault)) throw error;
  const status = { "too-large": 413, "not-found": 404, "no-space": 507 }[
    error.status as "no-space"
  ];
  throw new Problem(status ?? 400, "Not this file", error.message);
}

/** Who asked may go away meanwhile: the transfer goes on. */
async function stream(
  reply: FastifyReply,
  act: (say: HandleProgress) => Promise<TransferOutcome>,
): Promise<void> {
  reply.hijack();
  const { raw } = reply;
  raw.on("error", () => undefined);
  raw.writeHead(200, { "content-type": "application/x-ndjson", "cache-control": "no-store" });
  raw.flushHeaders();
  const say = (line: object) => {
    if (!raw.destroyed) raw.write(jsonLine(line));
  };
  const outcome = await act((done, total) => say({ event: "progress", done, total })).catch(
    (error: unknown): Partial<TransferOutcome> => ({ status: "failed", text: String(error) }),
  );
  say({ event: "result", ...outcome });
  raw.end();
}
