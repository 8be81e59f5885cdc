/**
 * A Kubernetes API server for fast tests: Services, EndpointSlices, Secrets, Ingresses, IngressClasses, ConfigMaps, Leases, Events
 * and, once installed, kinds of the Gateway API over real HTTP (or HTTPS) on loopback.
 *
 *     await using api = await KubeApi.start();            // { tls: true } for HTTPS with a certificate of its own
 *     api.apply(service('volume'));                        // ADDED or MODIFIED
 *     api.remove('default', 'volume');                     // DELETED
 *     api.apply(endpointSlice('volume', { endpoints: [endpoint('127.0.0.1')] }));
 *     api.remove('default', 'volume-1', 'endpointslices');
 *     api.nodes.set('node-1', { 'topology.kubernetes.io/zone': 'zone-a' });   // a Node with these labels
 *     api.install('v1', 'gateways', 'httproutes');         // CRDs of the Gateway API; api.uninstall('httproutes') drops one
 *     const file = api.writeKubeconfig();                  // for --kubeconfig; removed with the server
 *
 * It lists with `limit`, `continue`, `labelSelector` (equality, `!=`, existence) and `fieldSelector` (`metadata.name`, `type`), in
 * one namespace or all; watches
 * from a version on, with history; takes Events and Leases, answers 409 to one that exists, and merges what is sent to change one
 * of them, or the status of an Ingress.
 * `api.requests` are those received, `api.events` the posted Events, `api.openWatches` the streams open now,
 * `api.connections` those accepted so far, `api.openConnections` those open now.
 *
 * What can go wrong:
 *     api.fail('list', { status: 500 })        the next list; also 401, 403, 410, 429 (`retryAfter` in seconds)…
 *     api.fail('watch', 'reset', Infinity)     every watch, until api.heal(); 'reset' breaks the connection, 'hang' never
 *                                              answers, 'cut' breaks it half-way, 'garbage' is 200 with a web page
 *     api.forbid('shop')                       what concerns this namespace, and no other, is 403, until api.forbid()
 *     api.refuse('endpointslices', 403)        every request for them, until api.grant('endpointslices'); 404: not served
 *     api.token = 'secret'                     a client without it gets 401
 *     api.compact()                            versions before now are gone: 410 for old watches (as an ERROR event on a
 *                                              stream left open; with compact('http') as a status) and continue tokens
 *     api.rebuild()                            a new etcd: the same objects, versions counted from 1 again
 *     api.silent = true                        nothing is written: a frozen server. With false it answers what it was asked
 *                                              meanwhile; changes made meanwhile are missing on the streams of before
 *     api.down(), await api.up()               not listening, connections broken; back on the same port
 *
 * On open watches: api.endWatches() in order, api.resetWatches(), api.sendError(code), api.bookmark(), api.write(raw).
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InstalledKinds } from './installed-kinds.ts';
import {
  apiVersionOf,
  breakOff,
  commit,
  type Fault,
  type HistoryEntry,
  type ReceivedRequest,
  readBody,
  readRequest,
  type StoredObject,
  sendChange,
  sendJson,
  sendStatus,
  statusObject,
  type Verb,
} from './kube-api-wire.ts';
import { KubeStore } from './kube-store.ts';
import { createObject, patchObject, replaceStatus } from './kube-writes.ts';
import { type PostedEvent, PostedEvents } from './posted-events.ts';
import { type SelfSigned, selfSigned } from './self-signed.ts';
import { serverPort } from './server-port.ts';

export type { Fault, ReceivedRequest, Verb };

interface OpenWatch {
  readonly request: ReceivedRequest;
  readonly response: ServerResponse;
}

export class KubeApi {
  readonly requests: ReceivedRequest[] = [];
  /** In the metadata of the CRDs of the Gateway API. */
  bundleVersion = 'v1.6.3';
  readonly nodes = new Map<string, Readonly<Record<string, string>>>();
  token: string | undefined;
  connections = 0;
  /** Called with each request before it is answered: the place to change the world in the middle of a list. */
  onRequest: ((request: ReceivedRequest) => void) | undefined;
  /** Called with each list after the moment that it shows, and before it is sent. */
  onList: ((request: ReceivedRequest) => Promise<void>) | undefined;

  #tls: SelfSigned | undefined;
  readonly #folder = mkdtempSync(join(tmpdir(), 'kube-api-'));
  readonly #sockets = new Set<Socket>();
  readonly #watches = new Set<OpenWatch>();
  #forbidden: readonly string[] = [];
  readonly #faults = new Map<Verb, { fault: Fault; left: number }>();
  readonly #posted = new PostedEvents();
  readonly #refusals = new Map<string, number>();
  readonly #kinds = new InstalledKinds();
  readonly #store = new KubeStore();
  #server: Server | undefined;
  #port = 0;
  #expiry: 'event' | 'http' = 'event';
  /** While it is frozen; resolved when it goes on. */
  #thaw: PromiseWithResolvers<void> | undefined;

  private constructor(tls: boolean) {
    this.#tls = tls ? selfSigned() : undefined;
  }

  static async start({ tls = false } = {}): Promise<KubeApi> {
    const api = new KubeApi(tls);
    api.#port = await serverPort();
    await api.up();
    return api;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.down();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get events(): PostedEvent[] {
    return this.#posted.events;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `${this.#tls === undefined ? 'http' : 'https'}://127.0.0.1:${this.#port}`;
  }

  /** PEM; empty without TLS. */
  get ca(): string {
    return this.#tls?.cert ?? '';
  }

  get version(): string {
    return this.#store.version;
  }

  get openWatches(): readonly ReceivedRequest[] {
    return [...this.#watches].map(({ request }) => request);
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  received(verb: Verb): ReceivedRequest[] {
    return this.requests.filter(request => request.verb === verb);
  }

  /** @returns path of a kubeconfig that leads here, with this token */
  writeKubeconfig(token = this.token ?? 'any'): string {
    const trust =
      this.#tls === undefined
        ? { 'insecure-skip-tls-verify': true }
        : { 'certificate-authority-data': Buffer.from(this.#tls.cert).toString('base64') };
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'fixture', cluster: { server: this.url, ...trust } }],
      users: [{ name: 'fixture', user: { token } }],
      contexts: [{ name: 'fixture', context: { cluster: 'fixture', user: 'fixture' } }],
      'current-context': 'fixture',
    };
    const file = join(this.#folder, 'kubeconfig');
    // JSON is YAML.
    writeFileSync(file, JSON.stringify(config));
    return file;
  }

  /** From the next {@link up} on, clients that trust only the old certificate cannot connect. */
  replaceCertificate(): void {
    this.#tls = selfSigned();
  }

  /** A folder as the kubelet mounts it for a service account. */
  writeServiceAccount(token = this.token ?? 'any'): string {
    writeFileSync(join(this.#folder, 'token'), token);
    writeFileSync(join(this.#folder, 'ca.crt'), this.ca);
    return this.#folder;
  }

  /** An object as it is stored. */
  get(resource: string, namespace: string, name: string): StoredObject | undefined {
    return this.#store.get(resource, namespace, name);
  }

  /** Adds or changes an object. @returns its new version */
  apply(wanted: StoredObject): string {
    this.#happened(this.#store.apply(wanted));
    return this.version;
  }

  remove(namespace: string, name: string, resource = 'services'): void {
    this.#happened(this.#store.remove(resource, namespace, name));
  }

  fail(verb: Verb, fault: Fault, times = 1): void {
    this.#faults.set(verb, { fault, left: times });
  }

  heal(): void {
    this.#faults.clear();
  }

  /** Only these namespaces; without any, none. */
  forbid(...namespaces: readonly string[]): void {
    this.#forbidden = namespaces;
  }

  /** @param status 403: the account has no right; 404: the server does not serve them */
  refuse(resource: string, status: 403 | 404): void {
    this.#refusals.set(resource, status);
  }

  grant(resource: string): void {
    this.#refusals.delete(resource);
  }

  install(version: string, ...resources: readonly string[]): void {
    this.#kinds.add(version, resources);
  }

  /** Its objects go with it, and its watches end. */
  uninstall(resource: string): void {
    this.#kinds.remove(resource);
    for (const object of this.#store.objectsOf(resource)) {
      this.remove(object.metadata.namespace ?? '', object.metadata.name, resource);
    }
    for (const { request, response } of this.#watches) if (request.resource === resource) response.end();
  }

  compact(how: 'event' | 'http' = 'event'): void {
    this.#store.compact();
    this.#expiry = how;
  }

  rebuild(): void {
    this.#store.rebuild();
  }

  set silent(silent: boolean) {
    if (silent) this.#thaw ??= Promise.withResolvers();
    else {
      this.#thaw?.resolve();
      this.#thaw = undefined;
    }
  }

  down(): void {
    this.#server?.close();
    this.#server = undefined;
    for (const socket of this.#sockets) socket.resetAndDestroy();
    this.#watches.clear();
  }

  async up(): Promise<void> {
    const listener = (request: IncomingMessage, response: ServerResponse) => void this.#handle(request, response);
    // An idle connection is the client's to close: here that would depend on how fast the machine is.
    const options = { ...this.#tls, keepAliveTimeout: 0, requestCert: true, rejectUnauthorized: false };
    const server = this.#tls === undefined ? createHttpServer(options, listener) : createHttpsServer(options, listener);
    server.on('connection', (socket: Socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject);
    server.listen(this.#port, '127.0.0.1', resolve);
    await promise;
    this.#server = server;
  }

  endWatches(): void {
    for (const { response } of this.#watches) response.end();
  }

  resetWatches(): void {
    for (const { response } of this.#watches) breakOff(response);
  }

  /** An ERROR event; the streams stay open. */
  sendError(code: number): void {
    this.write(`${JSON.stringify({ type: 'ERROR', object: statusObject(code) })}\n`);
  }

  bookmark(): void {
    const object = { kind: 'Service', apiVersion: 'v1', metadata: { resourceVersion: this.version } };
    this.write(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`);
  }

  /** Bytes as they are, to all open watches. */
  write(bytes: string | Buffer): void {
    for (const { response } of this.#watches) response.write(bytes);
  }

  #happened(entry: HistoryEntry): void {
    if (this.#thaw !== undefined) return;
    for (const { request, response } of this.#watches) sendChange(request, response, entry);
  }

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = readRequest(incoming);
    const body = await readBody(incoming);
    if (body === undefined) return;
    if (request !== undefined) {
      this.requests.push(request);
      this.onRequest?.(request);
    }
    await this.#thaw?.promise;
    if (response.destroyed) return;
    const fault = request && this.#takeFault(request.verb);
    const refusal = request && (this.#refusals.get(request.resource) ?? (this.#kinds.lacks(request) ? 404 : undefined));
    if (request === undefined) this.#discover(incoming.url ?? '', response);
    else if (this.token !== undefined && incoming.headers.authorization !== `Bearer ${this.token}`) {
      sendStatus(response, 401);
    } else if (request.namespace !== undefined && this.#forbidden.includes(request.namespace)) {
      sendStatus(response, 403);
    } else if (refusal !== undefined) sendStatus(response, refusal);
    else if (fault !== undefined) commit(fault, response);
    else if (request.resource === 'events' && request.verb === 'create') this.#posted.create(request, response, body);
    else if (request.resource === 'events' && request.verb === 'patch') this.#posted.patch(request, response, body);
    else if (request.verb === 'create') createObject(this, request, response, body);
    else if (request.verb === 'patch') patchObject(this, request, response, body);
    else if (request.verb === 'update') replaceStatus(this, request, response, body);
    else if (request.verb === 'get') this.#get(request, response);
    else if (request.verb === 'list') await this.#list(request, response);
    else this.#watch(request, response);
  }

  #takeFault(verb: Verb): Fault | undefined {
    const planned = this.#faults.get(verb);
    if (planned === undefined || planned.left <= 0) return undefined;
    planned.left -= 1;
    return planned.fault;
  }

  /** Which resources a version of the Gateway API has. */
  #discover(url: string, response: ServerResponse): void {
    const refusal = this.#refusals.get('apiresources');
    if (refusal === undefined) this.#kinds.describe(url, response);
    else sendStatus(response, refusal);
  }

  #get({ resource, namespace, name }: ReceivedRequest, response: ServerResponse): void {
    if (resource === 'customresourcedefinitions') {
      const annotations = { 'gateway.networking.k8s.io/bundle-version': this.bundleVersion };
      sendJson(response, 200, { kind: 'PartialObjectMetadata', metadata: { name, annotations } });
      return;
    }
    const labels = resource === 'nodes' ? this.nodes.get(name) : undefined;
    const object = this.get(resource, namespace ?? '', name);
    if (object !== undefined) sendJson(response, 200, object);
    else if (labels === undefined) sendStatus(response, 404);
    else sendJson(response, 200, { kind: 'Node', apiVersion: 'v1', metadata: { name, labels } });
  }

  async #list(request: ReceivedRequest, response: ServerResponse): Promise<void> {
    const page = this.#store.page(request);
    if (page === undefined) {
      sendStatus(response, 410);
      return;
    }
    const { items, version, next } = page;
    await this.onList?.(request);
    sendJson(response, 200, {
      kind: LIST_KINDS[request.resource],
      apiVersion: apiVersionOf(request.resource),
      metadata: { resourceVersion: String(version), ...(next !== undefined && { continue: next }) },
      items,
    });
  }

  #watch(request: ReceivedRequest, response: ServerResponse): void {
    const from = Number(request.query.resourceVersion);
    if (from < this.#store.oldest && this.#expiry === 'http') {
      sendStatus(response, 410);
      return;
    }
    response.writeHead(200, { 'Content-Type': 'application/json' }).flushHeaders();
    if (from < this.#store.oldest) {
      response.write(`${JSON.stringify({ type: 'ERROR', object: statusObject(410) })}\n`);
    } else {
      for (const entry of this.#store.since(from)) sendChange(request, response, entry);
    }
    const open: OpenWatch = { request, response };
    this.#watches.add(open);
    response.on('close', () => this.#watches.delete(open));
  }
}

const LIST_KINDS: Readonly<Record<string, string>> = {
  services: 'ServiceList',
  endpointslices: 'EndpointSliceList',
  secrets: 'SecretList',
  ingresses: 'IngressList',
  ingressclasses: 'IngressClassList',
  configmaps: 'ConfigMapList',
};
