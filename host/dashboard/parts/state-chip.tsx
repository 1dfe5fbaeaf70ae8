// Whether a device is here, and by which link: a word, not a colour alone.

import type { DeviceDocument } from "../../http/documents.ts";
import { useWords } from "../words/words.ts";

export function StateChip({ device }: { readonly device: DeviceDocument }) {
  const words = useWords();
  const isHere = device.state === "here";
  const links = device.links.map((link) => words.links[link] ?? link).join(" + ");
  return (
    <span class={`chip ${isHere ? "chip-here" : "chip-away"}`}>
      <span class="dot" aria-hidden="true" />
      {isHere ? links : words.away}
    </span>
  );
}
