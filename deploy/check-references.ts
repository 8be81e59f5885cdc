/** Whether the pages that are made from tables say what the tables say: part of `npm run check`. */
import { readFileSync } from 'node:fs';
import * as ingress from './ingress-reference.ts';
import * as policies from './policies-reference.ts';
import * as reasons from './reasons-reference.ts';
import * as settings from './settings-reference.ts';

const PAGES: readonly (readonly [command: string, file: string, text: string])[] = [
  ['docs:ingress', ingress.REFERENCE_FILE, ingress.ingressReference()],
  ['docs:policies', policies.REFERENCE_FILE, policies.policiesReference()],
  ['docs:reasons', reasons.REFERENCE_FILE, reasons.reasonsReference()],
  ['docs:settings', settings.REFERENCE_FILE, settings.settingsReference()],
];

const stale = PAGES.filter(([, file, text]) => readFileSync(file, 'utf8') !== text);
for (const [command, file] of stale)
  console.error(`${file} is not what its table says: npm run ${command} writes it again`);
process.exitCode = stale.length === 0 ? 0 : 1;
