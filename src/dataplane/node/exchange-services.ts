import type { ProxyServer } from 'http-proxy-3';
import type { AddressRanges } from '../../formats/address-ranges.ts';
import type { EngineContext } from '../engine.ts';
import type { UpstreamPool } from './upstream-pool.ts';

/** What the exchanges of one engine share. */
export interface ExchangeServices {
  readonly context: EngineContext;
  readonly proxy: ProxyServer;
  readonly pool: UpstreamPool;
  readonly trustedProxies: () => AddressRanges;
  readonly isDraining: () => boolean;
  readonly isClosed: () => boolean;
}

/** The bytes of a protocol other than HTTP that came with an Upgrade request. */
export interface UpgradeOffer {
  readonly early: Buffer;
}
