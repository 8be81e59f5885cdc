/** What is decided once for each upstream of ingress-nginx: a Service and one of its ports, whichever Ingresses lead there. Pure. */
import type { IngressBackend } from '../../resources/ingress-object.ts';
import { portText, upstreamKey } from './backends.ts';
import type { IngressEffect } from './ingress-feature.ts';
import type { IngressReading } from './read-ingress.ts';

/** The upstreams that an Ingress leads to, each once. */
export function upstreamsOf({ ingress, rules, defaultBackend }: IngressReading): string[] {
  const backends = rules.flatMap(({ paths }) => paths.map(({ backend }) => backend));
  if (defaultBackend !== undefined) backends.push(defaultBackend);
  return [...new Set(backends.flatMap(backend => upstreamOf(ingress.namespace, backend) ?? []))];
}

/** @returns undefined for a backend that is no Service */
export function upstreamOf(namespace: string, { service }: IngressBackend): string | undefined {
  return service && upstreamKey({ namespace, name: service.name }, portText(service.port));
}

/**
 * How the requests of an upstream are spread. Of each setting, the first Ingress that has it says it; a key that is hashed counts before
 * other ways to choose an endpoint.
 * @param readings those that lead there, by age, canaries left out
 */
export function upstreamEffect(readings: readonly IngressReading[]): IngressEffect['upstream'] {
  const asked = readings.flatMap(({ effect }) => effect.upstream ?? []);
  if (asked.length === 0) return undefined;
  const balances = asked.flatMap(({ balance }) => balance ?? []);
  const balance = balances.find(({ policy }) => policy === 'hash') ?? balances[0];
  // Fields of those that are older replace the fields of younger ones.
  return Object.assign({}, ...asked.toReversed(), balance && { balance });
}
