import { isIP } from 'node:net';

/**
 * Whether a text is an IP address or a host name of RFC 1123, so that it can be connected to. A name whose last label is a number is
 * refused: `10.0.0.300` is a mistyped address.
 */
export function isHostName(name: string): boolean {
  return (
    isIP(name) !== 0 ||
    (name.length <= 253 &&
      /^(?:[a-z0-9_](?:[-a-z0-9_]{0,61}[a-z0-9_])?\.)*(?!\d+\.?$)[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?\.?$/i.test(name))
  );
}
