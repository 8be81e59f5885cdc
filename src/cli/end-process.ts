/** The last means to end the process. */

/** How long what is still under way may keep it: a credential plugin that waits for a person, for one. */
const LEFTOVERS_MS = 1_000;

/** Ends the process with its exit code, in a moment, should something keep it from ending by itself. */
export function endSoon(): void {
  setTimeout(() => process.exit(), LEFTOVERS_MS).unref();
}

/**
 * Ends the process now, although a thread hangs outside of JavaScript: process.exit() would wait for it for ever. Another
 * program takes the place of this one, which ends all of its threads (execve(2)), and exits. A SIGKILL would not do: PID 1 of
 * a container cannot send one to itself.
 */
export function endWithStuckThread(code: number): never {
  try {
    process.execve?.(process.execPath, [process.execPath, '-e', `process.exit(${code})`], {});
  } catch {
    // Not on this system.
  }
  process.kill(process.pid, 'SIGKILL');
  throw new Error('a process outlived SIGKILL');
}
