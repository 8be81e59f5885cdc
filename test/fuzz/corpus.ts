import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Case {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Every stream that ever showed something, byte for byte as it was sent; a file each. Requests go to `/strict`. */
export function corpus(kind: 'requests' | 'responses'): Case[] {
  const folder = join(import.meta.dirname, 'corpus', kind);
  return readdirSync(folder)
    .sort()
    .map(name => ({ name, bytes: readFileSync(join(folder, name)) }));
}
