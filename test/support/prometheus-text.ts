/** A strict reader of the Prometheus text format 0.0.4, written apart from what writes it. */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly type: string;
  readonly help: string;
  readonly samples: Sample[];
}

const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: [''],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
};

/**
 * Families by name.
 * @throws Error for a line out of form, samples without HELP and TYPE before them, a family in two places, a series
 *   given twice
 */
export function parsePrometheusText(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const families = new Map<string, Family>();
  const series = new Set<string>();
  let help: { name: string; text: string } | undefined;
  let current: { name: string; family: Family } | undefined;
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue;
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line);
    if (comment !== null) {
      const [, kind, name = '', rest = ''] = comment;
      if (kind === 'HELP') {
        help = { name, text: rest };
        continue;
      }
      if (help?.name !== name) throw new Error(`no HELP before ${line}`);
      if (families.has(name)) throw new Error(`a second time: ${line}`);
      if (SUFFIXES[rest] === undefined) throw new Error(`no such type: ${line}`);
      current = { name, family: { type: rest, help: help.text, samples: [] } };
      families.set(name, current.family);
      continue;
    }
    const sample = parseSample(line);
    const { name, family } = current ?? { name: '', family: undefined };
    const known = family && SUFFIXES[family.type]?.some(suffix => sample.name === name + suffix);
    if (family === undefined || !known) throw new Error(`not of the family before it: ${line}`);
    const identity = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
    if (series.has(identity)) throw new Error(`a second time: ${line}`);
    series.add(identity);
    family.samples.push(sample);
  }
  return families;
}

function parseSample(line: string): Sample {
  // prom-client writes Nan, which Prometheus takes: Go's ParseFloat looks at no case.
  const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|[+-]Inf|Na[nN])$/.exec(line);
  if (match === null) throw new Error(`not a sample: ${JSON.stringify(line)}`);
  const [, name = '', labels = '', value = ''] = match;
  return { name, labels: parseLabels(labels), value: value.endsWith('Inf') ? Number(`${value}inity`) : Number(value) };
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  const one = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;
  while (one.lastIndex < text.length) {
    const at = one.lastIndex;
    const match = one.exec(text);
    if (match === null) throw new Error(`not a label: ${JSON.stringify(text.slice(at))}`);
    const [, name = '', value = '', separator] = match;
    if (Object.hasOwn(labels, name)) throw new Error(`label ${name} twice`);
    if (separator === ',' && one.lastIndex === text.length) throw new Error(`a comma too many: ${text}`);
    labels[name] = value.replace(/\\(.)/g, (_whole, escaped) => (escaped === 'n' ? '\n' : escaped));
  }
  return labels;
}
