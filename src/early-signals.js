/**
 * What signals do until a command listens to them itself, from the first moment of the process on: loading the program takes
 * so long that some come before it is there. Plain JavaScript, which is loaded sooner; early-signals.ts is a link to this file.
 */

/** A shell's exit status for a program that a signal ended is this plus the signal's number. */
const SHELL_BASE = 128;

for (const [signal, number] of Object.entries({ SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 })) {
  const end = () => {
    // A command that listens too decides what happens.
    if (process.listenerCount(signal) > 1) return;
    process.off(signal, end);
    process.kill(process.pid, signal);
    // Still here as PID 1 of a container: for it, the kernel drops signals that nothing listens to.
    process.exit(SHELL_BASE + number);
  };
  process.on(signal, end);
}

// Without a listener, Node opens its debugger to every local user. No log is open yet that could be opened again.
process.on('SIGUSR1', () => undefined);

// A running instance reads its settings again. They have not been read yet; program.ts takes this away when they are.
process.on('SIGHUP', () => undefined);
