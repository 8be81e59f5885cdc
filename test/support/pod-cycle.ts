/**
 * Stands for the scheduler, and for the kubelets as far as the API server sees them: gives every pod a node, has its
 * containers run, tells the API server that it is ready, and when the API server says that the pod is to go, ends it in the
 * order of a real kubelet: SIGTERM, not ready, gone.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { dig } from '../deploy/objects.ts';
import type { RealKube } from './real-kube.ts';

const SECOND = 1_000;

/** Runs what pods are made of. */
export interface PodRunner {
  /** Resolves when it serves. @returns its address */
  start(pod: Pod): Promise<string>;
  /** As SIGTERM does. Resolves when it has ended. */
  stop(pod: Pod): Promise<void>;
  /** Whatever it is doing. */
  kill(pod: Pod): Promise<void>;
}

export interface PodCycleOptions {
  /** The Node objects that pods are spread over. */
  readonly nodes: readonly NodeFields[];
  /** A pod that is told to end goes on listening until it resolves, as a preStop hook makes it. */
  readonly preStop?: (pod: Pod) => Promise<unknown>;
}

export interface NodeFields {
  readonly name: string;
  readonly status?: object;
}

export interface Pod {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly graceMs: number;
  readonly node: string | undefined;
  readonly isToGo: boolean;
  /** As the API server has it. */
  readonly object: unknown;
}

export class PodCycle implements AsyncDisposable {
  readonly #kube: RealKube;
  readonly #runner: PodRunner;
  readonly #options: PodCycleOptions;
  readonly #ending = new AbortController();
  /** What is done for a pod, one step after the other, by the pod's uid. */
  readonly #steps = new Map<string, Promise<void>>();
  /** By the pod's uid. */
  readonly #states = new Map<string, 'bound' | 'running' | 'leaving'>();
  readonly #ready = new Set<string>();
  readonly #failures: unknown[] = [];
  #bound = 0;
  #watching: Promise<void> = Promise.resolve();

  private constructor(kube: RealKube, runner: PodRunner, options: PodCycleOptions) {
    this.#kube = kube;
    this.#runner = runner;
    this.#options = options;
  }

  static async start(kube: RealKube, runner: PodRunner, options: PodCycleOptions): Promise<PodCycle> {
    const cycle = new PodCycle(kube, runner, options);
    for (const { name, ...fields } of options.nodes) {
      // The controller of EndpointSlices leaves pods out whose node does not exist.
      await cycle.#ask('POST', '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name }, ...fields });
    }
    cycle.#watching = cycle.#watch();
    return cycle;
  }

  /** Names of the pods that the API server was told are ready, without those that are to go. */
  get ready(): ReadonlySet<string> {
    return this.#ready;
  }

  /** Resolves when no step is under way. @throws what failed before */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#watching;
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
    const { nodes } = this.#options;
    const target = { apiVersion: 'v1', kind: 'Node', name: nodes[this.#bound++ % nodes.length]?.name };
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace }, target };
    await this.#ask('POST', `/api/v1/namespaces/${namespace}/pods/${name}/binding`, binding);
  }

  async #run(pod: Pod): Promise<void> {
    await this.#say(pod, { isReady: true, address: await this.#runner.start(pod) });
    this.#ready.add(pod.name);
  }

  async #finish(pod: Pod): Promise<void> {
    this.#ready.delete(pod.name);
    await this.#options.preStop?.(pod);
    const stopped = this.#runner.stop(pod);
    // Its probe fails from now on.
    await this.#say(pod, { isReady: false });
    await Promise.race([stopped, delay(pod.graceMs)]);
    await this.#runner.kill(pod);
    const options = { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0 };
    await this.#ask('DELETE', pathOf(pod), { ...options, preconditions: { uid: pod.uid } });
  }

  async #say(pod: Pod, { isReady, address }: { isReady: boolean; address?: string }): Promise<void> {
    const ready = { status: isReady ? 'True' : 'False', lastTransitionTime: new Date().toISOString() };
    const status = {
      phase: 'Running',
      ...(address !== undefined && { podIP: address, podIPs: [{ ip: address }] }),
      conditions: ['Ready', 'ContainersReady'].map(type => ({ type, ...ready })),
    };
    await this.#ask('PATCH', `${pathOf(pod)}/status`, { status });
  }

  async #ask(method: 'POST' | 'PATCH' | 'DELETE', path: string, body: object): Promise<void> {
    const answer = await this.#kube.api(method, path, body);
    // A pod may go by another way while something is said of it.
    if (answer.status < 300 || answer.status === 404 || answer.status === 409) return;
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
}

function pathOf({ namespace, name }: Pod): string {
  return `/api/v1/namespaces/${namespace}/pods/${name}`;
}

function podOf(object: unknown): Pod {
  const metadata = (field: string): unknown => dig(object, 'metadata', field);
  const node = dig(object, 'spec', 'nodeName');
  return {
    uid: String(metadata('uid')),
    name: String(metadata('name')),
    namespace: String(metadata('namespace')),
    graceMs: Number(dig(object, 'spec', 'terminationGracePeriodSeconds')) * SECOND,
    node: node === undefined ? undefined : String(node),
    isToGo: metadata('deletionTimestamp') !== undefined,
    object,
  };
}
