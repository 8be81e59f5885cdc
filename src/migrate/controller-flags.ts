/** What the flags of ingress-nginx's controller mean to kube-entry. */
import { closest } from '../text/closest.ts';
import type { Finding, Verdict } from './report.ts';

interface FlagRow {
  readonly verdict: Verdict;
  readonly reason?: string;
  /** The flag of kube-entry that says the same; its value is the same one. */
  readonly ours?: string;
  /** Values that ask for nothing: those of ingress-nginx by default. */
  readonly idle?: readonly string[];
}

const works = (ours: string, reason?: string): FlagRow => ({ verdict: 'works', ours, ...(reason && { reason }) });
const needless = (reason: string): FlagRow => ({ verdict: 'works', reason });
const lost = (reason: string, ...idle: string[]): FlagRow => ({ verdict: 'unsupported', reason, idle });

const NO_RELOAD = 'changes are served within milliseconds, and nothing is reloaded';
const PORTS = 'the chart and the overlays set the ports';
const PROBES = 'probes and metrics are on the status listener, port 10254, under /healthz, /readyz and /metrics';
const NO_WEBHOOK = 'there is no webhook that could keep people from applying objects: run kube-entry check in CI';

const ROWS: Readonly<Record<string, FlagRow>> = {
  'ingress-class': works('ingress-class'),
  'controller-class': { ...works('ingress-controller'), idle: ['k8s.io/ingress-nginx'] },
  'ingress-class-by-name': needless('a class counts by its name where there is no IngressClass of it'),
  'watch-ingress-without-class': works('ingress-without-class'),
  configmap: works('ingress-configmap'),
  'default-backend-service': works('default-backend-service'),
  'default-ssl-certificate': works('default-tls-secret'),
  'publish-service': works('publish-service', 'leave it out while ingress-nginx still writes the status'),
  'publish-status-address': works('publish-address', 'leave it out while ingress-nginx still writes the status'),
  'watch-namespace': works('namespace'),
  'watch-namespace-selector': lost('name the namespaces with --namespace, or serve all of them', ''),
  'election-id': needless('one replica holds a Lease, --status-lease'),
  'election-ttl': needless('one replica holds a Lease, --status-lease'),
  'update-status': needless('the status is written only with --publish-service or --publish-address'),
  'update-status-on-shutdown': {
    verdict: 'differs',
    reason:
      'the status stays when kube-entry ends, so that DNS does not lose the address; --clear-status-on-exit takes it out',
    idle: ['false'],
  },
  'status-update-interval': needless('the status is written when it changes'),
  'report-node-internal-ip-address': lost('name the addresses with --publish-address', 'false'),
  'disable-catch-all': lost('Ingresses with a default backend are served: leave them out of the class', 'false'),
  'disable-svc-external-name': needless('Services of type ExternalName are served only with --allow-external-name'),
  'disable-sync-events': needless('--events off writes no Events at all'),
  'enable-ssl-passthrough': needless('the annotation ssl-passthrough works without a flag'),
  'ssl-passthrough-proxy-port': needless('TLS is passed on by the same listener'),
  'tcp-services-configmap': lost('TCP is not proxied: give those Services a load balancer of their own', ''),
  'udp-services-configmap': lost('UDP is not proxied: give those Services a load balancer of their own', ''),
  'annotations-prefix': lost(
    'only nginx.ingress.kubernetes.io is read: rename the annotations',
    'nginx.ingress.kubernetes.io',
  ),
  'maxmind-license-key': lost('there is no GeoIP', ''),
  'maxmind-edition-ids': lost('there is no GeoIP', '', 'GeoLite2-City,GeoLite2-ASN'),
  'maxmind-mirror': lost('there is no GeoIP', ''),
  'enable-topology-aware-routing': {
    verdict: 'differs',
    reason: 'topology hints are followed where a Service has them',
    idle: ['false'],
  },
  'enable-annotation-validation': needless('values are always validated'),
  'deep-inspect': needless('hosts and paths are always inspected'),
  'validating-webhook': needless(NO_WEBHOOK),
  'validating-webhook-certificate': needless(NO_WEBHOOK),
  'validating-webhook-key': needless(NO_WEBHOOK),
  'disable-full-test': needless(NO_WEBHOOK),
  'http-port': needless(PORTS),
  'https-port': needless(PORTS),
  'healthz-port': needless(PROBES),
  'healthz-host': needless(PROBES),
  'health-check-path': needless(PROBES),
  'health-check-timeout': needless(PROBES),
  'status-port': needless(PROBES),
  'stream-port': needless(PORTS),
  'default-server-port': needless(PORTS),
  'profiler-port': needless('there is no profiler'),
  profiling: needless('there is no profiler'),
  'enable-metrics': needless(PROBES),
  'metrics-per-host': needless('metrics are by Service'),
  'metrics-per-undefined-host': needless('metrics are by Service'),
  'exclude-socket-metrics': needless('metrics are by Service'),
  'report-status-classes': needless('metrics have every status'),
  'time-buckets': needless('metrics have buckets of their own'),
  'length-buckets': needless('metrics have buckets of their own'),
  'size-buckets': needless('metrics have buckets of their own'),
  'monitor-max-batch-size': needless('metrics have buckets of their own'),
  'sync-period': needless(NO_RELOAD),
  'sync-rate-limit': needless(NO_RELOAD),
  'dynamic-configuration-retries': needless(NO_RELOAD),
  'shutdown-grace-period': works('shutdown-delay'),
  'post-shutdown-grace-period': needless('--shutdown-timeout is how long requests may take to end'),
  'internal-logger-address': needless('logs go to standard output and standard error'),
  'disable-leader-election': needless('without --publish-service and --publish-address there is no Lease'),
  'skip-verification-of-ingress-class': needless('an IngressClass that may not be read counts by its name'),
  'apiserver-host': needless('--kubeconfig names the server'),
  'certificate-authority': needless('--kubeconfig names it'),
  kubeconfig: works('kubeconfig'),
  v: needless('--log-level says how much is logged'),
  logtostderr: needless('logs go to standard error'),
  alsologtostderr: needless('logs go to standard error'),
  stderrthreshold: needless('--log-level says how much is logged'),
  vmodule: needless('--log-level says how much is logged'),
  'log-dir': needless('logs go to standard error'),
  'log-file': needless('logs go to standard error'),
};

/** Of durations: a bare number is seconds in ingress-nginx. */
const SECONDS: ReadonlySet<string> = new Set(['shutdown-grace-period']);

const SWITCHES: ReadonlySet<string> = new Set(['watch-ingress-without-class']);

export interface JudgedFlags {
  readonly findings: readonly Finding[];
  /** Flags of kube-entry that say the same. */
  readonly serveWith: readonly string[];
}

export function judgeFlags(flags: ReadonlyMap<string, string>): JudgedFlags {
  const findings: Finding[] = [];
  const serveWith = new Set<string>();
  for (const [name, value] of flags) {
    const row = Object.hasOwn(ROWS, name) ? ROWS[name] : undefined;
    const field = `--${name}`;
    if (row === undefined) {
      const near = closest(name, Object.keys(ROWS));
      const advice = near === undefined ? '' : `; did you mean --${near}?`;
      findings.push({ field, value, verdict: 'dead', reason: `ingress-nginx 1.15 has no such flag${advice}` });
      continue;
    }
    const { verdict, reason, idle = [] } = row;
    const mend = oursOf(row, name, value);
    if (mend !== undefined) serveWith.add(mend);
    if (verdict !== 'works' && idle.includes(value)) findings.push({ field, value, verdict: 'works' });
    else findings.push({ field, value, verdict, ...(reason && { reason }), ...(mend && { mend }) });
  }
  return { findings, serveWith: [...serveWith] };
}

function oursOf({ ours, idle = [] }: FlagRow, name: string, value: string): string | undefined {
  if (ours === undefined || value === '' || idle.includes(value)) return undefined;
  if (SWITCHES.has(name)) return value === 'true' ? `--${ours}` : undefined;
  return `--${ours}=${SECONDS.has(name) && /^\d+$/.test(value) ? `${value}s` : value}`;
}
