/** A panel of the dashboard: one question, with its queries, its unit and an explanation. */

export interface Query {
  readonly expr: string;
  /** As Grafana has it: `{{label}}` stands for a label's value. */
  readonly legend: string;
}

export interface PanelSpec {
  readonly title: string;
  /** For whoever looks at it for the first time: what it means, and from where on it is bad. */
  readonly description: string;
  /** Grafana's name of it. */
  readonly unit: 'reqps' | 's' | 'percentunit' | 'Bps' | 'bytes' | 'short' | 'cps' | 'ops' | 'bool_yes_no';
  readonly queries: readonly Query[];
  /** `time` is the default: a graph over time. `stat` is one number. */
  readonly kind?: 'time' | 'stat';
  readonly isStacked?: boolean;
  /** Of 24 columns. */
  readonly width: number;
  /** From here on it is orange, and red. */
  readonly thresholds?: readonly [orange: number, red: number];
}

export interface RowSpec {
  readonly title: string;
  readonly panels: readonly PanelSpec[];
}

/** The instances that were chosen. */
export const INSTANCE = 'job="$job",instance=~"$instance"';
/** And the Services. */
export const SERVICE = `${INSTANCE},namespace=~"$namespace",service=~"$service"`;
/** Without what no route took. */
export const ROUTED = `${SERVICE},service!=""`;
export const BY_SERVICE = '{{namespace}}/{{service}}';
export const BY_INSTANCE = '{{instance}}';

export function rate(metric: string, selector: string): string {
  return `rate(${metric}{${selector}}[$__rate_interval])`;
}

export function quantile(share: number, histogram: string, selector: string, by = 'le'): string {
  return `histogram_quantile(${share}, sum by (${by}) (${rate(`${histogram}_bucket`, selector)}))`;
}

export function quantiles(histogram: string, selector: string): Query[] {
  return [0.5, 0.9, 0.99].map(share => ({ expr: quantile(share, histogram, selector), legend: `p${share * 100}` }));
}
