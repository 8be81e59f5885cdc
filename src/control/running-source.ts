import type { Logger } from '../observe/logger.ts';
import type { Settings } from '../settings/schema.ts';
import type { EventSink } from './announcer.ts';
import type { Catalog } from './catalog.ts';
import type { RouteSource } from './route-control.ts';

/** A source, and how to begin and end it. */
export interface RunningSource extends RouteSource {
  /** Present if Events can be posted on Services. */
  readonly events?: EventSink;
  /** @throws KubeEntryError when it cannot even begin */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface SourceOptions {
  readonly settings: Settings;
  /** Those in force now: some change in a running instance. */
  readonly liveSettings: () => Settings;
  readonly catalog: Catalog;
  readonly logger: Logger;
  /** @param receivedAt by `performance.now()` */
  readonly onChange: (receivedAt: number) => void;
}
