#!/usr/bin/env node
/** The executable: arguments in, exit code out. What they mean is decided in cli/run.ts. */
import { processIo } from './cli/io.ts';
import { run } from './cli/run.ts';
import { codeOf } from './errors.ts';

// `kube-entry routes | head` closes the pipe early: nobody reads on, so the rest is dropped and the exit code stays
// what the command says.
process.stdout.on('error', error => {
  if (codeOf(error) !== 'EPIPE') throw error;
});

process.exitCode = await run(process.argv.slice(2), processIo());
