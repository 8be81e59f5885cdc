/**
 * What a state file holds: a header line with the format's version and a checksum of all that follows, a line that says
 * where the objects were read from, and a line of JSON for each object. Those of other kinds than Service name their kind.
 */
import { createHash } from 'node:crypto';
import { messageOf } from '../../errors.ts';
import { PREFIX } from '../../resources/annotation-prefix.ts';
import { readConfigMap } from '../../resources/config-map.ts';
import { GATEWAY_KIND_NAMES, readGatewayObject } from '../../resources/gateway/gateway-kinds.ts';
import type { GatewayKind } from '../../resources/gateway/gateway-object.ts';
import { readIngress, readIngressClass } from '../../resources/ingress-object.ts';
import {
  fieldName,
  isObject,
  isShapeProblem,
  readService,
  type ServiceObject,
  type ShapeProblem,
} from '../../resources/service-object.ts';
import { StateFileError } from './errors.ts';
import type { KindedObject, SavedGateways } from './gateway-keeper.ts';
import type { SavedIngresses } from './ingress-keeper.ts';
import { type Origin, originDifference, readOrigin } from './origin.ts';
import { readSavedService, savedService } from './saved-gateway-services.ts';

const VERSION = 1;
/** Services that are written in one go: a millisecond or two, after which others have their turn. */
const SLICE = 250;
const HEADER = /^kube-entry state (\d{1,9}) sha256:([0-9a-f]{64})\n/;
/** Names the lines of Services that were made for Gateways. */
const GATEWAY_SERVICE = 'GatewayService';
/** The header is shorter. */
const LONGEST_HEADER = 128;

/** Whether a Service may have a route, a refusal or a warning. Of the others nothing needs to be known. */
export function matters({ metadata }: ServiceObject): boolean {
  return Object.keys(metadata.annotations ?? {}).some(key => key.startsWith(PREFIX));
}

/** All that is kept. */
export interface SavedState extends SavedIngresses, SavedGateways {
  readonly services: readonly ServiceObject[];
}

/** @param pause gives others their turn */
export async function encodeState(
  origin: Origin,
  { services, ingresses, ingressClasses, configMaps, gatewayObjects, gatewayServices }: SavedState,
  pause: () => Promise<void>,
): Promise<Buffer[]> {
  const chunks = [Buffer.from(`${JSON.stringify({ origin })}\n`)];
  const write = async <T>(objects: readonly T[], written: (object: T) => object): Promise<void> => {
    for (let index = 0; index < objects.length; index += SLICE) {
      const lines = objects.slice(index, index + SLICE).map(object => `${JSON.stringify(written(object))}\n`);
      chunks.push(Buffer.from(lines.join('')));
      await pause();
    }
  };
  await write(services, withoutOthers);
  await write(ingressClasses, object => ({ kind: 'IngressClass', ...object }));
  await write(configMaps, ({ metadata, data }) => ({ kind: 'ConfigMap', metadata, data: Object.fromEntries(data) }));
  await write(ingresses, object => ({ kind: 'Ingress', ...object }));
  await write(gatewayObjects, withoutStatus);
  await write(gatewayServices, service => ({ kind: GATEWAY_SERVICE, ...savedService(service) }));
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return [Buffer.from(`kube-entry state ${VERSION} sha256:${hash.digest('hex')}\n`), ...chunks];
}

/** @throws StateFileError that says, after the file's name, why it must not be used */
export function decodeState(content: Buffer, origin: Origin): SavedState {
  const [header, version, checksum] = HEADER.exec(content.toString('latin1', 0, LONGEST_HEADER)) ?? [];
  if (header === undefined) throw new StateFileError('is no state file of kube-entry');
  if (Number(version) !== VERSION) {
    throw new StateFileError(`has format ${version} of another version of kube-entry; this one reads ${VERSION}`);
  }
  const body = content.subarray(header.length);
  if (createHash('sha256').update(body).digest('hex') !== checksum) {
    throw new StateFileError('is damaged or cut short: its checksum is not that of its content');
  }
  const [first = '', ...lines] = body.toString('utf8').split('\n').slice(0, -1);
  const preface = parse(first, 2);
  const saved = isObject(preface) ? readOrigin(preface.origin) : undefined;
  if (saved === undefined) throw new StateFileError('does not say where it was read from');
  const difference = originDifference(saved, origin);
  if (difference !== undefined) throw new StateFileError(`was read from ${difference}`);
  const state: Gathered<SavedState> = {
    ...{ services: [], ingresses: [], ingressClasses: [], configMaps: [], gatewayObjects: [], gatewayServices: [] },
  };
  for (const [index, line] of lines.entries()) readLine(line, index + 3, state);
  return state;
}

type Gathered<T> = { readonly [Key in keyof T]: T[Key] extends readonly (infer Item)[] ? Item[] : never };

function readLine(line: string, number: number, state: Gathered<SavedState>): void {
  const value = parse(line, number);
  const kind = isObject(value) ? value.kind : undefined;
  const take = <T extends object>(read: T | ShapeProblem, list: T[]): void => {
    if (!isShapeProblem(read)) list.push(read);
    else {
      const what = typeof kind === 'string' ? kind : 'Service';
      throw new StateFileError(`holds no ${what} in line ${number}: ${fieldName(read.path)} ${read.reason}`);
    }
  };
  // Each was written with a namespace: the default is one that no object can have.
  if (kind === 'Ingress') take(readIngress(value, ''), state.ingresses);
  else if (kind === 'IngressClass') take(readIngressClass(value), state.ingressClasses);
  else if (kind === 'ConfigMap') take(readConfigMap(value, ''), state.configMaps);
  else if (kind === GATEWAY_SERVICE) take(readSavedService(value), state.gatewayServices);
  else if (isGatewayKind(kind)) take(kinded(kind, value), state.gatewayObjects);
  else take(readService(value, ''), state.services);
}

function isGatewayKind(kind: unknown): kind is GatewayKind {
  return GATEWAY_KIND_NAMES.some(known => known === kind);
}

function kinded(kind: GatewayKind, value: unknown): KindedObject | ShapeProblem {
  const object = readGatewayObject(kind, value, '');
  return isShapeProblem(object) ? object : { kind, object };
}

function parse(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new StateFileError(`holds no JSON in line ${number}: ${messageOf(error)}`);
  }
}

/** Annotations of other programs are left out: they have no effect here, and may be long, because kubectl keeps whole manifests there. */
function withoutOthers({ metadata, spec }: ServiceObject): ServiceObject {
  return { metadata: { ...metadata, annotations: ownAnnotations(metadata) }, spec };
}

/** The API server has the status, and it is written to no other place. */
function withoutStatus({ kind, object: { metadata, spec } }: KindedObject): object {
  return { kind, metadata: { ...metadata, annotations: ownAnnotations(metadata) }, spec };
}

function ownAnnotations({ annotations = {} }: ServiceObject['metadata']): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => key.startsWith(PREFIX)));
}
