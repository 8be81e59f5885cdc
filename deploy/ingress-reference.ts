/** Writes deploy/ingress.md from the tables of ingress-nginx's annotations and of its ConfigMap: `npm run docs:ingress`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { INGRESS_FEATURES } from '../src/translate/ingress/annotations/features.ts';
import type { ConfigRow } from '../src/translate/ingress/config/config-row.ts';
import { CONFIG_ROWS } from '../src/translate/ingress/config/config-table.ts';
import type { IngressRow, Support } from '../src/translate/ingress/ingress-feature.ts';

export const REFERENCE_FILE: string = join(import.meta.dirname, 'ingress.md');

const INTRODUCTION = `# What ingress-nginx's annotations and ConfigMap do here

Made from src/translate/ingress by \`npm run docs:ingress\`.

Ingresses are served with \`--ingress-class nginx\`, as ingress-nginx 1.15 serves them. This page has every annotation under
\`nginx.ingress.kubernetes.io/\` and every key of its ConfigMap, which \`--ingress-configmap NAMESPACE/NAME\` names. Each of them
works, has nothing to do, is refused by name, or is one that ingress-nginx itself ignores. Nothing is passed over in silence:
an Event on the Ingress names what does nothing and says what to write instead, and \`kube-entry migrate\` says it before a move.

A value that cannot be read counts as the default, as in ingress-nginx, and an Event says so. Where a protection cannot be
had, such as one whose Secret is missing, the locations of the Ingress answer 503. The own annotations of
[policies.md](policies.md) may stand on an Ingress too, and count before those of ingress-nginx.
`;

const HEADINGS: Readonly<Record<Support, string>> = {
  works: 'Annotations that work',
  'no-effect': 'Annotations with nothing to do here',
  refused: 'Annotations that are refused by name',
  dead: 'Annotations that ingress-nginx ignores',
};

const CONFIG_HEADINGS: Readonly<Record<ConfigRow['support'], string>> = {
  works: 'Keys of the ConfigMap that work',
  'no-effect': 'Keys of the ConfigMap with nothing to do here',
  refused: 'Keys of the ConfigMap that are refused by name',
};

/** The whole of the file. */
export function ingressReference(): string {
  const rows = INGRESS_FEATURES.flatMap(feature => feature.rows);
  const annotations = (Object.keys(HEADINGS) as Support[]).map(support =>
    section(HEADINGS[support], rows.filter(row => row.support === support).map(annotation)),
  );
  const keys = (Object.keys(CONFIG_HEADINGS) as ConfigRow['support'][]).map(support =>
    section(CONFIG_HEADINGS[support], CONFIG_ROWS.filter(row => row.support === support).map(key)),
  );
  return [INTRODUCTION, ...annotations, ...keys].join('\n');
}

function section(heading: string, lines: readonly string[]): string {
  return [`## ${heading}`, '', ...lines, ''].join('\n');
}

function annotation({ name, value, example, help, differs, why }: IngressRow): string {
  const written = `\`${name}: ${JSON.stringify(example)}\``;
  return `- **${name}**: ${value}, as in ${written}. ${help}${difference(differs)}${reason(why)}`;
}

function key({ name, fallback, help, differs, why }: ConfigRow): string {
  const usual = fallback === '' ? 'none' : `\`${fallback}\``;
  return `- **${name}** (default ${usual}): ${help === '' ? '' : help}${difference(differs)}${reason(why).trimStart()}`;
}

function difference(differs: string | undefined): string {
  return differs === undefined ? '' : ` *Differs:* ${differs}`;
}

function reason(why: string | undefined): string {
  if (why === undefined) return '';
  const sentence = `${why[0]?.toUpperCase()}${why.slice(1)}`;
  return ` ${sentence}${/[.!?]$/.test(sentence) ? '' : '.'}`;
}

if (import.meta.main) writeFileSync(REFERENCE_FILE, ingressReference());
