import type { Settings } from '../../settings/schema.ts';
import { EXPECT } from '../pipeline/header-ids.ts';
import type { RequestHead } from './request-head.ts';

/** Whether a client's connection may carry another request after this one (RFC 9112 section 9.3). */
export function persists(head: RequestHead, settings: Settings, requests: number, bodyIsComplete: boolean): boolean {
  if (head.saysClose || (head.minorVersion === 0 && !head.saysKeepAlive)) return false;
  if (requests >= settings.keepaliveRequests || settings.keepaliveTimeout === 0) return false;
  // A client that waits for 100 Continue may or may not send its body: where the next request begins is unknown.
  return bodyIsComplete || !head.has(EXPECT);
}
