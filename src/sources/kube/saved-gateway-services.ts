/** Services that were made for Gateways, as a state file has them. */
import type { GatewayAddress } from '../../resources/gateway/gateway-object.ts';
import type { GatewayService } from '../../resources/gateway/gateway-service.ts';
import { isObject, isPortNumber, problem, type ShapeProblem } from '../../resources/service-object.ts';

/** @returns what JSON can say of it */
export function savedService({ owners, targets, ...rest }: GatewayService): object {
  return { ...rest, owners: [...owners], targets: [...targets] };
}

/** @returns the Service, or the first problem */
export function readSavedService(value: unknown): GatewayService | ShapeProblem {
  if (!isObject(value)) return problem([], 'must be an object');
  const { namespace, name, uid, owners, targets, addresses, isConnected } = value;
  if (!isText(namespace) || !isText(name) || !isText(uid)) return problem(['name'], 'must be that of a Service');
  if (!isListOf(owners, isText)) return problem(['owners'], 'must be a list of uids');
  if (!isListOf(targets, isPortPair)) return problem(['targets'], 'must be a list of pairs of ports');
  if (!isListOf(addresses, isAddress)) return problem(['addresses'], 'must be a list of addresses');
  const service = { namespace, name, uid, owners: new Set(owners), targets: new Map(targets) };
  return { ...service, addresses, isConnected: isConnected === true };
}

function isListOf<T>(value: unknown, isItem: (item: unknown) => item is T): value is readonly T[] {
  return Array.isArray(value) && value.every(isItem);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isPortPair(value: unknown): value is readonly [port: number, target: number] {
  return isListOf(value, isPortNumber) && value.length === 2;
}

function isAddress(value: unknown): value is GatewayAddress {
  return isObject(value) && isText(value.type) && isText(value.value);
}
