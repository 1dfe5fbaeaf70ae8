// Stores batches of three devices until it is killed, and prints "<epoch> <next>" for each epoch as
// it is reported stored. Arguments: the store's path, the worker's program, after how many ms batches
// are merged. Run by kill.test.ts.

import { writeSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { Store } from "../../host/store/store.ts";
import { FakeDevice } from "./fake-device.ts";

/** Records in flight, as the protocol's window would bound them. */
const WAITING_MAX = 500;

const [path = "", worker = "", mergeAfterMs = ""] = process.argv.slice(2);
const store = await Store.open({
  path,
  workerUrl: pathToFileURL(worker),
  mergeAfterMs: Number(mergeAfterMs),
});
const devices = ["a", "b", "c"].map((digit) => {
  const epoch = digit.padStart(16, "0");
  return new FakeDevice({ name: `device ${epoch}`, epoch });
});
const epochs = new Map<number, FakeDevice>();
for (const device of devices) epochs.set(await device.begin(store), device);

store.onCommit = ({ stored }) => {
  for (const { epochId, next } of stored) writeSync(1, `${epochs.get(epochId)!.epoch} ${next}\n`);
};

function fill(): void {
  while (store.waiting < WAITING_MAX) {
    for (const [epochId, device] of epochs) {
      store.append(epochId, device.batch(), { link: "tcp", receivedUs: Date.now() * 1_000 });
    }
  }
  setImmediate(fill);
}

fill();
