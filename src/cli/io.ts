import { text } from 'node:stream/consumers';

/** What a command knows of the world around it; tests put their own in its place. */
export interface Io {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Writes one or more lines to standard output; the last line break is added. */
  print(lines: string): void;
  /** The same to standard error. */
  complain(lines: string): void;
  readInput(): Promise<string>;
}

export function processIo(): Io {
  return {
    environment: process.env,
    print: lines => void process.stdout.write(`${lines}\n`),
    complain: lines => void process.stderr.write(`${lines}\n`),
    readInput: () => text(process.stdin),
  };
}
