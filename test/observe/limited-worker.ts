/** A worker thread that begins and ends requests within a limit, and looks how many of all threads are under way meanwhile. */
import { parentPort, workerData } from 'node:worker_threads';
import { EndpointRow } from '../../src/observe/endpoint-board.ts';

const { buffer, worker, max, times, shared } = workerData as {
  readonly buffer: SharedArrayBuffer;
  readonly worker: number;
  readonly max: number;
  readonly times: number;
  /** How many have begun, by a count that is not the board's. */
  readonly shared: SharedArrayBuffer;
};
const row = new EndpointRow(buffer, worker);
const begun = new Int32Array(shared);
let most = 0;
let held = 0;
// The others may be interrupted while they hold all of the limit, and longer than all tries of this one take.
for (let time = 0; time < times || most === 0; time += 1) {
  if (row.beginWithin(5, max)) {
    most = Math.max(most, Atomics.add(begun, 0, 1) + 1);
    held += 1;
  }
  // Three at a time, of four: each thread alone stays below the limit, and two of them are above it wherever one is interrupted.
  if (held < 3) continue;
  held -= 1;
  Atomics.sub(begun, 0, 1);
  row.end(5);
}
for (; held > 0; held -= 1) {
  Atomics.sub(begun, 0, 1);
  row.end(5);
}
parentPort?.postMessage(most);
