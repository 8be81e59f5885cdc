/**
 * The import rules of src/: which folder may import which other, and which package. Run by `npm run check`.
 * What is not listed is forbidden.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

/** Leaves that every folder may import. */
const COMMON = ['errors.ts', 'formats'];

const FOLDERS: Readonly<Record<string, { readonly folders: readonly string[]; readonly packages: readonly string[] }>> =
  {
    'errors.ts': { folders: [], packages: [] },
    formats: { folders: ['errors.ts'], packages: ['yaml'] },
    routing: { folders: [], packages: [] },
    settings: { folders: COMMON, packages: ['zod'] },
    observe: { folders: [...COMMON, 'routing', 'proxy/failures'], packages: ['pino', 'prom-client'] },
    sources: { folders: [...COMMON, 'routing', 'settings', 'observe', 'sources/kube'], packages: [] },
    'sources/kube': {
      folders: [...COMMON, 'routing', 'settings', 'observe', 'sources'],
      packages: ['@kubernetes/client-node'],
    },
    proxy: {
      folders: [...COMMON, 'routing', 'settings', 'observe', 'proxy/failures', 'proxy/node', 'proxy/wire'],
      packages: [],
    },
    'proxy/failures': { folders: [], packages: [] },
    'proxy/wire': { folders: [...COMMON, 'routing', 'settings', 'observe', 'proxy', 'proxy/failures'], packages: [] },
    'proxy/node': {
      folders: [...COMMON, 'routing', 'settings', 'observe', 'proxy', 'proxy/failures'],
      packages: ['http-proxy-3'],
    },
    workers: { folders: [...COMMON, 'routing', 'settings', 'observe', 'proxy', 'proxy/failures'], packages: [] },
    admin: { folders: [...COMMON, 'routing', 'observe', 'proxy/failures'], packages: ['fastify'] },
    cli: {
      folders: [
        ...COMMON,
        'routing',
        'settings',
        'observe',
        'sources',
        'sources/kube',
        'proxy/failures',
        'workers',
        'admin',
      ],
      packages: [],
    },
    'program.ts': { folders: [...COMMON, 'cli'], packages: [] },
    'node-version.ts': { folders: [], packages: [] },
    'early-signals.ts': { folders: [], packages: [] },
    'main.ts': { folders: ['early-signals.ts', 'node-version.ts', 'program.ts'], packages: [] },
  };

/** The problems of one file's text; empty when it keeps the rules. @param file relative to src/ */
export function importProblems(file: string, text: string): string[] {
  const owner = ownerOf(file);
  const rule = owner === undefined ? undefined : FOLDERS[owner];
  if (owner === undefined || rule === undefined) return [`${file}: belongs to no folder of the architecture`];
  const problems: string[] = [];
  for (const [, specifier = ''] of text.matchAll(/(?:\bfrom\s+|\bimport\s*\(?\s*)'([^'\s]+)'/g)) {
    if (specifier.startsWith('node:')) continue;
    if (specifier.startsWith('.')) {
      const target = ownerOf(relative('.', resolve(dirname(file), specifier)));
      if (target === undefined) problems.push(`${file}: imports ${specifier}, which is outside src/`);
      else if (target !== owner && !rule.folders.includes(target)) {
        problems.push(`${file}: ${owner} must not import ${target} (${specifier})`);
      }
    } else {
      const name = specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/');
      if (!rule.packages.includes(name)) problems.push(`${file}: ${owner} must not import the package ${name}`);
    }
  }
  return problems;
}

/** The longest listed folder (or file) that holds a file. */
function ownerOf(file: string): string | undefined {
  const path = file.split(sep).join('/');
  return Object.keys(FOLDERS)
    .filter(folder => path === folder || path.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length)[0];
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '../../src');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'));
  const problems = files.flatMap(file => importProblems(file, readFileSync(join(root, file), 'utf8')));
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
  else console.log(`import rules: ${files.length} files keep them`);
}
