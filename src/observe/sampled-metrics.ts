/** Metrics whose value is asked for at each scrape. */
import { Counter, Gauge, type Registry } from 'prom-client';

/** @param read the value now; undefined for no sample */
export function addGauge(registry: Registry, name: string, help: string, read: () => number | undefined): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      const value = read();
      if (value === undefined) this.remove();
      else this.set(value);
    },
  });
}

/** @param read the total so far; undefined for no sample */
export function addCounter(registry: Registry, name: string, help: string, read: () => number | undefined): void {
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset();
      const value = read();
      if (value === undefined) this.remove();
      else this.inc(value);
    },
  });
}

/** As {@link addCounter}, with a series for each result. */
export function addResults(
  registry: Registry,
  name: string,
  help: string,
  read: () => Readonly<Record<string, number>> | undefined,
): void {
  new Counter({
    name,
    help,
    labelNames: ['result'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [result, total] of Object.entries(read() ?? {})) this.inc({ result }, total);
    },
  });
}

export function inSeconds(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : milliseconds / 1000;
}
