import type { IngressReading } from '../../translate/ingress/read-ingress.ts';
import { upstreamsOf } from '../../translate/ingress/upstreams.ts';
import { nameFor, type Surroundings, type Told } from './host.ts';

/** In ingress-nginx, the oldest Ingress that names a Service and port decides whether it is a backend or a canary: it is never both. */
export function canaryBackends({ readings }: Surroundings): Told[] {
  const byUpstream = new Map<string, IngressReading[]>();
  for (const reading of readings) {
    for (const name of upstreamsOf(reading)) byUpstream.set(name, [...(byUpstream.get(name) ?? []), reading]);
  }
  const told: Told[] = [];
  for (const [name, naming] of byUpstream) {
    const [oldest, ...younger] = naming as [IngressReading, ...IngressReading[]];
    for (const reading of younger) {
      if (isCanary(reading) === isCanary(oldest)) continue;
      told.push({ ingress: reading.ingress, kind: 'CanaryIsBackend', message: lossOf(reading, oldest, name) });
    }
  }
  return told;
}

function lossOf(loser: IngressReading, { ingress }: IngressReading, name: string): string {
  const oldest = `the older Ingress ${nameFor(ingress, loser.ingress)}`;
  return isCanary(loser)
    ? `in ingress-nginx the canary takes no request, because ${oldest} has its Service as a backend (${name}); here it takes its requests`
    : `in ingress-nginx its paths to ${name} are not served, because ${oldest} has the same Service as a canary; here they are`;
}

function isCanary({ effect }: IngressReading): boolean {
  return effect.canary !== undefined;
}
