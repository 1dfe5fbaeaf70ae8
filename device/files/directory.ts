// A folder on the machine below, as ECMA-419 has it, as far as files need it; paths are names in it.

export interface Directory {
  /** Throws where there is no such file; "w+" makes it, empty. */
  openFile(options: { readonly path: string; readonly mode: "r" | "r+" | "w+" }): OpenFile;
  /** Names, in any order. */
  scan(): Iterable<string>;
  /** Takes the place of what stands there. */
  move(from: string, to: string): void;
  delete(path: string): void;
}

export interface OpenFile {
  status(): { readonly size: number };
  /** Returns how many bytes there were. */
  read(into: Uint8Array, position: number): number;
  /** May write less and not say so: the size tells. */
  write(bytes: Uint8Array, position: number): void;
  flush(): void;
  close(): void;
}
