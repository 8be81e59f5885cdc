/** Writes deploy/policies.md from the table of policies: `npm run docs:policies`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PREFIX } from '../src/resources/annotation-prefix.ts';
import { CANARY_ROWS } from '../src/translate/policies/canary.ts';
import { POLICIES } from '../src/translate/policies/policies.ts';
import type { PolicyDefinition, PolicyRow } from '../src/translate/policies/policy-definition.ts';

export const REFERENCE_FILE: string = join(import.meta.dirname, 'policies.md');

const INTRODUCTION = `# Policies

Made from src/translate/policies by \`npm run docs:policies\`.

A policy is an annotation of a Service: it says what the entry refuses, checks, changes or shares out before the Service gets
a request. A request meets the policies of its Service in the order of this page. A Service with a value that cannot be read
is refused, and an Event says what to write instead. \`kube-entry explain --client-ip ADDRESS --header "NAME: VALUE" /path\`
says what each policy would do with a request; \`kube_entry_policy_requests_total\` counts what they did; the field \`policy\`
of the JSON access log names the one that refused a request, and the field \`reason\` says why ([reasons.md](reasons.md)).
`;

/** The whole of the file. */
export function policiesReference(): string {
  return [INTRODUCTION, ...POLICIES.map(({ rows }) => section(rows)), section(CANARY_ROWS)].join('\n');
}

function section(rows: PolicyDefinition['rows']): string {
  const [{ name }] = rows;
  return [`## ${name}`, '', ...rows.map(row), example(rows)].join('\n');
}

function row({ name, nginx, value, help }: PolicyRow): string {
  const same = nginx.map(other => `\`nginx.ingress.kubernetes.io/${other}\``).join(', ');
  return `- \`${PREFIX}${name}\`: ${value}. ${help}${same === '' ? '' : ` In ingress-nginx: ${same}.`}\n`;
}

/** All annotations of a policy together. */
function example(rows: readonly PolicyRow[]): string {
  const lines = rows.flatMap(one => annotation(one.name, one.example));
  return ['```yaml', 'metadata:', '  annotations:', ...lines, '```', ''].join('\n');
}

function annotation(name: string, text: string): string[] {
  const [first = '', ...others] = text.split('\n');
  if (others.length === 0) return [`    ${PREFIX}${name}: ${JSON.stringify(first)}`];
  return [`    ${PREFIX}${name}: |`, ...[first, ...others].map(line => `      ${line}`)];
}

if (import.meta.main) writeFileSync(REFERENCE_FILE, policiesReference());
