/**
 * Every setting, once: from here come defaults, flags, environment variables, config keys, `--help` and validation.
 * Names are nginx's directives where nginx has one.
 */
import { availableParallelism } from 'node:os';
import {
  addresses,
  addressRanges,
  balance,
  choice,
  controllerName,
  count,
  duration,
  filePath,
  ipAddresses,
  type Kind,
  labelSelector,
  list,
  listenAddress,
  namespaces,
  objectName,
  onOff,
  optionalListenAddress,
  percent,
  portRange,
  redisUrl,
  size,
  text,
  timeout,
} from './kinds.ts';

export interface Setting<T> {
  readonly kind: Kind<T>;
  readonly default: T;
  readonly description: string;
  /** May change in a running instance: SIGHUP, POST /configuration/general. */
  readonly live: boolean;
}

function fixed<T>(kind: Kind<T>, fallback: NoInfer<T>, description: string): Setting<T> {
  return { kind, default: fallback, description, live: false };
}

function live<T>(kind: Kind<T>, fallback: NoInfer<T>, description: string): Setting<T> {
  return { kind, default: fallback, description, live: true };
}

const NONE: readonly string[] = [];

export const SCHEMA = {
  listen: fixed(listenAddress, { host: '0.0.0.0', port: 8080 }, 'where clients connect'),
  proxyProtocol: fixed(
    addressRanges,
    NONE,
    "peers whose connections must begin with the PROXY protocol's header, version 1 or 2: it has the client's address",
  ),
  tlsListen: fixed(optionalListenAddress, undefined, 'where clients connect with TLS; default: no TLS'),
  tlsCertificate: fixed(
    filePath,
    '',
    'PEM file with the default certificate and its intermediates, followed; default: made at each start, self-signed',
  ),
  tlsKey: fixed(filePath, '', 'PEM file with the key of the default certificate, followed'),
  defaultTlsSecret: fixed(objectName, undefined, 'Secret with the default certificate instead of the files'),
  adminSocket: fixed(filePath, 'admin.sock', 'unix socket for /nginx_status and /configuration, with mode 0660'),
  statusListen: fixed(
    listenAddress,
    { host: '127.0.0.1', port: 10254 },
    'read-only TCP listener: the dashboard at /, /healthz, /readyz, /metrics, /nginx_status',
  ),
  dashboard: fixed(onOff, true, 'show the dashboard on the status listener; off: probes and metrics alone'),
  metricsPerEndpoint: fixed(
    onOff,
    false,
    'metrics of single endpoints, too: they name pods, and grow with every rollout',
  ),
  workers: fixed(count(1, 1024), availableParallelism(), 'worker threads; default: the CPUs that the cgroup allows'),
  engine: fixed(choice('wire', 'node'), 'wire', 'HTTP implementation of the data plane'),

  source: fixed(choice('kube', 'push'), 'kube', 'where routes come from: the Kubernetes API, or only pushed backends'),
  manifests: fixed(
    filePath,
    '',
    'read objects from a file of YAML or JSON, or a directory of them, not from the Kubernetes API; follow changes',
  ),
  kubeconfig: fixed(filePath, '', 'default: the in-cluster account, else $KUBECONFIG, else ~/.kube/config'),
  context: fixed(text, '', 'context of the kubeconfig'),
  namespace: fixed(namespaces, NONE, 'watch this namespace only; repeatable; default all, as with -A'),
  selector: fixed(labelSelector, '', 'watch only Services with these labels, as in "app=web,tier in (a,b)"'),
  events: fixed(onOff, true, 'tell the owners of Services by Kubernetes Events; off: change nothing in the cluster'),
  stateFile: fixed(
    filePath,
    '',
    'keep the Services of the Kubernetes API here, to serve them after a restart while the API is unreachable',
  ),
  allowExternalName: fixed(
    onOff,
    false,
    'serve ExternalName Services; anyone who may edit one can point the entry at any host',
  ),
  ingressClass: fixed(list, NONE, 'serve the Ingresses of these classes, as in "nginx"; default: no Ingress is read'),
  ingressController: fixed(
    list,
    NONE,
    'controllers whose IngressClasses count, whatever their name; default: k8s.io/ingress-nginx, kube-entry.io/ingress',
  ),
  ingressWithoutClass: fixed(onOff, false, 'serve Ingresses that name no class, too'),
  ingressConfigmap: fixed(objectName, undefined, "ConfigMap with ingress-nginx's global options"),
  defaultBackendService: fixed(
    objectName,
    undefined,
    'Service that answers where no Ingress has a rule; default: 404, and a page of its own',
  ),
  ingressLimitStatus: fixed(
    count(400, 599),
    503,
    'status of requests beyond the limit-… annotations of Ingresses, unless the ConfigMap says another',
  ),
  allowMissingWaf: fixed(
    onOff,
    false,
    'serve Ingresses that ask for ModSecurity without it; off: they are answered with 503',
  ),
  publishService: fixed(
    objectName,
    undefined,
    'write addresses of this Service, often a load balancer, to statuses of Ingresses and of Gateways in shared mode',
  ),
  publishAddress: live(addresses, NONE, 'write these addresses or names there instead'),
  statusLease: fixed(
    objectName,
    undefined,
    'Lease that says which replica writes statuses; default: kube-entry-ingress in its own namespace',
  ),
  clearStatusOnExit: live(onOff, false, 'take the addresses out of the status when the last replica ends'),
  gatewayController: fixed(
    controllerName,
    '',
    'serve Gateways whose class names this controller, as in kube-entry.io/gateway; default: no Gateway is read',
  ),
  gatewayMode: fixed(
    choice('addresses', 'service', 'shared'),
    'addresses',
    'how clients reach Gateways: an address or a Service for each one, or --listen and --tls-listen for all of them',
  ),
  gatewayAddresses: fixed(
    ipAddresses,
    NONE,
    'addresses for Gateways, one for each; the oldest Gateway gets the first, unless it asks for another one of them',
  ),
  gatewayServiceType: fixed(
    choice('LoadBalancer', 'NodePort', 'ClusterIP'),
    'LoadBalancer',
    'with --gateway-mode service: the type of the Services that are made',
  ),
  gatewayEndpoints: fixed(
    objectName,
    undefined,
    'with --gateway-mode service: the Service whose endpoints are the pods of this program',
  ),
  gatewayPorts: fixed(
    portRange,
    { first: 20_000, last: 20_999 },
    'with --gateway-mode service: ports of this program, one for each port of a Gateway, the same in all replicas',
  ),
  balance: fixed(
    balance,
    { policy: 'service' },
    'for Services that do not say it: service (the ClusterIP), least-request, round-robin, ewma or "hash KEY"',
  ),
  affinityKeyFile: fixed(
    filePath,
    '',
    'file with the secret key of sticky cookies, for all replicas; default: a new one at each start',
  ),
  nodeName: fixed(text, '', 'node that this instance runs on, for internalTrafficPolicy: Local and topology hints'),
  zone: fixed(text, '', 'zone of that node, for topology hints: as the label topology.kubernetes.io/zone says it'),
  zoneMinimum: fixed(
    count(1, 1024),
    2,
    'follow the topology hints of a Service only where they leave it as many endpoints as this',
  ),

  trustedProxies: live(addressRanges, NONE, 'peers whose X-Forwarded-For, -Proto and -Host are trusted'),
  httpsPort: live(
    count(0, 65_535),
    0,
    'port in the redirect of plain HTTP to https://, as clients reach it, a node port for example; 0 names none',
  ),
  rateLimitRedis: fixed(
    redisUrl,
    '',
    'Redis by which replicas share rate limits, each 100 ms; while it does not answer, each keeps them alone',
  ),
  upstreamHost: live(
    choice('normalised', 'as-received'),
    'normalised',
    'Host for upstreams: lower case without port and trailing dot (nginx: $host), or as the client sent it ($http_host)',
  ),
  underscoresInHeaders: live(onOff, false, 'forward request headers with an underscore in their name'),
  mergeSlashes: live(onOff, true, 'treat // in a request path as /'),
  upgradeProtocols: live(list, ['websocket'] as readonly string[], 'Upgrade protocols that may become a tunnel'),

  clientHeaderTimeout: live(timeout, 60_000, 'time to receive a whole request head'),
  clientBodyTimeout: live(timeout, 60_000, 'time between two reads of a request body'),
  sendTimeout: live(timeout, 60_000, 'time between two writes to a client'),
  keepaliveTimeout: live(duration, 75_000, 'how long an idle client connection is kept; 0s closes after each response'),
  keepaliveRequests: live(count(1, 2 ** 31), 10_000, 'most requests on one client connection'),
  clientMaxBodySize: live(size, 0, 'largest request body; 0 is no limit'),
  tlsRejectUnknownSni: live(
    onOff,
    false,
    'refuse TLS clients that name no known host, by an alert; off: they get the default certificate',
  ),
  tlsHandshakes: live(
    count(1, 2 ** 20),
    256,
    'most TLS handshakes of one worker; a further one replaces the oldest, or is closed if that is under 1 s old',
  ),
  workerConnections: live(
    count(1, 2 ** 20),
    16_384,
    'most client connections of one worker; further ones are closed at once',
  ),
  proxyConnectTimeout: live(timeout, 5_000, 'time to connect to an upstream, for each attempt'),
  proxyReadTimeout: live(timeout, 60_000, 'time between two reads from an upstream; also the idle limit of tunnels'),
  proxySendTimeout: live(timeout, 60_000, 'time between two writes to an upstream'),
  upstreamKeepalive: live(
    count(0, 2 ** 16),
    1024,
    'idle connections kept, per upstream and worker: as many as the last 4 seconds used, at most this many',
  ),
  outlierFailures: live(
    count(0, 1_000_000),
    5,
    'failures in a row, over all workers, that eject an endpoint; 85% of 50 requests in 10s do, too; 0: never',
  ),
  outlierEjectionTime: live(
    timeout,
    30_000,
    'how long an endpoint is ejected, times the ejections in a row, at most 300s; then one request may try it',
  ),
  outlierMaxEjected: live(
    percent,
    33,
    'largest part of the endpoints of a Service that is ejected at a time; one always may be, the last never',
  ),
  shutdownDelay: live(
    duration,
    5_000,
    'after SIGTERM, how long to keep accepting while load balancers notice; idle connections then get as long again',
  ),
  shutdownTimeout: live(duration, 30_000, 'after shutdown-delay, time for requests and tunnels to end'),

  errorPage: fixed(
    filePath,
    '',
    'HTML file for 500, 502, 503 and 504 instead of the built-in 50x.html; reread on SIGHUP',
  ),
  accessLog: live(choice('off', 'combined', 'json'), 'combined', 'format of the access log'),
  accessLogPath: fixed(filePath, '', 'file for the access log instead of standard output; SIGUSR1 reopens it'),
  logLevel: live(choice('debug', 'info', 'warn', 'error'), 'info', 'level of the program log, on standard error'),
  logLevelFormat: fixed(
    choice('words', 'numbers'),
    'words',
    'levels in the JSON of the program log: "warn", or pino\'s number 40',
  ),
  config: fixed(filePath, '', 'YAML file with any of these settings, keys in camelCase; reread on SIGHUP'),
} as const;

export type SettingKey = keyof typeof SCHEMA;

/** The settings in force. Plain data: it is sent to worker threads. */
export type Settings = { readonly [Key in SettingKey]: (typeof SCHEMA)[Key] extends Setting<infer T> ? T : never };

export const SETTING_KEYS = Object.keys(SCHEMA) as readonly SettingKey[];

export const DEFAULTS: Settings = Object.fromEntries(SETTING_KEYS.map(key => [key, SCHEMA[key].default])) as Settings;

/** Short flags, as kubectl has them. */
export const SHORT_FLAGS: Readonly<Partial<Record<SettingKey, string>>> = { namespace: 'n', selector: 'l' };

export function isSettingKey(key: string): key is SettingKey {
  return Object.hasOwn(SCHEMA, key);
}

/** `proxyReadTimeout` → `proxy-read-timeout` */
export function flagOf(key: SettingKey): string {
  return key.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);
}

/** `proxyReadTimeout` → `KUBE_ENTRY_PROXY_READ_TIMEOUT` */
export function environmentOf(key: SettingKey): string {
  return `KUBE_ENTRY_${flagOf(key).replaceAll('-', '_').toUpperCase()}`;
}
