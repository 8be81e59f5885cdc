import { FAILURES, type FailureReason } from '../../failures/failures.ts';
import type { PickRequest } from '../clusters/balancers/balancer.ts';
import type { ClusterState } from '../clusters/cluster-state.ts';
import type { EndpointState } from '../clusters/endpoint-state.ts';
import { HTTP1_IN_CLEAR } from '../clusters/upstream-protocol.ts';
import { EndpointPicks } from '../pipeline/endpoint-picks.ts';
import { type Guarded, guarded } from '../runtime/guard.ts';
import type { ConnectAttempt } from '../transport/connect.ts';
import type { OpenTransport } from '../transport/transport.ts';
import type { PassthroughClient, PassthroughContext } from './passthrough-context.ts';

/** Connects of one connection that may fail before it fails. Nothing has been sent by then, so any may be tried again. */
const MAX_ATTEMPTS = 3;
/** Where kube-proxy balances: the second attempt goes to the same address. */
const MAX_ATTEMPTS_AT_SERVICE = 2;

/** Whose attempts these are. */
export interface PassthroughAttemptsOwner extends Guarded {
  asked(endpoint: EndpointState): void;
  attemptFailed(reason: FailureReason): void;
  connected(open: OpenTransport): void;
  failed(reason: FailureReason, error: string): void;
}

/** The attempts to connect one client to an endpoint of a cluster, each further one to one that was not tried. */
export class PassthroughAttempts {
  readonly #context: PassthroughContext;
  readonly #cluster: ClusterState;
  readonly #owner: PassthroughAttemptsOwner;
  readonly #timeoutMs: number;
  readonly #isSealed: boolean;
  readonly #picks: EndpointPicks;
  #endpoint: EndpointState | undefined;
  #count = 0;
  /** Gives up the attempt under way. */
  #cancel: (() => void) | undefined;

  /** @param clientIp for balancers that look at it; of a request they see nothing */
  constructor(
    context: PassthroughContext,
    { cluster, isSealed }: Pick<PassthroughClient, 'cluster' | 'isSealed'>,
    timeoutMs: number,
    clientIp: string,
    owner: PassthroughAttemptsOwner,
  ) {
    this.#context = context;
    this.#cluster = cluster;
    this.#isSealed = isSealed;
    this.#timeoutMs = timeoutMs;
    this.#owner = owner;
    this.#picks = new EndpointPicks(context.clock, unseenRequest(clientIp));
  }

  begin(): void {
    const { balancing } = this.#cluster;
    this.#try(balancing === undefined ? this.#cluster.next() : this.#picks.first(balancing));
  }

  /** The connection that was made is over, or no longer needed. */
  end(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#picks.end('cancelled');
  }

  #try(endpoint: EndpointState | undefined): void {
    if (endpoint === undefined) {
      this.#owner.failed('no_endpoint', '');
      return;
    }
    this.#count += 1;
    this.#endpoint = endpoint;
    this.#owner.asked(endpoint);
    this.#connect(endpoint);
  }

  #connect(endpoint: EndpointState): void {
    const { clock, counters, streams } = this.#context;
    const settle = (counter: 'connectsOk' | 'connectsFailed' | 'connectsTimedOut'): void => {
      takeOffLimit();
      this.#cancel = undefined;
      counters.add(counter, 1);
    };
    const listener = {
      connected: (open: OpenTransport): void => {
        settle('connectsOk');
        this.#picks.tunnelBegan();
        this.#owner.connected(open);
      },
      connectFailed: (reason: FailureReason, error: string): void => {
        settle('connectsFailed');
        this.#failed(reason, error);
      },
      crashed: (error: unknown): void => this.#owner.crashed(error),
    };
    // What a client has sealed itself is not sealed again.
    const protocol = this.#isSealed ? HTTP1_IN_CLEAR : endpoint.protocol;
    const attempt: ConnectAttempt = streams.connectStream(endpoint, protocol, listener);
    const timedOut = guarded(listener, () => {
      attempt.cancel();
      settle('connectsTimedOut');
      this.#failed('upstream_connect_timeout', '');
    });
    const takeOffLimit = clock.setTimer(this.#timeoutMs, timedOut);
    this.#cancel = () => {
      takeOffLimit();
      attempt.cancel();
    };
  }

  #failed(reason: FailureReason, error: string): void {
    const { mayRetry } = FAILURES[reason];
    this.#owner.attemptFailed(reason);
    this.#picks.end(mayRetry ? 'connect' : 'cancelled');
    const next = mayRetry ? this.#next() : undefined;
    if (next === undefined) {
      this.#owner.failed(reason, error);
      return;
    }
    this.#context.counters.add('retriesConnect', 1);
    this.#try(next);
  }

  /** The endpoint of a further attempt; undefined where there is none. */
  #next(): EndpointState | undefined {
    const { balancing } = this.#cluster;
    if (balancing === undefined)
      return this.#count < MAX_ATTEMPTS_AT_SERVICE ? this.#cluster.after(this.#endpoint as EndpointState) : undefined;
    const mayTry = this.#count < MAX_ATTEMPTS && balancing.mayRetry && this.#picks.hasUntried(balancing);
    return mayTry ? this.#picks.untried(balancing) : undefined;
  }
}

/** What balancers may ask: of a request that is encrypted, only who sends it is known. */
function unseenRequest(clientIp: string): PickRequest {
  const unseen = (): string => '';
  return {
    clientIp: () => clientIp,
    uri: unseen,
    header: unseen,
    cookie: unseen,
    query: unseen,
    variable: name => (name === 'remote_addr' ? clientIp : ''),
  };
}
