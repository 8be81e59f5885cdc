/** Compares what the system allows the process with what the settings may come to need. */
import { readFileSync } from 'node:fs';
import type { Settings } from '../settings/schema.ts';

/** One for the client and one for its upstream. */
const FILES_PER_CONNECTION = 2;
/** Measured: deploy/README.md has the table. */
const BYTES_PER_IDLE_CONNECTION = 5 * 1024;
const BYTES_PER_WORKER = 27_000_000;
const BYTES_AT_REST = 205_000_000;
const MB = 1_000_000;

export interface ProcessLimits {
  /** How many files may be open; undefined where the system does not say. */
  readonly openFiles: number | undefined;
  /** Bytes of memory; undefined for all that the machine has. */
  readonly memory: number | undefined;
}

/** RLIMIT_NOFILE, which Node has raised as far as it may. Undefined where there is no /proc. */
export function openFilesLimit(): number | undefined {
  try {
    const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

/** Warns when the connections that are allowed may need more files or memory than the system gives. All are served until it runs out. */
export function warnOfLimits(
  { workers, workerConnections }: Pick<Settings, 'workers' | 'workerConnections'>,
  { openFiles, memory }: ProcessLimits,
  logger: { warn(fields: object, message: string): void },
): void {
  const connections = workers * workerConnections;
  const files = connections * FILES_PER_CONNECTION;
  if (openFiles !== undefined && openFiles < files) {
    logger.warn(
      { openFiles, needed: files, workers, workerConnections },
      `${openFiles} files may be open, and ${connections} client connections with one upstream connection each need ${files}: ` +
        'raise the limit (ulimit -n, LimitNOFILE of systemd, the container runtime), or lower worker-connections',
    );
  }
  const bytes = BYTES_AT_REST + workers * BYTES_PER_WORKER + connections * BYTES_PER_IDLE_CONNECTION;
  if (memory !== undefined && memory < bytes) {
    const [limitMb, neededMb] = [Math.round(memory / MB), Math.round(bytes / MB)];
    logger.warn(
      { memoryMb: limitMb, neededMb, workers, workerConnections },
      `the memory limit is ${limitMb} MB, and ${connections} idle client connections need about ${neededMb}: ` +
        'raise the limit, or lower worker-connections',
    );
  }
}
