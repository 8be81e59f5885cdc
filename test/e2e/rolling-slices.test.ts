/** The stand-in for kubelets is judged by the EndpointSlices that Kubernetes' own controllers make of it. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { dig } from '../deploy/objects.ts';
import type { Pod } from '../support/pod-cycle.ts';
import { RealKube } from '../support/real-kube.ts';
import { deployment, Kubelet, podsOf, rollOut } from '../support/real-kubelet.ts';
import { patiently } from '../support/real-process.ts';
import { manifest } from '../support/services.ts';
import { hasControllers } from '../support/test-assets.ts';

const SLICES = '/apis/discovery.k8s.io/v1/endpointslices';
const PODS = 4;
/** What a pod of a rolling update goes through; a step may be skipped where two come close together. */
const ORDER = ['starting', 'ready', 'serving while it terminates', 'terminating'];

let kube: RealKube;

before(async () => {
  kube = await RealKube.start();
});

after(() => kube?.stop());

describe('pods of a rolling update', () => {
  it('are in the EndpointSlice as in a real cluster: ready, terminating though they serve, terminating, gone', async t => {
    if (!hasControllers()) return t.skip('there is no kube-controller-manager beside the API server');
    await kube.startControllerManager();
    const seen = new Map<string, string[]>();
    const isTold = ({ name }: Pod): boolean => seen.get(name)?.includes('serving while it terminates') === true;
    const preStop = (pod: Pod) => patiently(`a slice tells that ${pod.name} is to go`, async () => isTold(pod));
    await using _ = await Kubelet.start(kube, { nodes: 2, preStop });
    const ending = new AbortController();
    const watching = follow(seen, ending.signal);
    await kube.kubectl.apply(manifest('shop', 8080), deployment('shop', PODS));
    await kube.kubectl.run(['rollout', 'status', 'deployment/shop', '--timeout=120s']);
    const former = (await podsOf(kube, 'shop')).map(pod => String(dig(pod, 'metadata', 'name')));
    assert.equal(former.length, PODS);
    assert.equal(new Set((await podsOf(kube, 'shop')).map(pod => dig(pod, 'spec', 'nodeName'))).size, 2);
    await rollOut(kube, 'shop', '2');
    await patiently('the former pods are gone', async () => (await podsOf(kube, 'shop')).length === PODS);
    await patiently('the slice lost them', () => former.every(name => seen.get(name)?.at(-1) === 'gone'));
    ending.abort();
    await watching;

    for (const [name, states] of seen) {
      t.diagnostic(`${name}: ${states.join(', ')}`);
      const steps = states.filter(state => state !== 'gone').map(state => ORDER.indexOf(state));
      assert.deepEqual(steps, steps.toSorted(), `${name}: ${states.join(', ')}`);
      assert.ok(states.includes('ready'), name);
    }
    for (const name of former) assert.ok(seen.get(name)?.includes('serving while it terminates'), name);
  });
});

/** Notes each state that a pod has in a slice, when it changes. */
async function follow(seen: Map<string, string[]>, signal: AbortSignal): Promise<void> {
  for await (const { object } of kube.watch(SLICES, signal)) {
    const now = new Map(
      endpointsOf(object).map(endpoint => [String(dig(endpoint, 'targetRef', 'name')), stateOf(endpoint)]),
    );
    for (const name of new Set([...seen.keys(), ...now.keys()])) {
      const states = seen.get(name) ?? [];
      const state = now.get(name) ?? 'gone';
      if (states.at(-1) !== state) states.push(state);
      seen.set(name, states);
    }
  }
}

function endpointsOf(slice: unknown): readonly unknown[] {
  const endpoints = dig(slice, 'endpoints');
  return Array.isArray(endpoints) ? endpoints : [];
}

function stateOf(endpoint: unknown): string {
  const is = (condition: string): boolean => dig(endpoint, 'conditions', condition) === true;
  if (is('terminating')) return is('serving') ? 'serving while it terminates' : 'terminating';
  return is('ready') ? 'ready' : 'starting';
}
