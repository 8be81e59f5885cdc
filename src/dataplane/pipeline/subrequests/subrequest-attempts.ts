import type { FailureReason } from '../../../failures/failures.ts';
import type { ClusterState } from '../../clusters/cluster-state.ts';
import type { EndpointState } from '../../clusters/endpoint-state.ts';
import type { ConnectionSeeker } from '../../clusters/upstream-connector.ts';
import type { UpstreamPools } from '../../clusters/upstream-pools.ts';
import type { EngineContext } from '../../engine.ts';
import { EndpointPicks, outcomeOf } from '../endpoint-picks.ts';
import type { Upstream } from '../ports.ts';
import { FAST_CONNECT_MS, mayRetryBroken } from '../retry.ts';
import type { OwnRequest } from './own-request.ts';

const MAX_ATTEMPTS = 3;

/** The subrequest whose attempts these are. */
export interface SubrequestAttemptOwner {
  /** The request can be sent. */
  connected(upstream: Upstream): void;
  /** No further attempt is made. @param detail for people */
  attemptsFailed(detail: string): void;
  /** It is over, and no connection is being made for it. */
  settled(): void;
  crashed(error: unknown): void;
}

/** How a connection ended under a request. */
export interface BrokenSubrequest {
  /** Part of an answer had come. */
  readonly hasBegun: boolean;
  /** Bytes of the body that cannot be sent again. */
  readonly bodyBytesGone: number;
  /** Its code; undefined when the upstream closed. */
  readonly error: string | undefined;
}

export interface AttemptsContext {
  readonly engine: EngineContext;
  readonly pools: UpstreamPools;
}

/** The attempts of one subrequest: each at an endpoint of its cluster, the second and the third on new connections. */
export class SubrequestAttempts implements ConnectionSeeker {
  readonly #context: AttemptsContext;
  readonly #cluster: ClusterState;
  readonly #request: OwnRequest;
  readonly #timeoutMs: number;
  readonly #owner: SubrequestAttemptOwner;
  readonly #picks: EndpointPicks;
  #count = 0;
  #endpoint: EndpointState | undefined;
  #isConnecting = false;
  #isOver = false;

  constructor(
    context: AttemptsContext,
    cluster: ClusterState,
    request: OwnRequest,
    timeoutMs: number,
    owner: SubrequestAttemptOwner,
  ) {
    this.#context = context;
    this.#cluster = cluster;
    this.#request = request;
    this.#timeoutMs = timeoutMs;
    this.#owner = owner;
    this.#picks = new EndpointPicks(context.engine.clock, request);
  }

  begin(): void {
    const { balancing } = this.#cluster;
    const endpoint = balancing === undefined ? this.#cluster.next() : this.#picks.first(balancing);
    const kept = endpoint && this.#context.pools.takeIdle(endpoint);
    if (kept === undefined) this.#connect(endpoint, 'no endpoint takes it');
    else this.#begun(kept, endpoint);
  }

  connected(upstream: Upstream): void {
    this.#isConnecting = false;
    if (!this.#isOver) {
      this.#owner.connected(upstream);
      return;
    }
    // The connection is as good as new for another request.
    upstream.release();
    this.#owner.settled();
  }

  connectFailed(reason: FailureReason, error: string): void {
    this.#isConnecting = false;
    if (this.#isOver) {
      this.#owner.settled();
      return;
    }
    const { balancing } = this.#cluster;
    this.#picks.end('connect');
    const other =
      balancing === undefined ? this.#cluster.after(this.#endpoint as EndpointState) : this.#picks.untried(balancing);
    this.#connect(other, detailOf(reason, error));
  }

  crashed(error: unknown): void {
    this.#isConnecting = false;
    if (!this.#isOver) {
      this.#owner.crashed(error);
      return;
    }
    this.#context.engine.failures.reportBug(error);
    this.#owner.settled();
  }

  /** The connection ended before an answer began. */
  broken(upstream: Upstream | undefined, { hasBegun, bodyBytesGone, error }: BrokenSubrequest): void {
    const reason = error === undefined ? 'upstream_closed' : 'upstream_reset';
    const isRetried = mayRetryBroken({
      method: this.#request.method,
      mayBeClosing: upstream !== undefined && upstream.served > 1,
      bytesSent: upstream?.isUnsent === true ? 0 : 1,
      bodyBytesGone,
      responseBegun: hasBegun,
    });
    if (isRetried) this.#again(detailOf(reason, error));
    else this.failed(reason, error);
  }

  /** The upstream has done nothing with the request, and has said so. */
  unprocessed(bodyBytesGone: number): void {
    if (bodyBytesGone === 0) this.#again('upstream_stream_refused');
    else this.failed('upstream_stream_refused', undefined);
  }

  /** What came of the attempt under way is no answer. */
  failed(reason: FailureReason, detail: string | undefined): void {
    this.#picks.end(outcomeOf(reason));
    this.#owner.attemptsFailed(detailOf(reason, detail));
  }

  /** The head of an answer has come. */
  answered(status: number): void {
    this.#picks.answered(status);
  }

  /** No further attempt is needed. @param outcome counts where the endpoint has not answered */
  end(outcome: 'ok' | 'timeout' | 'cancelled'): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#picks.end(outcome);
    if (!this.#isConnecting) this.#owner.settled();
  }

  #again(problem: string): void {
    const { balancing } = this.#cluster;
    this.#connect(balancing === undefined ? this.#endpoint : this.#picks.other(balancing), problem);
  }

  /** @param problem what is wrong where there is no endpoint, or where there were enough attempts */
  #connect(endpoint: EndpointState | undefined, problem: string): void {
    if (endpoint === undefined || this.#count === MAX_ATTEMPTS) {
      this.#owner.attemptsFailed(problem);
      return;
    }
    const { balancing } = this.#cluster;
    const mayAskOther = balancing !== undefined && this.#picks.hasUntried(balancing);
    const timeoutMs = mayAskOther ? Math.min(FAST_CONNECT_MS, this.#timeoutMs) : this.#timeoutMs;
    this.#count += 1;
    this.#endpoint = endpoint;
    this.#isConnecting = true;
    this.#context.pools.connect(endpoint, timeoutMs, this);
  }

  #begun(upstream: Upstream, endpoint: EndpointState | undefined): void {
    this.#count = 1;
    this.#endpoint = endpoint;
    this.#owner.connected(upstream);
  }
}

function detailOf(reason: FailureReason, detail: string | undefined): string {
  return detail === undefined || detail === '' ? reason : `${reason}: ${detail}`;
}
