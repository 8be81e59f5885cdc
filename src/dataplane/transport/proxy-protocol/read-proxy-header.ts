import { NO_HEADER, type ProxyFault, type ProxyHeader } from './proxy-header.ts';
import { readProxyV1, V1_PREFIX } from './proxy-v1.ts';
import { readProxyV2, V2_SIGNATURE } from './proxy-v2.ts';

/**
 * Reads the header at the beginning of `bytes`.
 * @returns undefined while it is incomplete, and may still become a valid one
 */
export function readProxyHeader(bytes: Buffer, end: number): ProxyHeader | ProxyFault | undefined {
  if (begins(bytes, end, V1_PREFIX)) return end < V1_PREFIX.length ? undefined : readProxyV1(bytes, end);
  if (begins(bytes, end, V2_SIGNATURE)) return end < V2_SIGNATURE.length ? undefined : readProxyV2(bytes, end);
  return NO_HEADER;
}

/** Whether the bytes are those of the signature, as far as either goes. */
function begins(bytes: Buffer, end: number, signature: Buffer): boolean {
  const size = Math.min(end, signature.length);
  return bytes.compare(signature, 0, size, 0, size) === 0;
}
