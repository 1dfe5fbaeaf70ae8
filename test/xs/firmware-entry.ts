// What runs inside XS: the world of test/xs/firmware-world.ts, its options and report as JSON.

import { decodeUtf8, encodeUtf8 } from "../../shared/bytes/utf8.ts";
import { runWorld } from "./firmware-world.ts";

Object.assign(globalThis, {
  handleCommand(request: ArrayBuffer): ArrayBufferLike {
    const options = JSON.parse(decodeUtf8(new Uint8Array(request))!);
    return encodeUtf8(JSON.stringify(runWorld(options))).buffer;
  },
});
