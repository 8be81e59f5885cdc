/** For which hosts a route is served on a listener. Pure. */
import { isIP } from 'node:net';
import { readRuleHost } from '../../ingress/rule-text.ts';

/** A host for which a listener serves a route. */
export interface ServedHost {
  /** What the hostnames of both have in common; empty: all hosts. */
  readonly host: string;
  /** How closely the route's own hostname fits it. Of routes for one host, those with more come first, whatever their paths. */
  readonly hostRank: number;
}

/** More than a wildcard has characters: names without one come first. */
const EXACT = 1_000;

/** @returns in lower case; undefined for what is no host name, or an IP address */
export function readHostname(text: string): string | undefined {
  const host = readRuleHost(text);
  return host === undefined || isIP(host.replace(/^\*\./, '')) !== 0 ? undefined : host;
}

/**
 * @param listener its hostname, empty for all hosts
 * @param hostnames those of a route, as {@link readHostname} gives them; none: all hosts
 * @returns none where they have no host in common
 */
export function servedHosts(listener: string, hostnames: readonly string[]): readonly ServedHost[] {
  const ranks = new Map<string, number>();
  for (const own of hostnames.length === 0 ? [''] : hostnames) {
    const host = commonHost(listener, own);
    if (host !== undefined) ranks.set(host, Math.max(ranks.get(host) ?? 0, rankOf(own)));
  }
  return [...ranks].map(([host, hostRank]) => ({ host, hostRank }));
}

/** The hosts that both names stand for; undefined where there are none. */
function commonHost(one: string, other: string): string | undefined {
  if (one === other || other === '' || isWithin(one, other)) return one;
  return one === '' || isWithin(other, one) ? other : undefined;
}

/** The star stands for one label or more, so that a narrower wildcard is within a wider one. */
function isWithin(host: string, wildcard: string): boolean {
  return wildcard.startsWith('*.') && host.endsWith(wildcard.slice(1)) && host.length > wildcard.length - 1;
}

/** Names without a wildcard come first, then those with more characters. */
function rankOf(host: string): number {
  return host === '' || host.startsWith('*.') ? host.length : EXACT + host.length;
}
