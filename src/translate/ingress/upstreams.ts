/** What is decided once for each upstream of ingress-nginx: a Service and one of its ports, whichever Ingresses lead there. Pure. */
import type { IngressBackend } from '../../resources/ingress-object.ts';
import { portText, upstreamName } from './backends.ts';
import type { IngressReading } from './read-ingress.ts';

/** The upstreams that an Ingress leads to, each once. */
export function upstreamsOf({ ingress, rules, defaultBackend }: IngressReading): string[] {
  const backends = rules.flatMap(({ paths }) => paths.map(({ backend }) => backend));
  if (defaultBackend !== undefined) backends.push(defaultBackend);
  return [...new Set(backends.flatMap(backend => upstreamOf(ingress.namespace, backend) ?? []))];
}

/** @returns undefined for a backend that is no Service */
export function upstreamOf(namespace: string, { service }: IngressBackend): string | undefined {
  return service && upstreamName({ namespace, name: service.name }, portText(service.port));
}

/** The Ingress that says how the requests of an upstream are spread. @param readings those that lead there, by age, canaries left out */
export function upstreamEffect(readings: readonly IngressReading[]): IngressReading['effect']['upstream'] {
  return readings[0]?.effect.upstream;
}
