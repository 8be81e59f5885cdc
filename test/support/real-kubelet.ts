/**
 * Stands for the scheduler and the kubelets of a cluster without machines (pod-cycle.ts). A pod's server runs in the process
 * that stands for its node (real-node.ts), at an address of the pods' half of the test network.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { dig, listAt } from '../deploy/objects.ts';
import { podAddress } from './cluster-network.ts';
import { type Pod, PodCycle, type PodCycleOptions } from './pod-cycle.ts';
import type { RealKube } from './real-kube.ts';
import { RealNode } from './real-node.ts';

export const POD_PORT = 8080;

const MOST_ADDRESSES = 20;
/** What a container takes until it is ready, in milliseconds: at least, and at most. No two pods of a cluster take the same. */
const STARTS_IN = [200, 600] as const;

export interface KubeletOptions extends Pick<PodCycleOptions, 'preStop'> {
  readonly nodes?: number;
}

export class Kubelet implements AsyncDisposable {
  readonly nodes: readonly RealNode[];
  readonly #addresses: string[] = [];
  #cycle: PodCycle | undefined;

  private constructor({ nodes = 1 }: KubeletOptions) {
    this.nodes = Array.from({ length: nodes }, (_, index) => new RealNode(`node-${index}`));
  }

  static async start(kube: RealKube, options: KubeletOptions = {}): Promise<Kubelet> {
    const kubelet = new Kubelet(options);
    const runner = {
      start: (pod: Pod) => kubelet.#run(pod),
      stop: (pod: Pod) => kubelet.#nodeOf(pod).stopPod(pod.name),
      kill: (pod: Pod) => kubelet.#nodeOf(pod).killPod(pod.name),
    };
    const nodes = kubelet.nodes.map(({ name }) => ({ name }));
    kubelet.#cycle = await PodCycle.start(kube, runner, { ...options, nodes });
    return kubelet;
  }

  /** Names of the pods that it has said are ready, without those that are to go. */
  get ready(): ReadonlySet<string> {
    return this.#cycle?.ready ?? new Set();
  }

  /** The next pod that starts gets this address. */
  lend(address: string): void {
    this.#addresses.push(address);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = this.#cycle?.[Symbol.asyncDispose]();
    await Promise.all(this.nodes.map(node => node.end()));
    await ended;
  }

  async #run(pod: Pod): Promise<string> {
    const node = this.#nodeOf(pod);
    const app = String(dig(pod.object, 'metadata', 'labels', 'app'));
    const [least, most] = STARTS_IN;
    await delay(least + Math.random() * (most - least));
    for (let tries = 0; tries < MOST_ADDRESSES; tries += 1) {
      const address = this.#addresses.shift() ?? podAddress();
      if (await node.startPod({ pod: pod.name, app, address, port: POD_PORT })) return address;
    }
    throw new Error(`no free address for ${pod.name}`);
  }

  #nodeOf({ node }: Pod): RealNode {
    const found = this.nodes.find(({ name }) => name === node);
    if (found === undefined) throw new RangeError('a pod of a node that is not there');
    return found;
  }
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
