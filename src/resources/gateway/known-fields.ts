/**
 * The fields of objects of the Gateway API that this program knows. One that it does not know may be a restriction that the owner
 * relies on: what has one is refused, and the field is named.
 */
import { isNothing, isObject } from '../service-object.ts';

/** A field; of a mapping, its own fields by name, and of a list of mappings those of each. `leaf`: whatever stands there. */
export type KnownFields = 'leaf' | { readonly [name: string]: KnownFields };

/** As many as a person would read. */
const MOST_NAMES = 16;
const LONGEST_NAME = 64;

/** As `filters.requestRedirect.name`, each once. */
export function unknownFields(value: unknown, known: KnownFields, where = ''): string[] {
  const found = new Set<string>();
  gather(value, known, where, found);
  return [...found];
}

function gather(value: unknown, known: KnownFields, where: string, found: Set<string>): void {
  if (known === 'leaf') return;
  if (Array.isArray(value)) for (const item of value as unknown[]) gather(item, known, where, found);
  if (!isObject(value)) return;
  for (const [name, field] of Object.entries(value)) {
    if (found.size >= MOST_NAMES) return;
    if (isNothing(field)) continue;
    const fields = Object.hasOwn(known, name) ? known[name] : undefined;
    if (fields === undefined) found.add(`${where}${name.slice(0, LONGEST_NAME)}`);
    else gather(field, fields, `${where}${name}.`, found);
  }
}

function leaves<Name extends string>(...names: readonly Name[]): Record<Name, 'leaf'> {
  return Object.fromEntries(names.map(name => [name, 'leaf'])) as Record<Name, 'leaf'>;
}

/** What was read before, and saved, names them there. */
const SAVED = leaves('unknown');

const REF = leaves('group', 'kind', 'name', 'namespace');
const SELECTION = {
  from: 'leaf',
  selector: { matchLabels: 'leaf', matchExpressions: leaves('key', 'operator', 'values') },
} as const;

export const LISTENER_FIELDS = {
  ...leaves('name', 'hostname', 'port', 'protocol'),
  tls: { ...leaves('mode', 'options'), certificateRefs: REF },
  allowedRoutes: { namespaces: SELECTION, kinds: leaves('group', 'kind') },
  ...SAVED,
} satisfies KnownFields;

export const VALIDATION_FIELDS = { caCertificateRefs: REF, mode: 'leaf', ...SAVED } satisfies KnownFields;

const FRONTEND_OF_PORT = { validation: 'leaf' } as const;

/** Its listeners and validations are judged each on its own. */
export const GATEWAY_FIELDS = {
  ...leaves('gatewayClassName', 'listeners', 'defaultScope'),
  addresses: leaves('type', 'value'),
  infrastructure: { ...leaves('labels', 'annotations'), parametersRef: REF },
  allowedListeners: { namespaces: SELECTION },
  tls: {
    backend: { clientCertificateRef: REF },
    frontend: { default: FRONTEND_OF_PORT, perPort: { port: 'leaf', tls: FRONTEND_OF_PORT } },
  },
  ...SAVED,
} satisfies KnownFields;

export const LISTENER_SET_FIELDS = { parentRef: REF, listeners: 'leaf', ...SAVED } satisfies KnownFields;

const BACKEND = { ...REF, port: 'leaf' } as const;
const HEADER = leaves('name', 'value');
const HEADERS = { set: HEADER, add: HEADER, remove: 'leaf' } as const;
const PATH = leaves('type', 'replaceFullPath', 'replacePrefixMatch');
const MATCH = leaves('type', 'name', 'value');

const FILTER = {
  type: 'leaf',
  requestHeaderModifier: HEADERS,
  responseHeaderModifier: HEADERS,
  requestRedirect: { ...leaves('scheme', 'hostname', 'port', 'statusCode'), path: PATH },
  urlRewrite: { hostname: 'leaf', path: PATH },
  requestMirror: { backendRef: BACKEND, percent: 'leaf', fraction: leaves('numerator', 'denominator') },
  cors: leaves('allowOrigins', 'allowCredentials', 'allowMethods', 'allowHeaders', 'exposeHeaders', 'maxAge'),
  // Filters of these two types are refused as a whole.
  ...leaves('extensionRef', 'externalAuth'),
  // Found when it was read before, and saved.
  fault: 'leaf',
} satisfies KnownFields;

const RULE = {
  name: 'leaf',
  filters: FILTER,
  backendRefs: { ...BACKEND, weight: 'leaf', filters: FILTER },
  ...SAVED,
} as const;

export const HTTP_RULE_FIELDS = {
  ...RULE,
  matches: { method: 'leaf', path: leaves('type', 'value'), headers: MATCH, queryParams: MATCH },
  timeouts: leaves('request', 'backendRequest'),
  retry: leaves('codes', 'attempts', 'backoff'),
} satisfies KnownFields;

export const GRPC_RULE_FIELDS = {
  ...RULE,
  matches: { method: leaves('type', 'service', 'method'), headers: MATCH },
} satisfies KnownFields;

export const TLS_RULE_FIELDS = {
  name: 'leaf',
  backendRefs: { ...BACKEND, weight: 'leaf' },
  ...SAVED,
} satisfies KnownFields;

/** Of all kinds of routes; rules are judged each on its own. Without a default Gateway, no route attaches to one. */
export const ROUTE_FIELDS = {
  parentRefs: { ...REF, sectionName: 'leaf', port: 'leaf' },
  ...leaves('hostnames', 'rules', 'useDefaultGateways'),
} satisfies KnownFields;

export const POLICY_FIELDS = {
  targetRefs: leaves('group', 'kind', 'name', 'sectionName'),
  validation: {
    ...leaves('hostname', 'wellKnownCACertificates'),
    caCertificateRefs: REF,
    subjectAltNames: leaves('type', 'hostname', 'uri'),
  },
  options: 'leaf',
  ...SAVED,
} satisfies KnownFields;

export const GRANT_FIELDS = {
  from: leaves('group', 'kind', 'namespace'),
  to: leaves('group', 'kind', 'name'),
} satisfies KnownFields;
