/** The executable: arguments in, exit code out. What they mean is decided in cli/run.ts. */
import { EXIT } from './cli/command.ts';
import { processIo } from './cli/io.ts';
import { run } from './cli/run.ts';
import { codeOf } from './errors.ts';

// Opening the stream makes a pipe one that does not block: the access log of the workers relies on it.
let outputIsLost = false;
process.stdout.on('error', error => {
  // `kube-entry routes | head` closes the pipe early. That is not a failure.
  if (codeOf(error) === 'EPIPE' || outputIsLost) return;
  outputIsLost = true;
  process.stderr.write(`kube-entry: cannot write to standard output: ${error.message}\n`);
  process.exitCode = EXIT.no;
});

// The command reads the settings in this same turn of the event loop: SIGHUP means what it makes of it from now on.
process.removeAllListeners('SIGHUP');
const code = await run(process.argv.slice(2), processIo());
process.exitCode = outputIsLost ? EXIT.no : code;
