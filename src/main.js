#!/usr/bin/env node
/**
 * The executable: refuses a Node that is too old, then loads the program. Plain JavaScript, because an old Node reads it,
 * too; main.ts is a link to this file, so `node src/main.ts` works with every Node: what Node loads is the link's target.
 */
import './node-version.ts';

await import('./program.ts');
