/**
 * Ends the process with one line if its Node is too old for the program. Plain JavaScript, because an old Node reads it,
 * too; imported before anything that it could not read. node-version.ts is a link to this file.
 */
import { existsSync, readFileSync } from 'node:fs';

// package.json lies beside src/ and beside dist/.
const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const needed = String(manifest.engines.node).replace('>=', '');
const actual = process.versions.node;

// As texts that compare like the versions: 24.9.0 comes before 24.21.0.
const [actualKey = '', neededKey = ''] = [actual, needed].map(version =>
  version
    .split('.')
    .map(part => part.padStart(5, '0'))
    .join('.'),
);

if (actualKey < neededKey) {
  // A checkout has the right Node among its dependencies, but npm does not download it with --ignore-scripts.
  const advice = existsSync(new URL('../node_modules/node/package.json', import.meta.url))
    ? '; run it with node_modules/.bin/node (missing after npm ci --ignore-scripts: npm rebuild --ignore-scripts=false node)'
    : '';
  const wanted = needed.replace(/\.0$/, '');
  process.stderr.write(`kube-entry needs Node ${wanted} or later, this is ${actual} (${process.execPath})${advice}\n`);
  process.exit(1);
}
