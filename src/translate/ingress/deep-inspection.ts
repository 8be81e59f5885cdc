/** What ingress-nginx refuses in hosts and paths, because it would write them into nginx's configuration. Pure. */

/**
 * Nothing of this can do harm here. An Ingress that ingress-nginx never served is refused here, too: its author meant harm, or the path
 * never worked.
 */
const REFUSED: readonly RegExp[] = [
  /^\s*(?:root|alias)\s[^;]{0,1024};/m,
  /\/etc\/(?:passwd|shadow|group|nginx|ingress-controller)\b/,
  /\/var\/run\/secrets|\/run\/secrets\/kubernetes\.io/,
  /_by_lua/,
];

/** @returns the part that is refused; undefined: nothing is */
export function refusedPart(text: string): string | undefined {
  for (const pattern of REFUSED) {
    const [found] = pattern.exec(text) ?? [];
    if (found !== undefined) return found.trim();
  }
  return undefined;
}
