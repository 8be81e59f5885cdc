import { readFileSync } from 'node:fs';

/** How many files this process and those it starts may open: Node raises its limit to the highest that is allowed. */
export function descriptorLimit(): number {
  const soft = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}
