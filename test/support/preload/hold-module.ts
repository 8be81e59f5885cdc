/**
 * Preloaded into a program with `--import`: stops it where it loads the module whose URL ends in $HOLD_MODULE. It says so by
 * making the file $HOLD_AT, and goes on when that file is gone.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const { HOLD_MODULE: wanted = '', HOLD_AT: file = '' } = process.env;
const nap = new Int32Array(new SharedArrayBuffer(4));

if (isMainThread) {
  registerHooks({
    load(url, context, nextLoad) {
      if (url.endsWith(wanted)) {
        writeFileSync(file, '');
        while (existsSync(file)) Atomics.wait(nap, 0, 0, 5);
      }
      return nextLoad(url, context);
    },
  });
}
