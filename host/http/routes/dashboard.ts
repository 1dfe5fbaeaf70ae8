// The dashboard's files as the build made them, with their compressed twins, from memory: there are few.
// Files have their hash in their names and never change; the page itself is asked for each time.

import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Problem } from "../problem.ts";

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".json": "application/json; charset=utf-8",
};

/** Smallest first, as a browser would choose. */
const ENCODINGS = [
  { name: "br", suffix: ".br" },
  { name: "gzip", suffix: ".gz" },
] as const;

/** Addresses that the page itself knows what to do with. */
const PAGES = ["/", "/devices/:name", "/status", "/api"];

interface Asset {
  readonly type: string;
  readonly etag: string;
  readonly isImmutable: boolean;
  /** By encoding; "identity" is always there. */
  readonly bodies: ReadonlyMap<string, Buffer>;
}

export async function dashboardRoutes(app: FastifyInstance): Promise<void> {
  const assets = await loadAssets(dashboardFolder());
  const page = assets.get("index.html");
  for (const path of PAGES) {
    app.get(path, (request, reply) => {
      if (page !== undefined) return sendAsset(page, request, reply);
      throw new Problem(
        503,
        "Not just now",
        "The dashboard is not built; run `npm run build`. The API is there.",
      );
    });
  }
  for (const [path, asset] of assets) {
    if (path === "index.html") continue;
    app.get(`/${path}`, (request, reply) => sendAsset(asset, request, reply));
  }
}

function sendAsset(
  { type, etag, isImmutable, bodies }: Asset,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  reply.headers({
    "content-type": type,
    "cache-control": isImmutable ? "public, max-age=31536000, immutable" : "no-cache",
    etag,
    vary: "accept-encoding",
  });
  if (request.headers["if-none-match"] === etag) return reply.code(304).send();
  const accepted = String(request.headers["accept-encoding"] ?? "");
  const encoding = ENCODINGS.find(({ name }) => accepted.includes(name) && bodies.has(name));
  if (encoding !== undefined) reply.header("content-encoding", encoding.name);
  return reply.send(bodies.get(encoding?.name ?? "identity"));
}

/** By path within the folder; none where it is not built. */
async function loadAssets(folder: string): Promise<Map<string, Asset>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const names = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  const assets = new Map<string, Asset>();
  for (const name of names) {
    const type = CONTENT_TYPES[extname(name)];
    if (type !== undefined)
      assets.set(name.replaceAll("\\", "/"), await loadAsset(folder, name, type));
  }
  return assets;
}

async function loadAsset(folder: string, name: string, type: string): Promise<Asset> {
  const plain = await readFile(join(folder, name));
  const bodies = new Map([["identity", plain]]);
  for (const { name: encoding, suffix } of ENCODINGS) {
    const body = await readFile(join(folder, name + suffix)).catch(() => undefined);
    if (body !== undefined) bodies.set(encoding, body);
  }
  const etag = `"${createHash("sha256").update(plain).digest("hex").slice(0, 16)}"`;
  return { type, etag, isImmutable: /^assets[\\/]/.test(name), bodies };
}

/** Beside the bundled program; for code that runs from its source, where the build puts it. */
function dashboardFolder(): string {
  const isSource = import.meta.url.endsWith("/host/http/routes/dashboard.ts");
  return fileURLToPath(
    new URL(isSource ? "../../../dist/dashboard" : "dashboard", import.meta.url),
  );
}
