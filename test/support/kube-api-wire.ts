/** What the fixture of kube-api.ts reads and writes: requests, objects, events, failures. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { TLSSocket } from 'node:tls';
import { GATEWAY_KINDS } from '../../src/resources/gateway/gateway-kinds.ts';
import type { GatewayKind } from '../../src/resources/gateway/gateway-object.ts';
import type { EndpointSliceManifest } from './endpoint-slices.ts';
import type { SecretManifest } from './secrets.ts';
import type { ServiceManifest } from './services.ts';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch';
export type Fault = { readonly status: number; readonly retryAfter?: number } | 'reset' | 'hang' | 'cut' | 'garbage';

/** An object that the fixture keeps, and knows nothing of but its name. */
export interface PlainManifest {
  readonly apiVersion: string;
  readonly kind: 'Ingress' | 'IngressClass' | 'ConfigMap' | 'Lease' | GatewayKind;
  readonly metadata: {
    readonly name: string;
    /** Empty for an object of the whole cluster, and never sent then. */
    readonly namespace: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly generation?: number;
    readonly creationTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

/** What the fixture stores. */
export type StoredObject = ServiceManifest | EndpointSliceManifest | SecretManifest | PlainManifest;

export interface ReceivedRequest {
  readonly verb: Verb;
  readonly resource: string;
  /** Of the API: `v1`. */
  readonly version: string;
  /** Undefined: all namespaces. */
  readonly namespace: string | undefined;
  /** Of one object; empty for a collection. */
  readonly name: string;
  /** Of a part of an object. */
  readonly part: string | undefined;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage['headers'];
  /** Of headers that came on several lines, each value. */
  readonly headersDistinct: IncomingMessage['headersDistinct'];
  /** Undefined on a connection without TLS. */
  readonly tls:
    | {
        /** The name that the client expects (SNI); empty when it sent none. */
        readonly serverName: string;
        /** SHA-256 of the client's certificate; empty when it sent none. */
        readonly certificate: string;
      }
    | undefined;
}

export interface HistoryEntry {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly version: number;
  readonly object: StoredObject;
  /** What it replaces. */
  readonly before: StoredObject | undefined;
}

const RESOURCES = {
  Service: 'services',
  EndpointSlice: 'endpointslices',
  Secret: 'secrets',
  Ingress: 'ingresses',
  IngressClass: 'ingressclasses',
  ConfigMap: 'configmaps',
  Lease: 'leases',
  ...(Object.fromEntries(Object.entries(GATEWAY_KINDS).map(([kind, { resource }]) => [kind, resource])) as {
    readonly [K in GatewayKind]: string;
  }),
} as const;

export function resourceOf({ kind }: Pick<StoredObject, 'kind'>): string {
  return RESOURCES[kind];
}

/** By resource, the group that it is served in. */
const GROUPS: Readonly<Record<string, string>> = {
  services: 'api',
  events: 'api',
  nodes: 'api',
  secrets: 'api',
  configmaps: 'api',
  endpointslices: 'apis/discovery.k8s.io',
  ingresses: 'apis/networking.k8s.io',
  ingressclasses: 'apis/networking.k8s.io',
  leases: 'apis/coordination.k8s.io',
  customresourcedefinitions: 'apis/apiextensions.k8s.io',
  ...Object.fromEntries(
    Object.values(GATEWAY_KINDS).map(({ resource, group }) => [resource, group === '' ? 'api' : `apis/${group}`]),
  ),
};

const COLLECTION =
  /^\/(api|apis\/[a-z0-9.]+)\/(v1(?:beta1)?)(?:\/namespaces\/([^/]+))?\/([a-z]+)(?:\/([^/]+)(?:\/(status))?)?$/;

/** `discovery.k8s.io/v1` */
export function apiVersionOf(resource: string): string {
  return [...(GROUPS[resource] ?? '').split('/').slice(1), 'v1'].join('/');
}

const WRITING: Readonly<Record<string, Verb>> = { POST: 'create', PUT: 'update', PATCH: 'patch' };

export function readRequest({
  method,
  url = '',
  headers,
  headersDistinct,
  socket,
}: IncomingMessage): ReceivedRequest | undefined {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const match = COLLECTION.exec(pathname);
  if (match === null) return undefined;
  const [, group = '', version = '', namespace, resource = '', name = '', part] = match;
  if (GROUPS[resource] !== group) return undefined;
  const query = Object.fromEntries(searchParams);
  const reading = query.watch === 'true' ? 'watch' : name === '' ? 'list' : 'get';
  const verb = WRITING[method ?? ''] ?? reading;
  const tls =
    socket instanceof TLSSocket
      ? { serverName: socket.servername || '', certificate: socket.getPeerCertificate().fingerprint256 ?? '' }
      : undefined;
  return { verb, resource, version, namespace, name, part, query, headers, headersDistinct, tls };
}

/** @returns undefined when it breaks off: then nothing was asked */
export function readBody(incoming: IncomingMessage): Promise<string | undefined> {
  return text(incoming).catch(() => undefined);
}

export function concerns({ resource, namespace, query }: ReceivedRequest, object: StoredObject): boolean {
  const { metadata } = object;
  if (resource !== resourceOf(object)) return false;
  if (namespace !== undefined && namespace !== metadata.namespace) return false;
  const labels = metadata.labels ?? {};
  const fields = { 'metadata.name': metadata.name, type: 'type' in object ? object.type : '' };
  if (!termsOf(query.fieldSelector).every(term => Object.entries(fields).some(field => field.join('=') === term))) {
    return false;
  }
  return termsOf(query.labelSelector).every(term => {
    const [key = '', value] = term.split(/!?==?/);
    if (term.includes('!=')) return labels[key] !== value;
    return value === undefined ? key in labels : labels[key] === value;
  });
}

function termsOf(selector = ''): string[] {
  return selector.split(',').filter(term => term !== '');
}

/** What leaves a watch's selection is deleted, as far as that watch is concerned. */
export function sendChange(request: ReceivedRequest, response: ServerResponse, entry: HistoryEntry): void {
  const { object, before } = entry;
  const wasConcerned = before !== undefined && concerns(request, before);
  if (!concerns(request, object)) {
    if (wasConcerned) response.write(`${JSON.stringify({ type: 'DELETED', object })}\n`);
    return;
  }
  const type = entry.type === 'MODIFIED' && !wasConcerned ? 'ADDED' : entry.type;
  response.write(`${JSON.stringify({ type, object })}\n`);
}

export function commit(fault: Fault, response: ServerResponse): void {
  if (fault === 'hang') return;
  if (fault === 'reset') breakOff(response);
  else if (fault === 'garbage') response.writeHead(200, { 'Content-Type': 'text/html' }).end('<h1>Sign in</h1>\n');
  else if (fault === 'cut') {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.write('{"kind":"ServiceList","metadata":{"resou', () => response.destroy());
  } else sendStatus(response, fault.status, fault.retryAfter);
}

export function statusObject(code: number) {
  const message = `the fixture says ${code}`;
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code };
}

export function sendStatus(response: ServerResponse, code: number, retryAfter?: number): void {
  if (retryAfter !== undefined) response.setHeader('Retry-After', retryAfter);
  sendJson(response, code, statusObject(code));
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

/** RST where the socket allows it: a TLS socket has no way to send one. */
export function breakOff({ socket }: ServerResponse): void {
  if (socket instanceof TLSSocket) socket.destroy();
  else socket?.resetAndDestroy();
}
