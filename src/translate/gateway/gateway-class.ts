/** Which GatewayClasses are ours, and what their statuses say. Pure. */
import type { GatewayClassObject } from '../../resources/gateway/gateway-object.ts';
import { quote } from '../../text/quote.ts';
import { type Fault, met, unmet } from './conditions.ts';
import type { GatewayOptions } from './gateway-lookups.ts';
import type { Condition, ObjectStatus } from './gateway-status.ts';
import { supportedFeatures } from './supported-features.ts';

type Options = Pick<GatewayOptions, 'controllerName' | 'bundleVersion' | 'gatewayServices' | 'sharedPorts'>;

/** Bundles of CRDs that have been tried. */
const SUPPORTED_VERSION = /^v1\.[567]\.\d/;

/** Why a class of ours is not served; undefined: it is. */
export function classFault({ metadata, spec }: GatewayClassObject): Fault | undefined {
  if (spec.parametersRef === undefined) return undefined;
  const { kind, name } = spec.parametersRef;
  const what = `the GatewayClass ${quote(metadata.name)} has the parametersRef ${quote(`${kind} ${name}`)}`;
  return { reason: 'InvalidParameters', message: `${what}, and there are no parameters: remove spec.parametersRef` };
}

/** @returns by name */
export function ownClasses(
  classes: Iterable<GatewayClassObject>,
  { controllerName }: Options,
): ReadonlyMap<string, GatewayClassObject> {
  const own = new Map<string, GatewayClassObject>();
  for (const one of classes) if (one.spec.controllerName === controllerName) own.set(one.metadata.name, one);
  return own;
}

/** The statuses of the classes that are ours. */
export function classStatuses(classes: Iterable<GatewayClassObject>, options: Options): ObjectStatus[] {
  return [...ownClasses(classes, options).values()].map(one => {
    const { name, generation } = one.metadata;
    const fault = classFault(one);
    const accepted =
      fault === undefined ? met('Accepted', 'Gateways of this class are served') : unmet('Accepted', fault);
    const conditions = [accepted, ...supportedVersion(options.bundleVersion?.())];
    return {
      object: { kind: 'GatewayClass', namespace: '', name },
      generation,
      status: {
        kind: 'GatewayClass',
        conditions,
        supportedFeatures: supportedFeatures(options),
      },
    };
  });
}

/** @param version undefined: not known */
function supportedVersion(version: string | undefined): Condition[] {
  if (version === undefined) return [];
  if (SUPPORTED_VERSION.test(version)) return [met('SupportedVersion', `the CRDs are of the bundle ${quote(version)}`)];
  const advice = 'versions 1.5 to 1.7 are supported, others as far as they are like them';
  const message = `the CRDs are of the bundle ${quote(version)}: ${advice}`;
  return [unmet('SupportedVersion', { reason: 'UnsupportedVersion', message })];
}
