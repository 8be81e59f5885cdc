import { listElements } from '../../formats/http/list.ts';

/**
 * The protocols of an Upgrade header that may become a tunnel; undefined when none of them may. The default does not allow
 * `h2c`: it would carry requests past the routing.
 */
export function allowedUpgrade(upgrade: string | undefined, allowed: readonly string[]): string | undefined {
  if (upgrade === undefined) return undefined;
  const known = inLowerCase(allowed);
  const protocols = listElements(upgrade).filter(protocol => known.has(protocol.toLowerCase()));
  return protocols.length === 0 ? undefined : protocols.join(', ');
}

/** Whether an upstream may switch to these protocols: each must have been offered to it (RFC 9110 section 15.2.2). */
export function isOfferedUpgrade(upgrade: string, offered: string | undefined): boolean {
  const known = inLowerCase(listElements(offered ?? ''));
  const protocols = listElements(upgrade);
  return protocols.length > 0 && protocols.every(protocol => known.has(protocol.toLowerCase()));
}

/** RFC 9110 section 7.8: names of protocols are compared in any case. */
function inLowerCase(protocols: readonly string[]): ReadonlySet<string> {
  return new Set(protocols.map(protocol => protocol.toLowerCase()));
}
