// What is shown, as files.

import { downloadPath } from "../api.ts";
import type { Bounds } from "../chart/window.ts";
import { useWords } from "../words/words.ts";

interface DownloadsProps {
  readonly device: string;
  readonly channels: readonly string[];
  readonly bounds: Bounds;
}

export function Downloads({ device, channels, bounds }: DownloadsProps) {
  const words = useWords();
  if (channels.length === 0) return null;
  const asked = { channels, ...bounds };
  return (
    <span class="downloads">
      {words.download}:{" "}
      <a href={downloadPath(device, "csv", asked)} download="">
        CSV
      </a>{" "}
      <a href={downloadPath(device, "ndjson", asked)} download="">
        NDJSON
      </a>
    </span>
  );
}
