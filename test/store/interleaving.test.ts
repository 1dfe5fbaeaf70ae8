// Whatever order the records of several epochs come in, repeated or early, each is stored once and
// in order. The model is a counter for each epoch.

import fc from "fast-check";
import { expect, test } from "vitest";
import { openForWriting } from "../../host/store/open.ts";
import { PacketWriter } from "../../host/store/packet.ts";
import { StoreReader } from "../../host/store/reader.ts";
import { verifyStore } from "../../host/store/verify.ts";
import { FakeDevice, META, SCHEMA } from "./fake-device.ts";
import { storePath } from "./support.ts";

const EPOCHS = 3;
const RECORDS = 8;

/** Records of each epoch: batches, the fifth a gap. */
function recordsOf(device: FakeDevice) {
  return Array.from({ length: RECORDS }, (_, index) =>
    index === 4 ? device.gap(1, 7) : device.batch((index % 3) + 1),
  );
}

const arrival = fc.record({
  epoch: fc.nat(EPOCHS - 1),
  record: fc.nat(RECORDS - 1),
  /** The packet, and the transaction, end behind this one. */
  endsCommit: fc.boolean(),
});

test("everything is stored once and in order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(arrival, { maxLength: 120 }), async (arrivals) => {
      const path = storePath();
      const { writer, close } = await openForWriting(path);
      const packet = new PacketWriter();
      const devices = Array.from(
        { length: EPOCHS },
        (_, index) => new FakeDevice({ name: `d${index}`, epoch: `${index}`.padStart(16, "0") }),
      );
      const commit = () => writer.commit([packet.take()], { nowMs: 0 });
      devices.forEach((device, ask) => {
        packet.addOther({ kind: "resume", ask, hello: device.hello(), receivedUs: 1 });
      });
      const ids = commit().answers.map(({ resumed }) => resumed!.epochId);
      for (const epochId of ids)
        packet.addOther({ kind: "schema", epochId, number: 0, body: SCHEMA });
      const records = devices.map(recordsOf);
      const next = new Array<number>(EPOCHS).fill(0);
      const reported = new Map(ids.map((id) => [id, 0]));
      for (const { epoch, record, endsCommit } of arrivals) {
        const item = records[epoch]![record]!;
        const epochId = ids[epoch]!;
        if (item.kind === "batch") packet.addBatch(epochId, item.sequence, item.body, META);
        else packet.addOther({ kind: "gap", epochId, gap: item, receivedUs: 1 });
        if (record === next[epoch]) next[epoch]!++;
        if (!endsCommit) continue;
        for (const stored of commit().commit.stored) reported.set(stored.epochId, stored.next);
        expect([...reported.values()]).toEqual(next);
      }
      commit();
      close();
      const verdict = await verifyStore(path);
      expect(verdict.faults).toEqual([]);
      expect(verdict.epochs.map((epoch) => epoch.next)).toEqual(next);
      const reader = await StoreReader.open(path);
      const stored = [...reader.readings()].map(({ epoch, sequence }) => `${epoch} ${sequence}`);
      expect(new Set(stored).size).toBe(stored.length);
      expect(stored).toEqual(stored.toSorted());
      reader.close();
    }),
    { numRuns: 40 },
  );
});
