/**
 * Stands for the scheduler and the kubelets of a cluster without machines. It gives every pod a node and an address of the
 * pods' half of the test network, runs its server there (real-node.ts), tells the API server that it is ready, and when the
 * API server says that the pod is to go, ends it in the order of a real kubelet: SIGTERM, not ready, gone.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { dig, listAt } from '../deploy/objects.ts';
import { podAddress } from './cluster-network.ts';
import type { RealKube } from './real-kube.ts';
import { RealNode } from './real-node.ts';

export const POD_PORT = 8080;

const MOST_ADDRESSES = 20;
const SECOND = 1_000;
/** What a container takes until it is ready, in milliseconds: at least, and at most. No two pods of a cluster take the same. */
const STARTS_IN = [200, 600] as const;

export interface KubeletOptions {
  readonly nodes?: number;
  /** How long a pod goes on listening after it was told to end, as a preStop hook makes it: 0 if nothing is said. */
  readonly listensOnMs?: number;
}

interface Pod {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly app: string;
  readonly graceMs: number;
  readonly node: string | undefined;
  readonly isToGo: boolean;
}

export class Kubelet implements AsyncDisposable {
  readonly nodes: readonly RealNode[];
  readonly #kube: RealKube;
  readonly #listensOnMs: number;
  readonly #ending = new AbortController();
  /** What is done for a pod, one step after the other, by the pod's uid. */
  readonly #steps = new Map<string, Promise<void>>();
  /** By the pod's uid: `bound`, `running`, `leaving`. */
  readonly #states = new Map<string, 'bound' | 'running' | 'leaving'>();
  readonly #addresses: string[] = [];
  readonly #failures: unknown[] = [];
  #bound = 0;
  #watching: Promise<void> = Promise.resolve();

  private constructor(kube: RealKube, { nodes = 1, listensOnMs = 0 }: KubeletOptions) {
    this.#kube = kube;
    this.#listensOnMs = listensOnMs;
    this.nodes = Array.from({ length: nodes }, (_, index) => new RealNode(`node-${index}`));
  }

  static async start(kube: RealKube, options: KubeletOptions = {}): Promise<Kubelet> {
    const kubelet = new Kubelet(kube, options);
    for (const { name } of kubelet.nodes) {
      // The controller of EndpointSlices leaves pods out whose node does not exist.
      await kubelet.#ask('POST', '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name } });
    }
    kubelet.#watching = kubelet.#watch();
    return kubelet;
  }

  /** The next pod that starts gets this address. */
  lend(address: string): void {
    this.#addresses.push(address);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#watching;
    await Promise.all(this.nodes.map(node => node.end()));
    await Promise.all(this.#steps.values());
    const [failure] = this.#failures;
    if (failure !== undefined) throw failure;
  }

  async #watch(): Promise<void> {
    try {
      for await (const { type, object } of this.#kube.watch('/api/v1/pods', this.#ending.signal)) {
        if (type === 'DELETED') this.#states.delete(podOf(object).uid);
        else this.#see(podOf(object));
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #see(pod: Pod): void {
    const { uid, node, isToGo } = pod;
    const state = this.#states.get(uid);
    if (node === undefined) {
      if (state !== undefined || isToGo) return;
      this.#states.set(uid, 'bound');
      this.#then(pod, () => this.#bind(pod));
    } else if (isToGo) {
      if (state === 'leaving') return;
      this.#states.set(uid, 'leaving');
      this.#then(pod, () => this.#finish(pod));
    } else if (state === undefined || state === 'bound') {
      this.#states.set(uid, 'running');
      this.#then(pod, () => this.#run(pod));
    }
  }

  #then({ uid }: Pod, step: () => Promise<void>): void {
    const before = this.#steps.get(uid) ?? Promise.resolve();
    this.#steps.set(
      uid,
      before.then(step).catch(error => this.#fail(error)),
    );
  }

  /** What the end itself broke is no failure. */
  #fail(error: unknown): void {
    if (!this.#ending.signal.aborted) this.#failures.push(error);
  }

  async #bind({ namespace, name }: Pod): Promise<void> {
    const target = { apiVersion: 'v1', kind: 'Node', name: this.#node(this.#bound++ % this.nodes.length).name };
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace }, target };
    await this.#ask('POST', `/api/v1/namespaces/${namespace}/pods/${name}/binding`, binding);
  }

  async #run(pod: Pod): Promise<void> {
    const node = this.#nodeOf(pod);
    const [least, most] = STARTS_IN;
    await delay(least + Math.random() * (most - least));
    for (let tries = 0; tries < MOST_ADDRESSES; tries += 1) {
      const address = this.#addresses.shift() ?? podAddress();
      const place = { pod: pod.name, app: pod.app, address, port: POD_PORT };
      if (await node.startPod(place)) return await this.#say(pod, { isReady: true, address });
    }
    throw new Error(`no free address for ${pod.name}`);
  }

  async #finish(pod: Pod): Promise<void> {
    const node = this.#nodeOf(pod);
    await delay(this.#listensOnMs);
    const stopped = node.stopPod(pod.name);
    // Its probe fails from now on.
    await this.#say(pod, { isReady: false });
    await Promise.race([stopped, delay(pod.graceMs)]);
    await node.killPod(pod.name);
    const options = { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0 };
    await this.#ask('DELETE', this.#pathOf(pod), { ...options, preconditions: { uid: pod.uid } });
  }

  async #say(pod: Pod, { isReady, address }: { isReady: boolean; address?: string }): Promise<void> {
    const ready = { status: isReady ? 'True' : 'False', lastTransitionTime: new Date().toISOString() };
    const status = {
      phase: 'Running',
      ...(address !== undefined && { podIP: address, podIPs: [{ ip: address }] }),
      conditions: ['Ready', 'ContainersReady'].map(type => ({ type, ...ready })),
    };
    await this.#ask('PATCH', `${this.#pathOf(pod)}/status`, { status });
  }

  #pathOf({ namespace, name }: Pod): string {
    return `/api/v1/namespaces/${namespace}/pods/${name}`;
  }

  #nodeOf({ node }: Pod): RealNode {
    return this.#node(this.nodes.findIndex(({ name }) => name === node));
  }

  #node(index: number): RealNode {
    const node = this.nodes[index];
    if (node === undefined) throw new RangeError('a pod of a node that is not there');
    return node;
  }

  async #ask(method: 'POST' | 'PATCH' | 'DELETE', path: string, body: object): Promise<void> {
    const answer = await this.#kube.api(method, path, body);
    // A pod may go by another way while something is said of it.
    if (answer.status < 300 || answer.status === 404 || answer.status === 409) return;
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
}

function podOf(object: unknown): Pod {
  const metadata = (field: string): unknown => dig(object, 'metadata', field);
  const node = dig(object, 'spec', 'nodeName');
  return {
    uid: String(metadata('uid')),
    name: String(metadata('name')),
    namespace: String(metadata('namespace')),
    app: String(dig(object, 'metadata', 'labels', 'app')),
    graceMs: Number(dig(object, 'spec', 'terminationGracePeriodSeconds')) * SECOND,
    node: node === undefined ? undefined : String(node),
    isToGo: metadata('deletionTimestamp') !== undefined,
  };
}

/** A Deployment whose pods carry the label `app` with its name, which a Service made by manifest() selects. */
export function deployment(name: string, replicas: number, version = '1') {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, annotations: { version } },
        spec: {
          containers: [{ name, image: 'none' }],
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: 5,
        },
      },
    },
  };
}

/** Changes the template, which begins a rolling update, and resolves when it is over: only new pods, all ready. */
export async function rollOut(kube: RealKube, name: string, version: string): Promise<void> {
  const path = `/apis/apps/v1/namespaces/default/deployments/${name}`;
  const template = { metadata: { annotations: { version } } };
  const { status, body } = await kube.api('PATCH', path, { spec: { template } });
  if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
  await kube.kubectl.run(['rollout', 'status', `deployment/${name}`, '--timeout=120s']);
}

/** The pods of an application, those that are leaving included. */
export async function podsOf(kube: RealKube, app: string): Promise<readonly unknown[]> {
  return listAt((await kube.api('GET', `/api/v1/namespaces/default/pods?labelSelector=app=${app}`)).body, 'items');
}
