/** What a start leaves behind in V8's heaps is given back to the system. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: NodeJS.GCFunction | undefined;

/**
 * Collects all garbage of this thread now, and gives its pages back to the system, which takes up to some tenths of a second.
 * Loading the program leaves a thread with a heap half of which is free, and V8 keeps that for as long as the thread is calm. It
 * does nothing where V8 has no such function any more.
 */
export function collectGarbage(): void {
  collect ??= gcFunction();
  collect?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

/** Node hands it out only where its command line asks for it; a context that is made behind the flag has it, too. */
function gcFunction(): NodeJS.GCFunction | undefined {
  setFlagsFromString('--expose-gc');
  const found: unknown = runInNewContext("typeof gc === 'function' ? gc : undefined");
  return typeof found === 'function' ? (found as NodeJS.GCFunction) : undefined;
}
