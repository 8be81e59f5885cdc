/** What the main thread and a worker thread say to each other. Plain data: it is cloned. */

import type { FailureNotice } from '../failures/failure-example.ts';
import type { ListenAddress } from '../formats/listen-address.ts';
import type { SharedLimits } from '../limits/limits.ts';
import type { Spent } from '../limits/spending.ts';
import type { PortId } from '../model/gateway-port.ts';
import type { ClusterId } from '../model/route.ts';
import type { Settings } from '../settings/schema.ts';
import type { SharedCertificate } from './packed-certificates.ts';
import type { PackedDelta } from './packed-delta.ts';
import type { PortStates } from './port-sockets.ts';

/** Where a worker listens. */
export interface Listeners {
  readonly listen: ListenAddress;
  /** Undefined: TLS does not listen. */
  readonly tlsListen: ListenAddress | undefined;
}

export interface WorkerInit extends Listeners {
  readonly settings: Settings;
  readonly reusePort: boolean;
  /** What the worker may take for all its clients together. */
  readonly clientBytes: number;
  /** The worker's region of the shared counters. */
  readonly counters: SharedArrayBuffer;
  /** What all workers know about endpoints, and which row is this one's. */
  readonly endpoints: { readonly shared: SharedArrayBuffer; readonly row: number };
  /** What all workers count of clients together. */
  readonly limits: SharedLimits;
  /** Whose turn it is to write to the access log, among the workers, and this one's number. */
  readonly logTurn: { readonly shared: SharedArrayBuffer; readonly id: number };
  /** Undefined for the built-in one. */
  readonly errorPage: string | undefined;
  /** Of sticky cookies: the first makes them, and all are taken. */
  readonly affinityKeys: readonly Uint8Array[];
  /** Undefined where TLS does not listen. */
  readonly defaultCertificate: SharedCertificate | undefined;
  /** Of the tickets by which clients resume TLS sessions: 48 bytes. */
  readonly ticketKeys: Uint8Array;
  /** Ports of Gateways to listen on. */
  readonly openPorts: readonly PortId[];
  /** All routes, clusters, endpoints and ports in force, as a packed delta; undefined before the first table. */
  readonly snapshot: readonly PackedDelta[] | undefined;
  /** The number of the last change that all this comes from. */
  readonly change: number;
}

/** What a worker does not have yet; empty when it is only asked whether it answers. */
export interface Change {
  /** Packed. */
  readonly delta?: readonly PackedDelta[];
  readonly settings?: Settings;
  readonly errorPage?: { readonly html: string | undefined };
  readonly affinityKeys?: readonly Uint8Array[];
  readonly defaultCertificate?: SharedCertificate;
  readonly ticketKeys?: Uint8Array;
  /** All of them. Those that could not be opened are tried again. */
  readonly openPorts?: readonly PortId[];
}

export type ToWorker =
  /** Acknowledged. Numbers count up: a worker that has taken one has taken all before it. */
  | { readonly type: 'change'; readonly number: number; readonly change: Change }
  | { readonly type: 'reopen-log' }
  /** Say what rate limits have granted. */
  | { readonly type: 'report-spending' }
  /** Its thread's nice value: that of all workers. */
  | { readonly type: 'nice'; readonly value: number }
  /** Stop accepting, finish what is under way. */
  | { readonly type: 'drain' }
  /** End everything now. */
  | { readonly type: 'close' };

export type FromWorker =
  | { readonly type: 'listening'; readonly at: Listeners }
  | { readonly type: 'failed'; readonly message: string; readonly code: string }
  /** Every request from now on is judged by the change of this number, and by this version of the table. */
  | { readonly type: 'acknowledged'; readonly number: number; readonly version: number }
  /** Of all ports of Gateways that it has been told to listen on. */
  | { readonly type: 'ports'; readonly states: PortStates }
  | { readonly type: 'drained' }
  /** Of requests that failed: few of them, see FailureThrottle. */
  | { readonly type: 'failure'; readonly notice: FailureNotice }
  /** Requests of all workers to the endpoint failed in a row, as many as eject it. */
  | { readonly type: 'suspect'; readonly cluster: ClusterId; readonly slot: number }
  /** Granted since this was asked last. */
  | { readonly type: 'spent'; readonly spent: readonly Spent[] }
  | { readonly type: 'log-error'; readonly message: string }
  /** The access log goes on; so many lines of it were dropped before. */
  | { readonly type: 'log-lost'; readonly lines: number };
