import type { ClusterId } from '../../../model/route.ts';
import type { SubrequestPurpose } from '../../../observe/counters.ts';
import type { ClusterState } from '../../clusters/cluster-state.ts';
import { Circuit, FAILURES_TO_OPEN } from './circuit.ts';
import type { Asked, Asking, Question, SubrequestFailure, SubrequestListener } from './question.ts';
import { Subrequest, type SubrequestContext, type SubrequestOwner } from './subrequest.ts';

/** So many requests of a worker are under way to one cluster at most. Over HTTP/1.1, each has a connection. */
export const MOST_UNDER_WAY = 1_024;

const REFUSALS = {
  busy: `${MOST_UNDER_WAY} requests to it are under way already`,
  circuit_open: `${FAILURES_TO_OPEN} requests to it failed in a row, and it is asked once a second`,
} as const satisfies Partial<Record<SubrequestFailure, string>>;

/** The requests of our own of a worker: to services that decide about a request of a client, or that answer in our place. */
export class Subrequests implements Asking {
  readonly #context: SubrequestContext;
  /** Goes with its cluster. */
  readonly #calls = new WeakMap<ClusterState, ClusterCalls>();

  constructor(context: SubrequestContext) {
    this.#context = context;
  }

  ask(purpose: SubrequestPurpose, id: ClusterId, question: Question, listener: SubrequestListener): Asked | undefined {
    const { state } = this.#context.engine;
    const cluster = state.clusterOf(id);
    if (cluster === undefined) {
      this.#context.engine.counters.countSubrequest(purpose, 'failed', 0);
      listener.failed('failed', `the cluster ${id} is not there`);
      return undefined;
    }
    let calls = this.#calls.get(cluster);
    if (calls === undefined) {
      calls = new ClusterCalls(this.#context, cluster);
      this.#calls.set(cluster, calls);
    }
    return calls.ask(purpose, question, listener);
  }

  reportBug(error: unknown): void {
    this.#context.engine.failures.reportBug(error);
  }
}

/** The subrequests of a worker to one cluster. */
class ClusterCalls {
  readonly #context: SubrequestContext;
  readonly #cluster: ClusterState;
  readonly #circuit = new Circuit();
  readonly #owners = new Map<SubrequestPurpose, SubrequestOwner>();
  #underWay = 0;

  constructor(context: SubrequestContext, cluster: ClusterState) {
    this.#context = context;
    this.#cluster = cluster;
  }

  ask(purpose: SubrequestPurpose, question: Question, listener: SubrequestListener): Asked | undefined {
    const refusal = this.#refusal();
    if (refusal !== undefined) {
      this.#context.engine.counters.countSubrequest(purpose, refusal, 0);
      listener.failed(refusal, REFUSALS[refusal]);
      return undefined;
    }
    let owner = this.#owners.get(purpose);
    if (owner === undefined) {
      owner = this.#ownerFor(purpose);
      this.#owners.set(purpose, owner);
    }
    this.#underWay += 1;
    const subrequest = new Subrequest(this.#context, this.#cluster, question, listener, owner);
    subrequest.begin();
    return subrequest;
  }

  #refusal(): keyof typeof REFUSALS | undefined {
    if (this.#underWay >= MOST_UNDER_WAY) return 'busy';
    return this.#circuit.admits(this.#context.engine.clock.monotonic()) ? undefined : 'circuit_open';
  }

  #ownerFor(purpose: SubrequestPurpose): SubrequestOwner {
    const { clock, counters } = this.#context.engine;
    return {
      answered: ({ startedAt }) => {
        this.#circuit.answered();
        counters.countSubrequest(purpose, 'answered', clock.monotonic() - startedAt);
      },
      failed: ({ startedAt }, failure) => {
        const now = clock.monotonic();
        this.#circuit.failed(now);
        counters.countSubrequest(purpose, failure, now - startedAt);
      },
      gone: () => {
        this.#underWay -= 1;
      },
    };
  }
}
