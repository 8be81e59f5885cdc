/**
 * Preloaded into a program with `--import`: hangs the worker thread named $HANG_WORKER when the file $HANG_AT appears. Its text
 * says how: `javascript`, which another thread can end, or `system`, a call that does not return, which nothing can end.
 */
import { existsSync, openSync, readFileSync } from 'node:fs';
import { threadName } from 'node:worker_threads';

const { HANG_WORKER: name = '', HANG_AT: file = '' } = process.env;

if (threadName === name) {
  const timer = setInterval(() => {
    if (!existsSync(file)) return;
    clearInterval(timer);
    const how = readFileSync(file, 'utf8');
    // Opening a named pipe waits for a writer, and there is none.
    if (how === 'system') openSync(`${file}.pipe`, 'r');
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }, 10);
}
