import { randomBytes } from 'node:crypto';

/** A nonce for the handshake of a WebSocket in HTTP/1.1 (RFC 6455 section 4.1). */
export function webSocketKey(): string {
  return randomBytes(16).toString('base64');
}
