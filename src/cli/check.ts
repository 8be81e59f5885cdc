import { type ManifestContents, readManifestText } from '../sources/manifest-file.ts';
import { listManifests, mergeManifests, readManifests } from '../sources/manifest-files.ts';
import { type Command, EXIT } from './command.ts';
import { inspectManifests } from './inspect-manifests.ts';
import type { Io } from './io.ts';
import { plural, printable } from './text.ts';

/** What stands for a file name where there is none. */
const STANDARD_INPUT = '<stdin>';
/** Of Services that name none; only shown. */
const DEFAULT_NAMESPACE = 'default';

export const check: Command = {
  name: 'check',
  parameters: 'FILE…',
  arity: { least: 1, most: Number.POSITIVE_INFINITY },
  summary: 'validate Service manifests without a cluster',
  description: [
    'Prints FILE:LINE: reason for all that keeps a Service from being served, and exits 1 if there is any. Warnings, such',
    'as two Services that want one path, leave the exit code alone. A directory stands for the YAML files in it, - for',
    'standard input. A Service needs no clusterIP here: the cluster gives it one.',
  ].join('\n'),
  examples: [
    { line: 'kube-entry check services/*.yaml', note: 'before a commit' },
    { line: 'kustomize build . | kube-entry check -', note: 'what is about to be applied' },
  ],
  settings: ['allowExternalName', 'logLevel', 'config'],
  options: {},
  async run({ settings, flags, io }) {
    const files = new Map<string, ManifestContents>();
    for (const path of flags.positionals) await readInto(files, path, io);
    const inspection = inspectManifests(mergeManifests([...files.values()]), [...files.keys()], settings);
    const { remarks, serviceCount, exposedCount, routeCount } = inspection;
    for (const { file, line, message, isProblem } of remarks) {
      io.print(printable(`${file}:${line}: ${isProblem ? '' : 'warning: '}${message}`));
    }
    const problems = remarks.filter(({ isProblem }) => isProblem).length;
    io.print(
      [
        `${plural(files.size, 'file')}, ${plural(serviceCount, 'Service')}, ${exposedCount} exposed`,
        plural(routeCount, 'route'),
        plural(problems, 'problem'),
        plural(remarks.length - problems, 'warning'),
      ].join(', '),
    );
    return problems === 0 ? EXIT.ok : EXIT.no;
  },
};

/** A file that is named twice, as itself and within its directory, is read once. */
async function readInto(files: Map<string, ManifestContents>, path: string, io: Io): Promise<void> {
  if (path === '-') {
    // It can be read once only: a second time it would seem empty.
    if (files.has(STANDARD_INPUT)) return;
    files.set(STANDARD_INPUT, readManifestText(await io.readInput(), STANDARD_INPUT, DEFAULT_NAMESPACE));
    return;
  }
  for (const file of listManifests(path)) files.set(file, readManifests(file, DEFAULT_NAMESPACE));
}
