import type { ObservedControlPlane } from '../control/control-plane.ts';

/** A line for each worker that does not answer; empty when all do. */
export function workerLines(workers: ReturnType<ObservedControlPlane['workers']>): string {
  return workers
    .map(({ answers, silentMs }, index) => {
      const worker = `worker ${index + 1}`;
      if (answers === 'never') return `${worker} hangs and cannot be ended: only a restart of the process helps\n`;
      if (answers === 'late') return `${worker} has not answered for ${Math.round(silentMs / 1000)} s\n`;
      return '';
    })
    .join('');
}
