#!/usr/bin/env -S node --disable-sigusr1
/**
 * The executable: listens to signals, refuses a Node that is too old, then loads the program. Plain JavaScript, because an old Node reads it,
 * too; main.ts is a link to this file, so `node src/main.ts` works with every Node: what Node loads is the link's target.
 */
import './early-signals.ts';
import './node-version.ts';

await import('./program.ts');
