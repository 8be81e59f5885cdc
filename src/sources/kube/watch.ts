/** One watch: from a version on, until the server ends it or something speaks against it. */

import type { Clock } from '../../clock.ts';
import { messageOf } from '../../errors.ts';
import { isObject } from '../../resources/service-object.ts';
import type { KubeClient } from './client.ts';
import {
  type ApiError,
  BadAnswerError,
  describe,
  errorOfStatus,
  KubeError,
  type Operation,
  UnreachableError,
} from './errors.ts';
import { LineSplitter } from './lines.ts';
import { type Collection, type KubeObject, readObject, selectors } from './list.ts';

/**
 * The server is asked to end a watch after 5 to 10 minutes, as client-go asks: a new one may land on another API
 * server, and the spread keeps them from all coming at once.
 */
const SHORTEST_WATCH_S = 300;
const LONGEST_WATCH_S = 600;
/**
 * A stream that is silent for so long is left and taken up again at its last version, which misses nothing and costs
 * one request. Bookmarks would tell a quiet stream from a dead one, but servers send them a minute apart, and a dead
 * one must be noticed within that minute: this and HEAD_TIMEOUT_MS together stay below it.
 */
const SILENCE_MS = 45_000;
/** The server sends the head at once, whether there are events or not. */
const HEAD_TIMEOUT_MS = 10_000;

export interface Change {
  readonly type: 'upsert' | 'delete';
  readonly object: KubeObject;
}

/** What one chunk of the stream brought. */
export interface Batch {
  readonly changes: readonly Change[];
  /** Where a watch would go on after this batch; undefined when nothing of it says. */
  readonly version: string | undefined;
  /** Of the clock's monotonic time. */
  readonly receivedAt: number;
}

export interface WatchOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: () => number;
  readonly collection: Pick<Collection, 'resource' | 'version' | 'namespace' | 'selector' | 'fields'>;
  /** Milliseconds after which this side ends the watch. */
  readonly lifetimeMs: number;
  readonly signal: AbortSignal;
  readonly onOpen: () => void;
  readonly onBatch: (batch: Batch) => void;
}

/** An ERROR event came: whatever its code, the server does not go on from this version. */
export class WatchError extends Error {
  readonly failure: ApiError;

  constructor(failure: ApiError) {
    super(failure.message);
    this.failure = failure;
  }
}

/**
 * @returns who ended it: the server in order, this side because of the lifetime, or this side because of silence
 * @throws WatchError, KubeError for everything else: a broken stream, a line that cannot be understood. What came before
 * in the same chunk has then been handed over.
 */
export async function watch(version: string, options: WatchOptions): Promise<'server' | 'lifetime' | 'silence'> {
  const { client, clock, collection, signal } = options;
  const { resource, version: apiVersion, namespace, fields } = collection;
  const operation: Operation = { verb: 'watch', resource, version: apiVersion, namespace, fields };
  const query = {
    watch: 'true',
    resourceVersion: version,
    allowWatchBookmarks: 'true',
    timeoutSeconds: SHORTEST_WATCH_S + Math.floor(options.random() * (LONGEST_WATCH_S - SHORTEST_WATCH_S + 1)),
    ...selectors(collection),
  };
  const response = await client.stream({ operation, query, signal, timeoutMs: HEAD_TIMEOUT_MS });
  let leftFor: 'lifetime' | 'silence' | undefined;
  const leave = (reason: 'lifetime' | 'silence'): void => {
    leftFor = reason;
    response.destroy();
  };
  const onAbort = (): void => void response.destroy();
  signal.addEventListener('abort', onAbort);
  const cancelLifetime = clock.setTimer(options.lifetimeMs, () => leave('lifetime'));
  let cancelSilence = clock.setTimer(SILENCE_MS, () => leave('silence'));
  try {
    // The caller may have stopped between the head and now.
    signal.throwIfAborted();
    options.onOpen();
    const lines = new LineSplitter();
    for await (const chunk of response as AsyncIterable<Buffer>) {
      const receivedAt = clock.monotonic();
      cancelSilence();
      cancelSilence = clock.setTimer(SILENCE_MS, () => leave('silence'));
      handOver(lines.push(chunk), operation, receivedAt, options.onBatch);
    }
    signal.throwIfAborted();
    return leftFor ?? 'server';
  } catch (error) {
    signal.throwIfAborted();
    if (leftFor !== undefined) return leftFor;
    if (error instanceof KubeError || error instanceof WatchError) throw error;
    throw new UnreachableError(`the watch of ${describe(operation)} broke off: ${messageOf(error)}`, { cause: error });
  } finally {
    cancelSilence();
    cancelLifetime();
    signal.removeEventListener('abort', onAbort);
    response.destroy();
  }
}

/** @throws WatchError, KubeError for the first line that is no change, after the ones before it were handed over */
function handOver(
  lines: readonly string[],
  operation: Operation,
  receivedAt: number,
  onBatch: WatchOptions['onBatch'],
): void {
  const changes: Change[] = [];
  let version: string | undefined;
  try {
    for (const line of lines) {
      const { type, object } = parseLine(line, operation);
      if (type === 'BOOKMARK') {
        version = versionOf(object) ?? version;
      } else if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') {
        const known = readObject(object, operation);
        changes.push({ type: type === 'DELETED' ? 'delete' : 'upsert', object: known });
        version = known.metadata.resourceVersion;
      } else if (type === 'ERROR') {
        // The server often leaves the stream open after it, silent for ever: the event ends the watch, not the stream.
        throw new WatchError(errorOfStatus(codeOfStatus(object), object, operation));
      } else {
        throw new BadAnswerError(`watch ${describe(operation)}: unknown kind of event ${JSON.stringify(type)}`);
      }
    }
  } finally {
    if (changes.length > 0 || version !== undefined) onBatch({ changes, version, receivedAt });
  }
}

function parseLine(line: string, operation: Operation): { type: unknown; object: unknown } {
  try {
    const event: unknown = JSON.parse(line);
    if (isObject(event)) return { type: event.type, object: event.object };
  } catch {
    // Without the parser's message, which quotes the line: it may be a Secret.
    throw new BadAnswerError(`watch ${describe(operation)}: a line is not JSON`);
  }
  throw new BadAnswerError(`watch ${describe(operation)}: a line is not an event`);
}

/** A bookmark's object has a version and nothing else. */
function versionOf(object: unknown): string | undefined {
  const version = isObject(object) && isObject(object.metadata) ? object.metadata.resourceVersion : undefined;
  return typeof version === 'string' && version !== '' ? version : undefined;
}

function codeOfStatus(object: unknown): number {
  return isObject(object) && typeof object.code === 'number' ? object.code : 500;
}
