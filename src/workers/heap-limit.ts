import { totalmem } from 'node:os';

/** The part of the memory that all workers' heaps may take together; the rest is the main thread's, Node's own, buffers'. */
const SHARE = 0.55;
/** A table of ten thousand routes and the connections of one worker fit in. */
const LEAST_MIB = 96;
const MIB = 1024 * 1024;

/** The bytes that the cgroup allows; undefined where it allows all that the machine has. */
export function memoryLimit(): number | undefined {
  const limit = process.constrainedMemory();
  return limit > 0 && limit < totalmem() ? limit : undefined;
}

/**
 * The old generation of one worker, in MiB, so that a leak ends the worker that has it and not the process: V8 by itself gives
 * each thread half of the memory there is.
 * @returns undefined for what V8 has by itself
 */
export function workerHeapLimit(workers: number, memory: number | undefined = memoryLimit()): number | undefined {
  if (memory === undefined) return undefined;
  return Math.max(LEAST_MIB, Math.floor((memory / MIB) * (SHARE / workers)));
}
