/**
 * The protocols of an Upgrade header that may become a tunnel; undefined when there is none. `h2c` above all is never
 * among them by default: it would carry requests past the routing.
 */
export function allowedUpgrade(upgrade: string | undefined, allowed: readonly string[]): string | undefined {
  if (upgrade === undefined) return undefined;
  const protocols = upgrade
    .split(',')
    .map(protocol => protocol.trim())
    .filter(protocol => allowed.includes(protocol.toLowerCase()));
  return protocols.length === 0 ? undefined : protocols.join(', ');
}
