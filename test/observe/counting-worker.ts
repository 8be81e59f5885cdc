/** A worker thread that counts so many requests into the region it is given, and ends. */
import { workerData } from 'node:worker_threads';
import { WorkerCounters } from '../../src/observe/counters.ts';

const { buffer, block, times } = workerData as { buffer: SharedArrayBuffer; block: number; times: number };
const counters = new WorkerCounters(buffer);
for (let count = 0; count < times; count += 1) {
  counters.add('requests', 1);
  counters.countRequest(block, 200, 0.002, 0.001);
}
