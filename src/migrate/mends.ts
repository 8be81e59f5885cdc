/** The line of a manifest that mends an annotation, where one can be told from its value. */
import { NGINX_PREFIX } from '../translate/ingress/ingress-values.ts';

/** An annotation as a manifest has it. */
export function line(field: string, value: string): string {
  return `${field}: ${JSON.stringify(value)}`;
}

/** What took the place of an annotation that ingress-nginx no longer reads. */
export function replacement(name: string, value: string): string | undefined {
  const isOn = /^(?:1|t|true)$/i.test(value);
  switch (name) {
    case 'secure-backends':
    case 'secure-upstream':
      return isOn ? line(`${NGINX_PREFIX}backend-protocol`, 'HTTPS') : undefined;
    case 'grpc-backend':
      return isOn ? line(`${NGINX_PREFIX}backend-protocol`, 'GRPC') : undefined;
    case 'server-snippets':
      return line(`${NGINX_PREFIX}server-snippet`, value);
    default:
      return undefined;
  }
}

/** A value that was meant, for one that ingress-nginx cannot read. */
export function mendValue(name: string, value: string): string | undefined {
  const better = secondsOf(name, value) ?? booleanOf(value) ?? trimmedSize(name, value);
  return better === undefined ? undefined : line(NGINX_PREFIX + name, better);
}

/** Time limits are seconds without a unit. */
function secondsOf(name: string, value: string): string | undefined {
  if (!/-timeout$|^limit-rate|-max-age$/.test(name)) return undefined;
  const [, count, unit = ''] = /^\s*(\d{1,9})\s*(ms|s|sec|m|min|h)\s*;?\s*$/i.exec(value) ?? [];
  if (count === undefined) return undefined;
  const factor = { ms: 0.001, s: 1, sec: 1, m: 60, min: 60, h: 3600 }[unit.toLowerCase()] ?? 1;
  return String(Math.max(1, Math.round(Number(count) * factor)));
}

function booleanOf(value: string): string | undefined {
  if (/^\s*(?:yes|on|y|true|enabled?)\s*$/i.test(value)) return 'true';
  return /^\s*(?:no|off|n|false|disabled?)\s*$/i.test(value) ? 'false' : undefined;
}

/** Sizes are bytes, or have k, m or g behind them. */
function trimmedSize(name: string, value: string): string | undefined {
  if (!/-size$/.test(name)) return undefined;
  const [, count, unit = ''] = /^\s*(\d{1,12})\s*([kmg])(?:i?b)\s*$/i.exec(value) ?? [];
  return count === undefined ? undefined : count + unit.toLowerCase();
}
