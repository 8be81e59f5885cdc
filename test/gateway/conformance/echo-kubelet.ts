/**
 * Stands for the kubelet of the suite's pods: runs the suite's own server for each, with the environment and the files of its
 * manifest, and shows its log to the API server, as the tests of mirrors ask for.
 */
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { dig } from '../../deploy/objects.ts';
import { eventually } from '../../support/eventually.ts';
import { gatewayProgram } from '../../support/gateway-assets.ts';
import { type Pod, PodCycle } from '../../support/pod-cycle.ts';
import type { ApiAnswer, RealKube } from '../../support/real-kube.ts';
import { START_DEADLINE_MS, TemporaryFolder } from '../../support/real-process.ts';
import { selfSigned } from '../../support/self-signed.ts';
import { EchoPod } from './echo-pod.ts';
import { HOST_ADDRESS, PodNetwork } from './pod-network.ts';

const POLL_MS = 100;

export class EchoKubelet implements AsyncDisposable {
  readonly #kube: RealKube;
  readonly #network = new PodNetwork();
  readonly #folder = new TemporaryFolder();
  /** By namespace and name. */
  readonly #pods = new Map<string, EchoPod>();
  readonly #server: Server;
  #cycle: PodCycle | undefined;
  #isEnding = false;

  private constructor(kube: RealKube) {
    this.#kube = kube;
    const { key, cert } = selfSigned();
    this.#server = createServer({ key, cert }, (request, response) => this.#showLog(request, response));
  }

  static async start(kube: RealKube): Promise<EchoKubelet> {
    const kubelet = new EchoKubelet(kube);
    const { port } = await kubelet.#listen();
    const status = {
      addresses: [{ type: 'InternalIP', address: HOST_ADDRESS }],
      daemonEndpoints: { kubeletEndpoint: { Port: port } },
    };
    const runner = {
      start: (pod: Pod) => kubelet.#start(pod),
      stop: async (pod: Pod) => kubelet.#pods.get(nameOf(pod))?.end('SIGTERM'),
      kill: (pod: Pod) => kubelet.#kill(pod),
    };
    kubelet.#cycle = await PodCycle.start(kube, runner, { nodes: [{ name: 'node-0', status }] });
    return kubelet;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true;
    this.#server.close();
    this.#server.closeAllConnections();
    const ended = this.#cycle?.[Symbol.asyncDispose]();
    await Promise.all([...this.#pods.values()].map(pod => pod.end('SIGKILL')));
    await ended;
    await Promise.all([...this.#pods.values()].map(pod => pod.end('SIGKILL')));
    this.#folder.remove();
  }

  async #listen(): Promise<AddressInfo> {
    await once(this.#server.listen(0), 'listening');
    return this.#server.address() as AddressInfo;
  }

  async #start(pod: Pod): Promise<string> {
    const container = dig(pod.object, 'spec', 'containers', 0);
    const isEcho = String(dig(container, 'image')).includes('/echo-basic:');
    // What is not of the suite's own image is for protocols that are not asked for: it does nothing.
    const command = isEcho ? [gatewayProgram('echo-basic')] : ['sleep', 'infinity'];
    const environment = environmentOf(pod, container, await this.#mount(pod, container));
    const isSilent = !isEcho || 'UDP_ECHO_SERVER' in environment;
    const running = new EchoPod({ command, environment, isSilent });
    this.#pods.set(nameOf(pod), running);
    return await running.serve(this.#network);
  }

  async #kill(pod: Pod): Promise<void> {
    await this.#pods.get(nameOf(pod))?.end('SIGKILL');
    this.#pods.delete(nameOf(pod));
  }

  /** Writes what Secrets and ConfigMaps hold. @returns a folder of ours by the path in the container */
  async #mount(pod: Pod, container: unknown): Promise<ReadonlyMap<string, string>> {
    const mounts = new Map<string, string>();
    for (const mount of items(container, 'volumeMounts')) {
      const volume = items(pod.object, 'spec', 'volumes').find(({ name }) => name === mount.name);
      // Tokens of service accounts are mounted, too: none is needed.
      if (volume === undefined || !('secret' in volume || 'configMap' in volume)) continue;
      const folder = join(this.#folder.path, pod.uid, String(mount.name));
      for (const [file, content] of await this.#contentOf(pod.namespace, volume)) {
        const path = join(folder, file);
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, content);
      }
      mounts.set(String(mount.mountPath), folder);
    }
    return mounts;
  }

  async #contentOf(namespace: string, volume: unknown): Promise<[file: string, content: Buffer][]> {
    const secret = dig(volume, 'secret', 'secretName');
    const kind = secret === undefined ? 'configMap' : 'secret';
    const path = `/api/v1/namespaces/${namespace}/${kind.toLowerCase()}s/${secret ?? dig(volume, 'configMap', 'name')}`;
    // The suite makes Secrets after the pods that mount them.
    const { body } = await eventually(path, () => this.#found(path), START_DEADLINE_MS);
    const data = Object.entries(dig(body, 'data') ?? {}) as [string, string][];
    const encoding = secret === undefined ? 'utf8' : 'base64';
    const files = new Map(data.map(([key, value]) => [key, Buffer.from(value, encoding)]));
    const chosen = items(volume, kind, 'items');
    if (chosen.length === 0) return [...files];
    return chosen.map(({ key, path: file }) => [String(file), files.get(String(key)) ?? Buffer.alloc(0)]);
  }

  async #found(path: string): Promise<ApiAnswer | undefined> {
    const answer = await this.#kube.api('GET', path);
    if (answer.status === 200) return answer;
    if (this.#isEnding) throw new Error(`${path}: ${answer.status}`);
    await delay(POLL_MS);
    return undefined;
  }

  /** `/containerLogs/NAMESPACE/POD/CONTAINER?sinceTime=…` */
  #showLog({ url = '' }: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(url, 'https://kubelet');
    const [, , namespace, name] = pathname.split('/');
    const pod = this.#pods.get(`${namespace}/${name}`);
    const since = Date.parse(searchParams.get('sinceTime') ?? '');
    if (pod === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': 'text/plain' }).end(pod.log(Number.isNaN(since) ? 0 : since));
  }
}

function nameOf({ namespace, name }: Pod): string {
  return `${namespace}/${name}`;
}

/** Paths of files are ours: the pod has no file system of its own. */
function environmentOf(pod: Pod, container: unknown, mounts: ReadonlyMap<string, string>): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const variable of items(container, 'env')) {
    const field = dig(variable, 'valueFrom', 'fieldRef', 'fieldPath');
    let value = String(field === undefined ? (variable.value ?? '') : dig(pod.object, ...String(field).split('.')));
    for (const [path, folder] of mounts) if (value.startsWith(`${path}/`)) value = folder + value.slice(path.length);
    environment[String(variable.name)] = value;
  }
  return environment;
}

function items(value: unknown, ...path: readonly string[]): readonly Readonly<Record<string, unknown>>[] {
  return (dig(value, ...path) ?? []) as readonly Readonly<Record<string, unknown>>[];
}
