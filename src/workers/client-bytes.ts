import { getHeapStatistics } from 'node:v8';

/**
 * Of the size that V8 lets the heap grow to. It follows from the memory that the process may use: in a container of 512 MiB it
 * is some 270 MiB, and what the process takes without a client is about the rest.
 */
const SHARE_OF_HEAP_LIMIT = 0.8;

/** What each worker may take for all its clients together. */
export function clientBytesOf(workers: number): number {
  return (SHARE_OF_HEAP_LIMIT * getHeapStatistics().heap_size_limit) / workers;
}
