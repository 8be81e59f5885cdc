/** A worker thread that takes every trial it can get and counts in its row, until it has seen so many slots. */
import { parentPort, workerData } from 'node:worker_threads';
import { EndpointRow } from '../../src/observe/endpoint-board.ts';

const { buffer, worker, slots } = workerData as { buffer: SharedArrayBuffer; worker: number; slots: number };
const row = new EndpointRow(buffer, worker);
let trials = 0;
for (let slot = 0; slot < slots; slot += 1) {
  if (row.takeTrial(slot)) trials += 1;
  row.begin(slot);
  row.failed(slot);
}
parentPort?.postMessage(trials);
