/** The dashboard as it is in deploy/, read as Grafana would read it. */
import { dig, listAt, textOf } from '../deploy/objects.ts';

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description: unknown;
  readonly unit: unknown;
  readonly place: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly queries: readonly string[];
  readonly raw: unknown;
}

export const DASHBOARD: unknown = JSON.parse(textOf('monitoring/dashboard.json'));

/** All panels, rows among them. */
export function panels(): Panel[] {
  return listAt(DASHBOARD, 'panels').map(raw => ({
    id: Number(dig(raw, 'id')),
    type: String(dig(raw, 'type')),
    title: String(dig(raw, 'title')),
    description: dig(raw, 'description'),
    unit: dig(raw, 'fieldConfig', 'defaults', 'unit'),
    place: Object(dig(raw, 'gridPos')),
    queries: ((dig(raw, 'targets') ?? []) as unknown[]).map(target => String(dig(target, 'expr'))),
    raw,
  }));
}

export interface Variable {
  readonly name: string;
  /** Metric with its selector, and the label whose values are the choice; undefined for another kind of variable. */
  readonly choice: { readonly series: string; readonly label: string } | undefined;
}

export function variables(): Variable[] {
  return listAt(DASHBOARD, 'templating', 'list').map(raw => {
    const match = /^label_values\((.*), (\w+)\)$/.exec(String(dig(raw, 'query', 'query')));
    const [, series = '', label = ''] = match ?? [];
    return { name: String(dig(raw, 'name')), choice: match === null ? undefined : { series, label } };
  });
}

/** A query as Grafana sends it when everything is chosen. @param interval for `$__rate_interval` */
export function substituted(query: string, interval: string): string {
  const text = query
    .replaceAll('$__rate_interval', interval)
    .replaceAll('$job', 'kube-entry')
    .replaceAll(/\$(?:instance|namespace|service)\b/g, '.*');
  if (text.includes('$')) throw new Error(`a variable is left: ${text}`);
  return text;
}
