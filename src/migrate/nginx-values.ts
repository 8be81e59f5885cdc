/** The values of ingress-nginx's Helm chart: what its templates make of them, and the values of our chart that say the same. */
import { isObject } from '../resources/service-object.ts';
import { judgeFlags } from './controller-flags.ts';
import type { Finding, Verdict } from './report.ts';

export interface ChartValues {
  /** The name of the file, for people. */
  readonly file: string;
  /** Of the controller, as the templates write them. */
  readonly flags: ReadonlyMap<string, string>;
  /** The data of its ConfigMap. */
  readonly config: ReadonlyMap<string, string>;
  /** The values that our chart does not take, and why. */
  readonly findings: readonly Finding[];
  /** The values for our chart. */
  readonly ours: Readonly<Record<string, unknown>>;
}

/** Values that our chart has under the same name, and that mean the same there. What is below one of them is taken with it. */
export const KEPT: readonly string[] = [
  'commonLabels',
  'imagePullSecrets',
  'rbac.create',
  'serviceAccount.annotations',
  'controller.affinity',
  'controller.annotations',
  'controller.autoscaling.enabled',
  'controller.autoscaling.maxReplicas',
  'controller.autoscaling.minReplicas',
  'controller.autoscaling.targetCPUUtilizationPercentage',
  'controller.autoscaling.targetMemoryUtilizationPercentage',
  'controller.config',
  'controller.extraEnvs',
  'controller.extraVolumeMounts',
  'controller.extraVolumes',
  'controller.hostPort.ports',
  'controller.ingressClass',
  'controller.ingressClassResource.controllerValue',
  'controller.kind',
  'controller.maxUnavailable',
  'controller.metrics.enabled',
  'controller.metrics.serviceMonitor.additionalLabels',
  'controller.metrics.serviceMonitor.enabled',
  'controller.metrics.serviceMonitor.namespace',
  'controller.metrics.serviceMonitor.scrapeInterval',
  'controller.minAvailable',
  'controller.minReadySeconds',
  'controller.nodeSelector',
  'controller.podAnnotations',
  'controller.podLabels',
  'controller.priorityClassName',
  'controller.replicaCount',
  'controller.resources',
  'controller.scope.enabled',
  'controller.scope.namespace',
  'controller.service.annotations',
  'controller.service.enabled',
  'controller.service.enableHttp',
  'controller.service.enableHttps',
  'controller.service.externalTrafficPolicy',
  'controller.service.ipFamilies',
  'controller.service.ipFamilyPolicy',
  'controller.service.labels',
  'controller.service.loadBalancerClass',
  'controller.service.loadBalancerSourceRanges',
  'controller.service.ports.http',
  'controller.service.ports.https',
  'controller.service.sessionAffinity',
  'controller.service.type',
  'controller.terminationGracePeriodSeconds',
  'controller.tolerations',
  'controller.topologySpreadConstraints',
  'controller.updateStrategy',
  'controller.watchIngressWithoutClass',
];

const OWN_NAMES = 'the objects stand beside those of ingress-nginx, and need names of their own';
const OWN_ADDRESS = 'the Service of ingress-nginx keeps it, and leads to the pods of kube-entry later';
const FOREIGN_LABELS = 'it names the pods of ingress-nginx: write it with app.kubernetes.io/name: kube-entry';

/** Values that our chart has not, or that no two releases can have, and why; the longest name that fits counts. */
const LEFT_OUT: Readonly<Record<string, readonly [Verdict, reason: string]>> = {
  fullnameOverride: ['works', OWN_NAMES],
  nameOverride: ['works', OWN_NAMES],
  'serviceAccount.create': ['works', OWN_NAMES],
  'serviceAccount.name': ['works', OWN_NAMES],
  'controller.affinity': ['differs', FOREIGN_LABELS],
  'controller.topologySpreadConstraints': ['differs', FOREIGN_LABELS],
  'controller.hostPort': [
    'differs',
    'a port of a node has one owner: turn controller.hostPort.enabled on where ingress-nginx has left the node',
  ],
  'controller.ingressClassResource': ['works', 'the IngressClass of ingress-nginx is served, and stays'],
  'controller.service.clusterIP': ['works', OWN_ADDRESS],
  'controller.service.externalIPs': ['works', OWN_ADDRESS],
  'controller.service.loadBalancerIP': ['works', OWN_ADDRESS],
  'controller.service.nodePorts': ['works', OWN_ADDRESS],
  'controller.admissionWebhooks': [
    'works',
    'there is no webhook that could keep people from applying objects: run kube-entry check in CI',
  ],
  'controller.allowSnippetAnnotations': ['works', 'it stands in controller.config'],
  'controller.addHeaders': [
    'unsupported',
    'make a ConfigMap of them, and name it in controller.config under add-headers',
  ],
  'controller.proxySetHeaders': [
    'unsupported',
    'make a ConfigMap of them, and name it in controller.config under proxy-set-headers',
  ],
  'controller.extraArgs': [
    'works',
    'flags that have another name are renamed, and those that are not needed are left out',
  ],
  'controller.hostNetwork': ['differs', 'the pods listen on ports of the node with controller.hostPort'],
  'controller.image': ['works', 'the image is another one'],
  'controller.lifecycle': ['works', 'a pod drains by itself after SIGTERM'],
  'controller.publishService': [
    'works',
    'it is off while ingress-nginx writes the status of Ingresses: turn it on when the address is handed over',
  ],
  'controller.opentelemetry': ['unsupported', 'there are no spans'],
  'controller.service.internal': ['unsupported', 'make a second Service with the labels of the pods'],
  'controller.service.appProtocol': ['works', 'the ports of the Service say it'],
  'controller.service.targetPorts': ['works', 'the ports of the container have the names http and https'],
  'controller.tcp': ['works', 'TCP is not proxied'],
  'controller.udp': ['works', 'UDP is not proxied'],
  'controller.scope.namespaceSelector': ['unsupported', 'name the namespace, or serve all of them'],
  'controller.startupProbe': ['works', 'the chart has probes of its own'],
  'controller.livenessProbe': ['works', 'the chart has probes of its own'],
  'controller.readinessProbe': ['works', 'the chart has probes of its own'],
  defaultBackend: [
    'unsupported',
    'keep its pods and Service, and name it with controller.extraArgs.default-backend-service',
  ],
  revisionHistoryLimit: ['works', 'the cluster’s default counts'],
  tcp: ['unsupported', 'TCP is not proxied: give those Services a load balancer of their own'],
  udp: ['unsupported', 'UDP is not proxied: give those Services a load balancer of their own'],
};

/** Flags that values of our chart stand for. */
const BY_VALUES: ReadonlySet<string> = new Set([
  'ingress-class',
  'controller-class',
  'configmap',
  'publish-service',
  'watch-namespace',
  'watch-ingress-without-class',
]);

/** @param values what the file holds */
export function readNginxValues(values: Record<string, unknown>, file: string): ChartValues {
  const extraArgs = textsAt(values, 'controller', 'extraArgs');
  const config = textsAt(values, 'controller', 'config');
  const snippets = at(values, 'controller', 'allowSnippetAnnotations');
  if (snippets !== undefined && !config.has('allow-snippet-annotations'))
    config.set('allow-snippet-annotations', String(snippets));
  const flags = new Map([...flagsOf(values), ...extraArgs]);
  const ours: Record<string, unknown> = {};
  const findings: Finding[] = [];
  for (const [path, value] of leavesOf(values)) {
    const field = path.join('.');
    if (KEPT.includes(field) && !selectsNginx(field, value)) put(ours, path, value);
    else findings.push(leftOut(field, value));
  }
  const renamed = renamedArgs(extraArgs);
  if (Object.keys(renamed).length > 0) put(ours, ['controller', 'extraArgs'], renamed);
  if (config.size > 0) put(ours, ['controller', 'config'], Object.fromEntries(config));
  return { file, flags, config, findings, ours };
}

/** Pods of ours that keep away from those of ingress-nginx would find no node. */
function selectsNginx(field: string, value: unknown): boolean {
  const isPlacement = field === 'controller.affinity' || field === 'controller.topologySpreadConstraints';
  return isPlacement && JSON.stringify(value).includes('ingress-nginx');
}

/** As _params.tpl of the chart writes them. */
function flagsOf(values: Record<string, unknown>): Map<string, string> {
  const flags = new Map<string, string>();
  const set = (flag: string, value: unknown): void => {
    if (value !== undefined && value !== null && value !== '' && value !== false) flags.set(flag, String(value));
  };
  set('ingress-class', at(values, 'controller', 'ingressClass'));
  set('controller-class', at(values, 'controller', 'ingressClassResource', 'controllerValue'));
  set('watch-ingress-without-class', at(values, 'controller', 'watchIngressWithoutClass'));
  set('ingress-class-by-name', at(values, 'controller', 'ingressClassByName'));
  set('election-id', at(values, 'controller', 'electionID'));
  if (at(values, 'controller', 'scope', 'enabled') === true) {
    set('watch-namespace', at(values, 'controller', 'scope', 'namespace'));
    set('watch-namespace-selector', at(values, 'controller', 'scope', 'namespaceSelector'));
  }
  return flags;
}

/** Flags of the controller under the names that kube-entry has for them. */
function renamedArgs(extraArgs: ReadonlyMap<string, string>): Record<string, string> {
  const kept = new Map([...extraArgs].filter(([name]) => !BY_VALUES.has(name)));
  return Object.fromEntries(
    judgeFlags(kept).serveWith.map(flag => {
      const [name = '', value = 'true'] = flag.slice(2).split(/=(.*)/s);
      return [name, value];
    }),
  );
}

function leftOut(field: string, value: unknown): Finding {
  const known = Object.keys(LEFT_OUT)
    .filter(name => field === name || field.startsWith(`${name}.`))
    .sort((a, b) => b.length - a.length)[0];
  const [verdict, reason] = (known !== undefined ? LEFT_OUT[known] : undefined) ?? [
    'works',
    'the chart has no such value',
  ];
  // What is turned off is not missed.
  const isOff = value === false || value === '' || (isObject(value) && Object.keys(value).length === 0);
  const shown = typeof value === 'string' ? value : JSON.stringify(value);
  return {
    field,
    value: shown.length > 200 ? `${shown.slice(0, 200)}…` : shown,
    verdict: isOff ? 'works' : verdict,
    reason,
  };
}

type Leaf = readonly [path: readonly string[], value: unknown];

/** The values that are asked about one by one: mappings are entered, as far as they are none that is taken whole. */
function leavesOf(value: Record<string, unknown>, path: readonly string[] = []): Leaf[] {
  return Object.entries(value).flatMap(([key, inner]): Leaf[] => {
    const here = [...path, key];
    const field = here.join('.');
    const isEntered = isObject(inner) && KEPT.some(name => name.startsWith(`${field}.`));
    if (isEntered) return leavesOf(inner, here);
    return inner === null || inner === undefined ? [] : [[here, inner]];
  });
}

function put(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let inner = target;
  for (const key of path.slice(0, -1)) {
    if (!Object.hasOwn(inner, key)) define(inner, key, {});
    inner = inner[key] as Record<string, unknown>;
  }
  define(inner, path.at(-1) ?? '', value);
}

/** Also for `__proto__`. */
function define(target: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (isObject(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined),
    value,
  );
}

/** Scalars of a mapping, as Helm's templates write them. */
function textsAt(value: unknown, ...path: readonly string[]): Map<string, string> {
  const mapping = at(value, ...path);
  if (!isObject(mapping)) return new Map();
  const scalars = Object.entries(mapping).filter(([, text]) => ['string', 'number', 'boolean'].includes(typeof text));
  return new Map(scalars.map(([key, text]) => [key, String(text)]));
}
