import { constants, openSync } from 'node:fs';

/**
 * Opens a log file for appending. Its directory must exist.
 * @returns the file descriptor
 * @throws the system's error
 */
export function openLog(path: string): number {
  // A named pipe must hold up neither the opening nor a write.
  return openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK, 0o644);
}
