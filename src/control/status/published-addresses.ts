import { isIP } from 'node:net';
import type { IngressAddress } from '../../resources/ingress-object.ts';
import { isObject } from '../../resources/service-object.ts';

/** Those of the setting. */
export function addressesOf(texts: readonly string[]): IngressAddress[] {
  return sorted(texts.map(addressOf));
}

/**
 * Where clients reach a Service, as ingress-nginx reads it for --publish-service.
 * @param service a v1 Service as the API server gives it
 * @returns none while it has no address yet
 */
export function addressesOfService(service: unknown): IngressAddress[] {
  const { spec, status } = isObject(service) ? service : {};
  const { type, clusterIP, externalIPs, externalName } = isObject(spec) ? spec : {};
  const external = texts(externalIPs).map(addressOf);
  switch (type) {
    case 'ExternalName':
      return texts([externalName]).map(addressOf);
    case 'LoadBalancer':
      return sorted([...balancerAddresses(status), ...external]);
    default:
      // A ClusterIP is "None" for a headless Service.
      return sorted(
        external.length > 0
          ? external
          : texts([clusterIP])
              .filter(text => isIP(text) !== 0)
              .map(addressOf),
      );
  }
}

/** Whether two lists name the same addresses, in whatever order. */
export function isSameAddresses(one: readonly IngressAddress[], other: readonly IngressAddress[]): boolean {
  if (one.length !== other.length) return false;
  const [these, those] = [one, other].map(list => list.map(keyOf).sort());
  return these?.every((key, index) => key === those?.[index]) === true;
}

function balancerAddresses(status: unknown): IngressAddress[] {
  const loadBalancer = isObject(status) ? status.loadBalancer : undefined;
  const items: readonly unknown[] =
    isObject(loadBalancer) && Array.isArray(loadBalancer.ingress) ? loadBalancer.ingress : [];
  return items.flatMap(item => {
    const { ip, hostname } = isObject(item) ? item : {};
    const [name] = texts([hostname]);
    return name === undefined ? texts([ip]).map(addressOf) : [{ hostname: name }];
  });
}

function addressOf(text: string): IngressAddress {
  return isIP(text) === 0 ? { hostname: text } : { ip: text };
}

/** In ingress-nginx's order, and each once. */
function sorted(addresses: readonly IngressAddress[]): IngressAddress[] {
  const byKey = new Map(addresses.map(address => [keyOf(address), address]));
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, address]) => address);
}

function keyOf({ ip = '', hostname = '' }: IngressAddress): string {
  return `${ip} ${hostname}`;
}

function texts(value: unknown): string[] {
  const items: readonly unknown[] = Array.isArray(value) ? value : [];
  return items.filter(item => typeof item === 'string' && item !== '').map(String);
}
