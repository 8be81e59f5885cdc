/** The Prometheus text format, as far as it is written here: https://prometheus.io/docs/instrumenting/exposition_formats */

export function familyHead(name: string, type: 'counter' | 'gauge' | 'histogram', help: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

/** A label value between its quotes: backslash, double quote and line feed are escaped. */
export function labelValue(value: string): string {
  return /["\\\n]/.test(value) ? value.replace(/["\\\n]/g, character => ESCAPES[character] ?? character) : value;
}

const ESCAPES: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\n': '\\n' };
