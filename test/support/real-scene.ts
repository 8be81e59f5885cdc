/** A cluster with a few Services and an entry that follows it, to which something happens while clients go on asking. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { RealBackend } from './real-backend.ts';
import { RealEntry } from './real-entry.ts';
import { Hammer } from './real-hammer.ts';
import type { RealKube } from './real-kube.ts';
import { type Mirror, mirrorOfCluster, mirrorOfRoutes } from './real-mirror.ts';
import { patiently, START_DEADLINE_MS } from './real-process.ts';
import { expose } from './real-services.ts';
import { manifest } from './services.ts';

const POLL_MS = 20;
const ENOUGH_REQUESTS = 50;
const SERVICES = '/api/v1/namespaces/default/services';

export interface Fault {
  /** Resolves when the damage is done, and as long as it is to last has passed. */
  readonly strike: () => Promise<void>;
  /** Resolves when nothing keeps the entry from following any more: from then on the time is taken. */
  readonly heal: () => Promise<void>;
  /** When the cluster becomes another one; `after` where it cannot be changed before. */
  readonly changes: 'before heal' | 'after';
}

export class RealScene implements AsyncDisposable {
  readonly kube: RealKube;
  readonly entry: RealEntry;
  readonly #backend: RealBackend;
  /** Where `steady` is, whose route no fault may touch. */
  readonly #steady: string;
  #round = 0;

  private constructor(kube: RealKube, backend: RealBackend, entry: RealEntry, steady: string) {
    this.kube = kube;
    this.entry = entry;
    this.#backend = backend;
    this.#steady = steady;
  }

  /** @param kubeconfig how the entry finds the cluster; neither the cluster nor the backend is ended with the scene */
  static async start(
    kube: RealKube,
    backend: RealBackend,
    kubeconfig: string,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<RealScene> {
    const steady = await populate(kube, backend);
    const entry = await RealEntry.startIn(environment, '--kubeconfig', kubeconfig);
    const scene = new RealScene(kube, backend, entry, steady);
    try {
      await entry.ready();
      await scene.#assertConverged(performance.now());
    } catch (error) {
      await scene[Symbol.asyncDispose]();
      throw error;
    }
    return scene;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.entry.stop();
  }

  /** The same names in a cluster that was made anew; `steady` gets the address that clients know. */
  async repopulate(): Promise<void> {
    this.#round = 0;
    await populate(this.kube, this.#backend, this.#steady);
  }

  /** The fault happens, the cluster changes, the entry follows; no client notices. Times are printed. */
  async endure(t: TestContext, { strike, heal, changes }: Fault): Promise<void> {
    await using hammer = new Hammer(`${this.entry.origin}/steady/ping`, `${this.#steady} /ping`);
    await strike();
    if (changes === 'before heal') await this.change();
    assert.equal((await this.entry.status('/readyz')).status, 200, 'the last table is good enough to be ready');
    await heal();
    const healed = performance.now();
    const follower = this.#follow();
    if (changes === 'after') await this.change();
    const { tableAt, syncedAt } = await follower.until(await mirrorOfCluster(this.kube.kubectl));
    t.diagnostic(
      `the table was right ${seconds(tableAt - healed)}, the watch stood ${seconds(syncedAt - healed)} after`,
    );
    await patiently('there are enough requests for a proof', () => hammer.requests > ENOUGH_REQUESTS);
    const { requests, failures, longestGapMs } = await hammer.stop();
    t.diagnostic(`${requests} requests meanwhile, the longest pause ${longestGapMs.toFixed()} ms`);
    assert.deepEqual(failures, {});
  }

  /** One Service more, one less, one elsewhere. */
  async change(): Promise<void> {
    this.#round += 1;
    const round = this.#round;
    const { kube } = this;
    const added = manifest(`added-${round}`, this.#backend.port);
    const annotations = { 'kube-entry.io/path': `/moved-${round}` };
    const answers = [
      await kube.api('POST', SERVICES, added),
      await kube.api('PATCH', `${SERVICES}/moved`, { metadata: { annotations } }),
      await kube.api('DELETE', `${SERVICES}/added-${round - 1}`),
    ];
    for (const { status, body } of answers) assert.ok(status < 300, JSON.stringify(body));
  }

  async #assertConverged(since: number): Promise<void> {
    await this.#follow(since).until(await mirrorOfCluster(this.kube.kubectl));
  }

  /** Looks at the table all the time, so that one may ask later since when it has been right. */
  #follow(since = performance.now()): { until: (expected: Mirror) => Promise<{ tableAt: number; syncedAt: number }> } {
    let view: Mirror = [];
    let tableAt = since;
    let syncedAt: number | undefined;
    const look = async (): Promise<void> => {
      const { routes, source } = await this.entry.table();
      const current = mirrorOfRoutes(routes);
      if (current.join('\n') !== view.join('\n')) tableAt = performance.now();
      view = current;
      syncedAt = source.synced ? (syncedAt ?? performance.now()) : undefined;
    };
    let isOver = false;
    const looking = (async () => {
      while (!isOver) {
        await look();
        await delay(POLL_MS);
      }
    })();
    // Who waits for it learns of its failure below; until then it is no unhandled one.
    looking.catch(() => undefined);
    const until = async (expected: Mirror): Promise<{ tableAt: number; syncedAt: number }> => {
      const deadline = performance.now() + START_DEADLINE_MS;
      const isDone = (): boolean => syncedAt !== undefined && view.join('\n') === expected.join('\n');
      while (!isDone() && performance.now() < deadline) await Promise.race([delay(POLL_MS), looking]);
      // Of this moment: there is one more look to come.
      const seen = { view, tableAt, syncedAt };
      isOver = true;
      await looking;
      assert.deepEqual(seen.view, expected, 'the table is what kubectl shows');
      assert.ok(seen.syncedAt !== undefined, 'it watches');
      return { tableAt: seen.tableAt, syncedAt: seen.syncedAt };
    };
    return { until };
  }
}

/** @returns the address of `steady` */
async function populate(kube: RealKube, backend: RealBackend, steadyAddress?: string): Promise<string> {
  const { kubectl } = kube;
  const spec = steadyAddress === undefined ? {} : { clusterIP: steadyAddress };
  const steady = await expose(kubectl, backend, 'steady', { spec });
  await kubectl.apply(
    manifest('moved', backend.port),
    manifest('added-0', backend.port),
    manifest('rich', backend.port, {
      annotations: {
        path: '/rich,/richer',
        host: 'shop.example.com,*.example.org',
        port: 'web',
        'strip-prefix': 'false',
      },
      spec: {
        ports: [
          { name: 'http', port: 80 },
          { name: 'web', port: backend.port },
        ],
      },
    }),
    manifest('unexposed', backend.port, { annotations: {} }),
  );
  return steady;
}

function seconds(ms: number): string {
  return `${(Math.max(0, ms) / 1000).toFixed(2)} s`;
}
