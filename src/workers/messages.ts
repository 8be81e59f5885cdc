/** What the control plane and a worker thread say to each other. Plain data: it is cloned. */
import type { ListenAddress } from '../formats/listen-address.ts';
import type { TableDelta } from '../routing/delta.ts';
import type { Settings } from '../settings/schema.ts';

export interface WorkerInit {
  readonly settings: Settings;
  readonly listen: ListenAddress;
  readonly reusePort: boolean;
  /** The worker's region of the shared counters. */
  readonly counters: SharedArrayBuffer;
  /** Whose turn it is to write to the access log, among the workers, and this one's number. */
  readonly logTurn: { readonly shared: SharedArrayBuffer; readonly id: number };
  /** Undefined for the built-in one. */
  readonly errorPage: string | undefined;
  /** The whole table in force; undefined before the first. */
  readonly table: TableDelta | undefined;
}

export type ToWorker =
  | { readonly type: 'table'; readonly delta: TableDelta }
  | { readonly type: 'settings'; readonly settings: Settings }
  | { readonly type: 'error-page'; readonly html: string | undefined }
  | { readonly type: 'reopen-log' }
  /** Stop accepting, finish what is under way. */
  | { readonly type: 'drain' }
  /** End everything now. */
  | { readonly type: 'close' };

export type FromWorker =
  | { readonly type: 'listening'; readonly address: ListenAddress }
  | { readonly type: 'failed'; readonly message: string; readonly code: string }
  /** Every request from now on is judged by this version. */
  | { readonly type: 'acknowledged'; readonly version: number }
  | { readonly type: 'drained' }
  | { readonly type: 'log-error'; readonly message: string }
  /** The access log goes on; so many lines of it were dropped before. */
  | { readonly type: 'log-lost'; readonly lines: number };
