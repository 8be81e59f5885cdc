/** The HTTP client for the Kubernetes API: HTTP/1.1 over one keep-alive agent, deadlines, typed errors. */
import http, { type IncomingMessage } from 'node:http';
import https, { type RequestOptions } from 'node:https';
import { type Clock, systemClock } from '../../clock.ts';
import { codeOf } from '../../errors.ts';
import { GATEWAY_GROUP } from '../../resources/gateway/gateway-object.ts';
import { quote } from '../../text/quote.ts';
import { type Access, AccessProvider, type AccessSettings, type AccessSurroundings, type Cluster } from './access.ts';
import {
  BadAnswerError,
  errorOfStatus,
  NoAnswerError,
  type Operation,
  UnauthorisedError,
  UnreachableError,
  unreachable,
} from './errors.ts';

/**
 * After so long without a byte the kernel probes a connection, every second, and gives it up after ten probes: a peer
 * whose machine is gone is noticed in 25 s even where nothing is sent.
 */
const TCP_KEEPALIVE_MS = 15_000;
/** Shorter than any server's idle limit (the API server's is 90 s), so that a request seldom meets a closing one. */
const IDLE_CONNECTION_MS = 30_000;
/** A page of 500 Services is 1–2 MB; this is near the longest text that V8 can hold. */
const LONGEST_BODY = 256 * 1024 * 1024;
/** Enough for a Status object; of anything longer only the status counts. */
const LONGEST_ERROR_BODY = 64 * 1024;

const METHODS = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  apply: 'PATCH',
} as const;
/** Of bodies; absent: JSON. An API server reads JSON where YAML is allowed. */
const CONTENT_TYPES: Readonly<Partial<Record<Operation['verb'], string>>> = {
  patch: 'application/merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

/** An API server that does not know this form sends the whole object. */
const METADATA = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json';

export interface KubeRequest {
  readonly operation: Operation;
  /** One object of the collection; else the collection itself is meant. */
  readonly name?: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  /** Of an object that may be large, only its metadata is wanted. */
  readonly metadataOnly?: true;
  /** Sent as JSON; to patch, as what RFC 7396 makes of the object; to apply, the fields that are the sender's. */
  readonly body?: unknown;
  /** Ends the exchange at any moment; the promise is then rejected with the signal's reason. */
  readonly signal: AbortSignal;
  /**
   * Milliseconds for the whole answer of {@link KubeClient.json}, for its head with {@link KubeClient.stream}. Credentials
   * have limits of their own: a plugin may wait for a person.
   */
  readonly timeoutMs: number;
}

export type KubeClientOptions = Partial<AccessSurroundings>;

/** The head of a good answer, and who gave it. */
interface Opened {
  readonly response: IncomingMessage;
  /** URL */
  readonly server: string;
}

/** A connection that had been idle was closed by the server as the request came: the server has not read the request. */
class StaleConnectionError extends Error {}

export class KubeClient {
  readonly #access: AccessProvider;
  readonly #clock: Clock;
  readonly #agents = {
    // Connections are shared only among requests with the same CA and certificates: Node keys them by these.
    'https:': new https.Agent({ keepAlive: true, keepAliveMsecs: TCP_KEEPALIVE_MS, timeout: IDLE_CONNECTION_MS }),
    'http:': new http.Agent({ keepAlive: true, keepAliveMsecs: TCP_KEEPALIVE_MS, timeout: IDLE_CONNECTION_MS }),
  };

  constructor(settings: AccessSettings, options: KubeClientOptions = {}) {
    this.#access = new AccessProvider(settings, options);
    this.#clock = options.clock ?? systemClock;
  }

  /** Which cluster requests go to; nothing is asked of it. @throws KubeError */
  async cluster(): Promise<Cluster> {
    return await this.#access.cluster();
  }

  /** The object that the API server answers with. @throws KubeError */
  json(request: KubeRequest): Promise<unknown> {
    return this.#send(request, async ({ response, server }, signal) => {
      const text = await readText(response, LONGEST_BODY, server, signal);
      try {
        return JSON.parse(text) as unknown;
      } catch {
        throw new BadAnswerError(`${server} does not answer as a Kubernetes API: ${notJson(text)}`);
      }
    });
  }

  /**
   * An answer whose body has no end yet. The caller destroys it: the signal and the deadline act up to its head only.
   * @throws KubeError
   */
  stream(request: KubeRequest): Promise<IncomingMessage> {
    return this.#send(request, async ({ response }) => response);
  }

  /** Closes idle connections, breaks those in use, and ends a credential plugin that runs. Resolves when it is gone. */
  async close(): Promise<void> {
    for (const agent of Object.values(this.#agents)) agent.destroy();
    await this.#access.close();
  }

  async #send<T>(request: KubeRequest, use: (opened: Opened, signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await this.#attempt(await this.#identify(request.signal), request, use);
    } catch (error) {
      if (!(error instanceof UnauthorisedError)) throw error;
      // The token may have been replaced since it was read: the files have the last word.
      this.#access.forget();
      return await this.#attempt(await this.#identify(request.signal), request, use);
    }
  }

  async #identify(signal: AbortSignal): Promise<Access> {
    return await unlessAborted(signal, () => this.#access.get());
  }

  async #attempt<T>(
    access: Access,
    request: KubeRequest,
    use: (opened: Opened, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const deadline = new AbortController();
    let Late: typeof UnreachableError = NoAnswerError;
    const cancel = this.#clock.setTimer(request.timeoutMs, () =>
      deadline.abort(new Late(`the Kubernetes API did not answer within ${request.timeoutMs / 1000} s`)),
    );
    const signal = AbortSignal.any([request.signal, deadline.signal]);
    try {
      return await unlessAborted(signal, async () => {
        const opened = await this.#open(access, request, signal);
        Late = UnreachableError;
        return await use(opened, signal);
      });
    } finally {
      cancel();
    }
  }

  async #open(access: Access, request: KubeRequest, signal: AbortSignal): Promise<Opened> {
    const response = await this.#exchange(access, request, signal);
    const { statusCode = 0, headers } = response;
    if (statusCode >= 200 && statusCode < 300) return { response, server: access.server };
    const text = await readText(response, LONGEST_ERROR_BODY, access.server, signal).catch(() => '');
    signal.throwIfAborted();
    const { account, isAnonymous } = access;
    throw errorOfStatus(statusCode, parseOrNothing(text), request.operation, {
      account,
      isAnonymous,
      retryAfter: headers['retry-after'],
    });
  }

  async #exchange(access: Access, request: KubeRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const { operation, name, query = {}, body, metadataOnly } = request;
    const url = new URL(access.server + pathOf(operation, name));
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const agent = url.protocol === 'http:' ? this.#agents['http:'] : this.#agents['https:'];
    const options: RequestOptions = {
      agent,
      ...access.options,
      method: METHODS[operation.verb],
      headers: {
        ...access.options.headers,
        Accept: metadataOnly === true ? METADATA : 'application/json',
        'User-Agent': 'kube-entry',
        ...(payload !== undefined && {
          'Content-Type': CONTENT_TYPES[operation.verb] ?? 'application/json',
          'Content-Length': Buffer.byteLength(payload),
        }),
      },
      signal,
    };
    try {
      try {
        return await exchange(url, options, payload);
      } catch (error) {
        if (!(error instanceof StaleConnectionError)) throw error;
        return await exchange(url, { ...options, agent: false }, payload);
      }
    } catch (error) {
      signal.throwIfAborted();
      throw unreachable(error, `${access.server} (${access.account})`, access.authority);
    }
  }
}

/**
 * Releases the caller as soon as the signal aborts: files, credential plugins, and connections through a proxy do not
 * listen to it.
 */
async function unlessAborted<T>(signal: AbortSignal, act: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort);
  try {
    return await Promise.race([act(), aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** The group and version that a resource is read from; absent: it is one of the Gateway API. */
const GROUPS: Readonly<Partial<Record<Operation['resource'], string>>> = {
  services: '/api/v1',
  events: '/api/v1',
  endpointslices: '/apis/discovery.k8s.io/v1',
  nodes: '/api/v1',
  secrets: '/api/v1',
  configmaps: '/api/v1',
  ingresses: '/apis/networking.k8s.io/v1',
  'ingresses/status': '/apis/networking.k8s.io/v1',
  ingressclasses: '/apis/networking.k8s.io/v1',
  leases: '/apis/coordination.k8s.io/v1',
  deployments: '/apis/apps/v1',
  daemonsets: '/apis/apps/v1',
  customresourcedefinitions: '/apis/apiextensions.k8s.io/v1',
  namespaces: '/api/v1',
};

/** https://kubernetes.io/docs/reference/using-api/api-concepts/#standard-api-terminology */
function pathOf({ resource, namespace, version }: Operation, name: string | undefined): string {
  const group = GROUPS[resource] ?? `/apis/${GATEWAY_GROUP}/${version ?? 'v1'}`;
  if (resource === 'apiresources') return group;
  const [collection, ...parts] = resource.split('/');
  const place = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  const object = name === undefined ? [] : [encodeURIComponent(name), ...parts];
  return [`${group}${place}/${collection}`, ...object].join('/');
}

/** Resolves with the head of the answer. */
function exchange(url: URL, options: RequestOptions, payload: string | undefined): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = (url.protocol === 'http:' ? http : https).request(url, options);
  request.on('response', resolve);
  // Also after the head: what breaks then shows in the body, and an error event must have a listener.
  request.on('error', error => {
    const isStale = request.reusedSocket && (codeOf(error) === 'ECONNRESET' || codeOf(error) === 'EPIPE');
    reject(isStale ? new StaleConnectionError(error.message, { cause: error }) : error);
  });
  request.end(payload);
  return promise;
}

async function readText(response: IncomingMessage, longest: number, server: string, signal: AbortSignal) {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > longest) throw new BadAnswerError(`${server} sent an answer of more than ${longest} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw unreachable(error, server);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The parser's message quotes the text around the fault, and an object of the API may be a Secret. */
function notJson(text: string): string {
  return text.trimStart().startsWith('{')
    ? 'its JSON is damaged or cut short'
    : `its answer begins with ${quote(text.slice(0, 40))}`;
}

function parseOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
