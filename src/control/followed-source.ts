import type { DemandReport } from '../sources/kube/demand-source.ts';
import type { ReflectorStatistics } from '../sources/kube/reflector.ts';

/** A source of objects that reports as all of them do. */
export interface FollowedSource {
  start(): void;
  stop(): Promise<void>;
  report(): DemandReport;
  statistics(): ReflectorStatistics;
}

/** One that reads what is asked for. */
export interface DemandedSource extends FollowedSource {
  /** The first table should wait: what is asked for is about to be read. */
  readonly isAwaited: boolean;
}
