/** The last means to end the process. */

/** How long something under way may keep the process, such as a credential plugin that waits for a person. */
const LEFTOVERS_MS = 1_000;

/** Ends the process with its exit code in a moment, in case something keeps it from ending by itself. */
export function endSoon(): void {
  setTimeout(() => process.exit(), LEFTOVERS_MS).unref();
}

/**
 * Ends the process now, although a thread hangs outside of JavaScript. process.exit() would wait for that thread for ever. Another
 * program takes the place of this one, which ends all of its threads (execve(2)), and exits. A SIGKILL alone is not enough: PID 1
 * of a container cannot send one to itself.
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
