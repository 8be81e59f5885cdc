/** Replicas that contend for one Lease of an API server in memory, with a clock that all of them share. */
import { setImmediate as turn } from 'node:timers/promises';
import type { KubeRequest } from '../../../src/sources/kube/client.ts';
import { ApiError, errorOfStatus } from '../../../src/sources/kube/errors.ts';
import { LeaderElection } from '../../../src/sources/kube/leader-election.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLogger } from './harness.ts';

const LEASE = { namespace: 'kube-entry', name: 'kube-entry-ingress' };
/** Turns of the event loop in which a replica asks, is answered, and asks again. */
const TURNS = 20;

interface StoredLease {
  readonly metadata: { readonly resourceVersion: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

/** Does to one Lease what the API server does, at once. */
export class LeaseServer {
  stored: StoredLease | undefined;
  readonly requests: string[] = [];
  /** What a replica is answered instead; undefined: as ever. `hang`: nothing. */
  readonly faults = new Map<string, number | 'hang'>();
  #version = 0;

  async answer(identity: string, { operation, body, signal }: KubeRequest): Promise<unknown> {
    signal.throwIfAborted();
    this.requests.push(`${identity} ${operation.verb}`);
    const fault = this.faults.get(identity);
    if (fault === 'hang') {
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    } else if (fault !== undefined) throw errorOfStatus(fault, {}, operation);
    if (operation.verb === 'get') {
      if (this.stored === undefined) throw new ApiError(404, 'not found');
      return this.stored;
    }
    const { metadata, spec } = body as { metadata: { resourceVersion?: string }; spec: StoredLease['spec'] };
    const isStale = operation.verb === 'create' ? this.stored !== undefined : !this.#isCurrent(metadata);
    if (isStale) throw new ApiError(409, 'the object has been modified');
    return this.write(spec);
  }

  write(spec: StoredLease['spec']): StoredLease {
    this.#version += 1;
    this.stored = { metadata: { resourceVersion: String(this.#version) }, spec };
    return this.stored;
  }

  get holder(): unknown {
    return this.stored?.spec.holderIdentity;
  }

  #isCurrent({ resourceVersion }: { readonly resourceVersion?: string }): boolean {
    return this.stored !== undefined && resourceVersion === this.stored.metadata.resourceVersion;
  }
}

export class Contest implements AsyncDisposable {
  readonly server = new LeaseServer();
  readonly clock = new FakeClock();
  readonly #replicas = new Map<string, LeaderElection>();
  /** `a leads`, `a yields`, in their order. */
  readonly changes: string[] = [];
  readonly log = recordingLogger();

  /** @param clock by which this replica lives: one of its own stands still while the others go on */
  join(identity: string, clock = this.clock): LeaderElection {
    const election = new LeaderElection({
      client: { json: request => this.server.answer(identity, request) },
      lease: LEASE,
      identity,
      logger: this.log.logger,
      clock,
      random: () => 0,
      onChange: isLeader => void this.changes.push(`${identity} ${isLeader ? 'leads' : 'yields'}`),
    });
    this.#replicas.set(identity, election);
    election.start();
    return election;
  }

  get leaders(): string[] {
    return [...this.#replicas].filter(([, { isLeader }]) => isLeader).map(([identity]) => identity);
  }

  /** Lets time pass in steps that are shorter than any period of the election. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 500) {
      await turns();
      this.clock.advance(500);
    }
    await turns();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.faults.clear();
    await Promise.all([...this.#replicas.values()].map(election => election.stop()));
  }
}

async function turns(): Promise<void> {
  for (let count = 0; count < TURNS; count += 1) await turn();
}
