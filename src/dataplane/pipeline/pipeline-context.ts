import type { AddressRanges } from '../../formats/address-ranges.ts';
import type { Compressions } from '../bodies/compressions.ts';
import type { ReplayContext } from '../bodies/replay-body.ts';
import type { UpstreamPools } from '../clusters/upstream-pools.ts';
import type { EngineContext } from '../engine.ts';
import type { Deadlines } from './deadlines.ts';
import type { Subrequests } from './subrequests/subrequests.ts';

/** What the exchanges of a worker share. Every request reads it many times: its fields must stay plain ones. */
export interface PipelineContext extends ReplayContext {
  readonly engine: EngineContext;
  readonly deadlines: Deadlines;
  readonly pools: UpstreamPools;
  readonly compressions: Compressions;
  readonly subrequests: Subrequests;
  readonly trustedProxies: AddressRanges;
  /** Every connection is being ended, whatever is under way. */
  readonly isClosed: boolean;
}
