import { SettingsError } from '../errors.ts';
import type { GatewayChoice } from '../migrate/gateway/listener-plan.ts';
import { isDnsLabel, isDnsSubdomain } from '../resources/service-object.ts';
import type { ParsedFlags } from '../settings/flags.ts';
import { notOneOf } from '../text/one-of.ts';
import { quote } from '../text/quote.ts';

export const FORMATS = ['text', 'markdown', 'html', 'json', 'values'] as const;
export type Format = (typeof FORMATS)[number];

/** @throws SettingsError for one that is not known */
export function formatOf({ options: { output = 'text' } }: ParsedFlags): Format {
  const format = FORMATS.find(known => known === output);
  if (format === undefined) throw new SettingsError([`--output: ${notOneOf(output, FORMATS)}`]);
  return format;
}

/** What the Ingresses are to become; undefined: nothing is written. @throws SettingsError for what cannot be meant */
export function targetOf({ options: { to, gateway } }: ParsedFlags, format: Format): GatewayChoice | undefined {
  if (to === undefined) {
    if (gateway !== undefined) throw new SettingsError(['--gateway: needs --to gateway']);
    return undefined;
  }
  if (to !== 'gateway') throw new SettingsError([`--to: ${notOneOf(String(to), ['gateway'])}`]);
  if (format !== 'text' && format !== 'json')
    throw new SettingsError([`--output: ${notOneOf(format, ['text', 'json'])} with --to gateway`]);
  if (gateway === undefined) return { existing: undefined };
  const [namespace, name, ...others] = String(gateway).split('/');
  if (!isDnsLabel(namespace) || !isDnsSubdomain(name) || others.length > 0)
    throw new SettingsError([`--gateway: ${quote(String(gateway))} must be NAMESPACE/NAME`]);
  return { existing: { namespace, name } };
}
