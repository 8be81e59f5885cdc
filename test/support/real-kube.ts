/**
 * A real kube-apiserver with a real etcd behind it, on loopback, for as long as a test file runs. There is no kubelet and no
 * kube-proxy. The ClusterIPs are addresses of this machine (cluster-network.ts), so a test listens on them itself.
 */
import assert from 'node:assert';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { formatYaml } from '../../src/formats/yaml.ts';
import { hasClusterNetwork, SERVICE_RANGE } from './cluster-network.ts';
import { Kubectl } from './real-kubectl.ts';
import { patiently, RealProcess, TemporaryFolder } from './real-process.ts';
import { serverPort } from './server-port.ts';
import { assetsFolder } from './test-assets.ts';

/** The account of deploy/base/service-account.yaml. */
export const ENTRY_ACCOUNT = 'system:serviceaccount:kube-entry:kube-entry';

const HOST = '127.0.0.1';

export interface RealKubeOptions {
  /** Without it every watch reads etcd's history itself, and ends with 410 where that was compacted. */
  readonly watchCache?: boolean;
  /** How often etcd's history is compacted, as Go writes durations. */
  readonly compactionInterval?: string;
  /** Seconds after which it ends a watch that names no time of its own: between this and twice this. */
  readonly minRequestTimeout?: number;
  /** Else one that holds 28888, as deploy/README.md says. */
  readonly nodePortRange?: string;
}

/** What a kubeconfig of the entry's account says besides where the server is. */
export interface KubeconfigFields {
  readonly port?: number;
  /** PEM; else that of the server. */
  readonly certificate?: string;
  /** Else the account's token of {@link RealKube}. */
  readonly user?: object;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: unknown;
}

export class RealKube {
  readonly #options: RealKubeOptions;
  readonly #assets: string;
  readonly #folder = new TemporaryFolder();
  readonly #tokens = { admin: randomBytes(16).toString('hex'), entry: randomBytes(16).toString('hex') };
  /** The API server closes what is idle for 90 s, and one that was frozen does so when it goes on: no request may meet that. */
  readonly #agent = new Agent({ keepAlive: true, timeout: 30_000 });
  readonly port: number;
  readonly #etcdPort: number;
  #etcd: RealProcess | undefined;
  #apiServer: RealProcess | undefined;
  #controllerManager: RealProcess | undefined;
  /** As system:masters, who may do everything. */
  readonly kubectl: Kubectl;

  private constructor(options: RealKubeOptions, port: number, etcdPort: number) {
    this.#options = options;
    this.#assets = assetsFolder();
    this.port = port;
    this.#etcdPort = etcdPort;
    this.kubectl = new Kubectl(this.#assets, this.kubeconfig('admin'), this.#folder.path);
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    this.#write('account.key', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    this.#write('account.pub', publicKey.export({ type: 'spki', format: 'pem' }).toString());
    const { admin, entry } = this.#tokens;
    const groups = '"system:serviceaccounts,system:serviceaccounts:kube-entry"';
    this.#write('tokens.csv', `${admin},admin,1,"system:masters"\n${entry},${ENTRY_ACCOUNT},2,${groups}\n`);
  }

  /** Resolves when the API is ready. @throws Error that says what is missing */
  static async start(options: RealKubeOptions = {}): Promise<RealKube> {
    assert.ok(
      await hasClusterNetwork(),
      'run it by `npm run test:e2e`, in a network that has the addresses of a cluster',
    );
    const kube = new RealKube(options, await serverPort(), await serverPort());
    try {
      kube.startEtcd();
      await kube.startApiServer();
    } catch (error) {
      await kube.stop();
      throw error;
    }
    return kube;
  }

  /** Ends everything and wipes what it wrote. */
  async stop(): Promise<void> {
    this.#agent.destroy();
    await this.#controllerManager?.end();
    await this.#apiServer?.end();
    await this.#etcd?.end();
    this.#folder.remove();
  }

  get url(): string {
    return `https://${HOST}:${this.port}`;
  }

  /** Of a user that is known to the server: `entry` has no right but those that tests grant. */
  kubeconfig(user: 'admin' | 'entry'): string {
    return this.#path(`${user}.kubeconfig`);
  }

  /** A kubeconfig of the entry's account that goes another way to the server. */
  kubeconfigThrough(port: number): string {
    return this.writeKubeconfig(`entry-${port}.kubeconfig`, { port });
  }

  /** A kubeconfig of the entry's account that stays as it is until it is written again. @returns its path */
  writeKubeconfig(file: string, fields: KubeconfigFields = {}): string {
    return this.#writeKubeconfig('entry', file, fields);
  }

  /** Where a test may put a file that is wiped with the rest. */
  path(file: string): string {
    return this.#path(file);
  }

  /** Also after {@link killApiServer}: on the same port, with the same data and certificate. */
  async startApiServer(): Promise<void> {
    const server = this.#runApiServer();
    this.#apiServer = server;
    const isReady = async (): Promise<boolean> => {
      server.assertRuns();
      if (!existsSync(this.#path('apiserver.crt'))) return false;
      return (await this.api('GET', '/readyz').catch(() => undefined))?.status === 200;
    };
    await patiently('the API server is ready', isReady);
    for (const user of ['admin', 'entry'] as const) this.#writeKubeconfig(user, `${user}.kubeconfig`);
  }

  /**
   * Kubernetes' own controllers for Deployments, EndpointSlices and default service accounts. Resolves when pods can be made.
   * @param more further controllers
   */
  async startControllerManager(...more: readonly string[]): Promise<void> {
    this.#controllerManager = new RealProcess(join(this.#assets, 'kube-controller-manager'), [
      `--kubeconfig=${this.kubeconfig('admin')}`,
      `--controllers=${['deployment', 'replicaset', 'endpointslice', 'serviceaccount', ...more].join()}`,
      // What it may ask for by default would take a minute for a few dozen pods.
      ...['--kube-api-qps=500', '--kube-api-burst=1000'],
      '--leader-elect=false',
      // It serves nothing.
      '--secure-port=0',
    ]);
    const account = '/api/v1/namespaces/default/serviceaccounts/default';
    await patiently(
      'the service account of pods is there',
      async () => (await this.api('GET', account)).status === 200,
    );
  }

  /** kill -9: its connections break, nothing is tidied up. */
  async killApiServer(): Promise<void> {
    await this.#apiServer?.end();
  }

  /** It still has its port, and the kernel takes connections for it, but nothing answers. */
  freezeApiServer(): void {
    this.#apiServer?.signal('SIGSTOP');
  }

  thawApiServer(): void {
    this.#apiServer?.signal('SIGCONT');
  }

  /** kill -9. */
  async killEtcd(): Promise<void> {
    await this.#etcd?.end();
  }

  /** While etcd is not running: all that the cluster ever knew is gone, and versions are counted from 1 again. */
  eraseEtcd(): void {
    rmSync(this.#path('etcd'), { recursive: true });
  }

  /** While the API server is not running: it will make a new certificate, which no client trusts yet. */
  eraseCertificate(): void {
    for (const file of ['apiserver.crt', 'apiserver.key']) rmSync(this.#path(file));
  }

  /** PEM; it vouches for itself. */
  get certificate(): string {
    return readFileSync(this.#path('apiserver.crt'), 'utf8');
  }

  /** Asks the API as the admin; the body of the answer is parsed if it is JSON. */
  api(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<ApiAnswer> {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const asked = request(`${this.url}${path}`, {
        method,
        agent: this.#agent,
        ca: this.certificate,
        timeout: 30_000,
        headers: {
          authorization: `Bearer ${this.#tokens.admin}`,
          ...(payload !== undefined && {
            // Node announces no length of its own for DELETE.
            'content-length': Buffer.byteLength(payload),
            'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
          }),
        },
      });
      asked.once('error', reject).once('timeout', () => asked.destroy(new Error(`no answer: ${method} ${path}`)));
      asked.once('response', response => {
        text(response).then(raw => resolve({ status: response.statusCode ?? 0, body: parse(raw) }), reject);
      });
      asked.end(payload);
    });
  }

  /** What is there and whatever changes from now on, as the admin sees it, until the signal. @param path of a list */
  async *watch(path: string, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const asked = request(`${this.url}${path}?watch=true`, {
      agent: false,
      ca: this.certificate,
      headers: { authorization: `Bearer ${this.#tokens.admin}` },
      signal,
    }).end();
    asked.on('error', () => undefined);
    try {
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      response.once('error', () => undefined);
      for await (const line of createInterface({ input: response })) yield JSON.parse(line) as WatchEvent;
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** Also after {@link killEtcd}: on the same port, with the same data. */
  startEtcd(): void {
    const url = `http://${HOST}:${this.#etcdPort}`;
    this.#etcd = new RealProcess(join(this.#assets, 'etcd'), [
      `--data-dir=${this.#path('etcd')}`,
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      // Alone it talks to no peer.
      `--listen-peer-urls=http://${HOST}:0`,
    ]);
  }

  #runApiServer(): RealProcess {
    const { watchCache = true, compactionInterval, minRequestTimeout } = this.#options;
    const { nodePortRange = '28000-32767' } = this.#options;
    return new RealProcess(join(this.#assets, 'kube-apiserver'), [
      `--etcd-servers=http://${HOST}:${this.#etcdPort}`,
      `--bind-address=${HOST}`,
      `--advertise-address=${HOST}`,
      `--secure-port=${this.port}`,
      // There it makes a certificate for itself, and finds it again after a restart.
      `--cert-dir=${this.#folder.path}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-signing-key-file=${this.#path('account.key')}`,
      `--service-account-key-file=${this.#path('account.pub')}`,
      `--token-auth-file=${this.#path('tokens.csv')}`,
      '--authorization-mode=RBAC',
      `--service-cluster-ip-range=${SERVICE_RANGE}`,
      `--service-node-port-range=${nodePortRange}`,
      // The Endpoints of the Service `kubernetes` may not be on loopback; no test needs them.
      '--endpoint-reconciler-type=none',
      `--watch-cache=${watchCache}`,
      ...(compactionInterval === undefined ? [] : [`--etcd-compaction-interval=${compactionInterval}`]),
      ...(minRequestTimeout === undefined ? [] : [`--min-request-timeout=${minRequestTimeout}`]),
    ]);
  }

  #writeKubeconfig(name: 'admin' | 'entry', file: string, fields: KubeconfigFields = {}): string {
    const { port = this.port, certificate = this.certificate, user = { token: this.#tokens[name] } } = fields;
    const server = `https://${HOST}:${port}`;
    const trust = { 'certificate-authority-data': Buffer.from(certificate).toString('base64') };
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'e2e', cluster: { server, ...trust } }],
      users: [{ name, user }],
      contexts: [{ name: 'e2e', context: { cluster: 'e2e', user: name } }],
      'current-context': 'e2e',
    };
    this.#write(file, formatYaml(config));
    return this.#path(file);
  }

  #write(file: string, content: string): void {
    writeFileSync(this.#path(file), content, { mode: 0o600 });
  }

  #path(file: string): string {
    return join(this.#folder.path, file);
  }
}

function parse(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    return raw;
  }
}
