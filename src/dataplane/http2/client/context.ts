import type { SharedKeeper } from '../../clusters/upstream-pool.ts';
import type { ConnectionLimits } from '../../pipeline/ports.ts';
import type { TimerWheel } from '../../runtime/timer-wheel.ts';
import type { HpackEncoder } from '../hpack/encoder.ts';
import type { OutboxBuffers } from '../outbox.ts';
import type { RequestBodyContext } from './request-body.ts';
import type { Http2ResponseHead } from './response-head.ts';

/** What the HTTP/2 connections of a worker to its upstreams share. */
export interface Http2UpstreamContext extends RequestBodyContext {
  readonly limits: ConnectionLimits;
  readonly wheel: TimerWheel;
  readonly pools: { readonly shared: SharedKeeper };
  readonly http2: { readonly encoder: HpackEncoder; readonly outboxBuffers: OutboxBuffers };
  /** A head is read and passed on at once: one serves all upstreams. */
  readonly http2ResponseHead: Http2ResponseHead;
  /** A bug that is no request's. */
  reportBug(error: unknown): void;
}
