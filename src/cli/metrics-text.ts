/** Reads Prometheus text as far as a running instance writes it. */

export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Samples by metric name. */
export type MetricSamples = ReadonlyMap<string, readonly MetricSample[]>;

const SAMPLE = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)$/gm;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** @param wanted names of metrics; the others are skipped, since ten thousand Services have very many series */
export function readMetrics(text: string, wanted: ReadonlySet<string>): MetricSamples {
  const samples = new Map<string, MetricSample[]>([...wanted].map(name => [name, []]));
  for (const [, name = '', labels = '', value = ''] of text.matchAll(SAMPLE)) {
    samples.get(name)?.push({ labels: readLabels(labels), value: readValue(value) });
  }
  return samples;
}

function readLabels(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(LABEL)].map(([, name, value = '']) => [
      name,
      value.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character)),
    ]),
  );
}

function readValue(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  return text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text);
}
