/**
 * The import rules of src/: which folder may import which other, and which package. What is not listed is forbidden. No files
 * may import each other in a circle. Run by `npm run check`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { importCircles, importsOf } from './import-circles.ts';

/** Leaves that every folder may import. */
const COMMON = ['clock.ts', 'errors.ts', 'formats', 'seeded-random.ts', 'text'];

/**
 * The ports of the data plane: what codecs, exchanges and pools know of each other. The rule that matters most there: the
 * pipeline knows no bytes, http1 knows no routes, and transport knows no HTTP.
 */
const PORTS = [
  'dataplane/pipeline/ports.ts',
  'dataplane/pipeline/known-client.ts',
  'dataplane/pipeline/header-ids.ts',
  'dataplane/fields',
  'dataplane/clusters/upstream-pool.ts',
];

/** What may import any folder of the data plane: it puts their parts together, or is frozen. */
const WHOLE_DATAPLANE = [
  ...COMMON,
  ...PORTS,
  'model',
  'limits',
  'routing',
  'settings',
  'observe',
  'dataplane',
  'failures',
  'dataplane/names',
  'dataplane/log',
  'dataplane/passwords',
  'dataplane/tokens',
  'dataplane/runtime',
  'dataplane/transport',
  'dataplane/transport/tls',
  'dataplane/clusters',
  'dataplane/pipeline',
  'dataplane/passthrough',
  'dataplane/bodies',
  'dataplane/http1',
  'dataplane/http2',
  'dataplane/http2/client',
  'dataplane/http2/server',
];

/** What the control plane may import. Commands may import the same and more. */
const CONTROL_PLANE = [
  ...COMMON,
  'version.ts',
  'model',
  'routing',
  'resources',
  'translate',
  'settings',
  'observe',
  'sources',
  'sources/kube',
  'workers',
];

const FOLDERS: Readonly<Record<string, { readonly folders: readonly string[]; readonly packages: readonly string[] }>> =
  {
    'clock.ts': { folders: [], packages: [] },
    'errors.ts': { folders: [], packages: [] },
    'seeded-random.ts': { folders: [], packages: [] },
    formats: { folders: ['errors.ts', 'text'], packages: ['yaml'] },
    text: { folders: [], packages: [] },
    process: { folders: [...COMMON, 'settings'], packages: [] },
    // Every thread calls it.
    'process/collect-garbage.ts': { folders: [], packages: [] },
    model: { folders: [], packages: [] },
    // Shared memory in which all workers count.
    limits: { folders: COMMON, packages: [] },
    'limits/redis': { folders: [...COMMON, 'limits'], packages: ['@redis/client'] },
    routing: { folders: ['errors.ts', 'model'], packages: [] },
    resources: { folders: ['model'], packages: [] },
    translate: {
      folders: [...COMMON, 'model', 'routing', 'resources', 'translate/balance', 'translate/policies'],
      packages: [],
    },
    // One file for each policy. `explain` asks them what they do.
    'translate/policies': { folders: [...COMMON, 'model', 'routing', 'resources', 'translate'], packages: [] },
    // What annotations, settings and records have in common.
    'translate/balance': { folders: [...COMMON, 'model'], packages: [] },
    settings: { folders: [...COMMON, 'model', 'translate/balance'], packages: ['zod'] },
    observe: {
      folders: [...COMMON, 'model', 'failures'],
      packages: ['pino', 'prom-client'],
    },
    // They name Services as the model does, and log. What they read is translated elsewhere.
    sources: { folders: [...COMMON, 'model', 'resources', 'observe'], packages: [] },
    'sources/kube': {
      folders: [...COMMON, 'model', 'resources', 'settings', 'observe'],
      packages: ['@kubernetes/client-node'],
    },
    dataplane: { folders: [...WHOLE_DATAPLANE, 'dataplane/node', 'dataplane/wire'], packages: [] },
    failures: { folders: [], packages: [] },
    'dataplane/names': { folders: COMMON, packages: [] },
    'dataplane/log': { folders: [...COMMON, 'model', 'observe', 'failures'], packages: [] },
    // Libraries for the hashes of passwords.
    'dataplane/passwords': { folders: [...COMMON, 'dataplane/runtime'], packages: ['apache-md5', 'bcryptjs'] },
    'dataplane/tokens': { folders: [...COMMON, 'dataplane/runtime'], packages: ['jose'] },
    'dataplane/runtime': { folders: COMMON, packages: [] },
    'dataplane/transport': { folders: [...COMMON, 'dataplane/runtime'], packages: [] },
    // What a session is, is a port: requests and the log read it.
    'dataplane/transport/tls': {
      folders: [
        ...COMMON,
        'dataplane/pipeline/known-client.ts',
        'model',
        'observe',
        'dataplane/runtime',
        'dataplane/transport',
      ],
      packages: [],
    },
    'dataplane/pipeline/ports.ts': {
      folders: ['model', 'failures', 'dataplane/log', 'dataplane/runtime', 'dataplane/pipeline/known-client.ts'],
      packages: [],
    },
    'dataplane/pipeline/known-client.ts': { folders: ['model', 'dataplane/log'], packages: [] },
    'dataplane/pipeline/header-ids.ts': { folders: [], packages: [] },
    // Header lines that all codecs write: once, and for all versions of HTTP.
    'dataplane/fields': {
      folders: [...COMMON, 'dataplane/pipeline/ports.ts', 'dataplane/pipeline/header-ids.ts'],
      packages: [],
    },
    // What codecs and exchanges do with bodies, whatever the version of HTTP.
    'dataplane/bodies': {
      folders: [...COMMON, 'dataplane/pipeline/ports.ts', 'model', 'dataplane/runtime', 'dataplane/transport'],
      packages: [],
    },
    'dataplane/clusters/upstream-pool.ts': {
      folders: ['model', 'dataplane/pipeline/ports.ts', 'dataplane/runtime', 'dataplane/transport'],
      packages: [],
    },
    // Choosing is pure, and so are the values of cookies. The control plane asks both where a request would go.
    'dataplane/clusters/balancers': { folders: ['model'], packages: [] },
    'dataplane/clusters/affinity': { folders: ['model', 'dataplane/clusters/balancers'], packages: [] },
    'dataplane/clusters': {
      folders: [
        ...COMMON,
        ...PORTS,
        'model',
        'settings',
        'observe',
        'failures',
        'dataplane/names',
        'dataplane/runtime',
        'dataplane/transport',
        'dataplane/transport/tls',
        'dataplane/clusters/affinity',
        'dataplane/clusters/balancers',
      ],
      packages: [],
    },
    'dataplane/pipeline': {
      folders: [
        ...COMMON,
        ...PORTS,
        'model',
        'limits',
        'routing',
        'settings',
        'observe',
        'dataplane',
        'dataplane/bodies',
        'failures',
        'dataplane/log',
        'dataplane/tokens',
        'dataplane/passwords',
        'dataplane/runtime',
        'dataplane/clusters',
        'dataplane/clusters/affinity',
        'dataplane/clusters/balancers',
      ],
      packages: [],
    },
    'dataplane/passthrough': {
      folders: [
        ...COMMON,
        ...PORTS,
        'model',
        'observe',
        'dataplane',
        'failures',
        'dataplane/names',
        'dataplane/runtime',
        'dataplane/transport',
        'dataplane/clusters',
        'dataplane/clusters/balancers',
        'dataplane/pipeline',
      ],
      packages: [],
    },
    'dataplane/http1': {
      folders: [...COMMON, ...PORTS, 'settings', 'observe', 'failures', 'dataplane/runtime', 'dataplane/transport'],
      packages: [],
    },
    // The wire of HTTP/2, which both of its sides use.
    'dataplane/http2': {
      folders: [...COMMON, ...PORTS, 'dataplane/bodies', 'dataplane/runtime', 'dataplane/transport'],
      packages: [],
    },
    'dataplane/http2/client': {
      folders: [
        ...COMMON,
        ...PORTS,
        'failures',
        'dataplane/bodies',
        'dataplane/runtime',
        'dataplane/transport',
        'dataplane/http2',
      ],
      packages: [],
    },
    'dataplane/http2/server': {
      folders: [
        ...COMMON,
        ...PORTS,
        'settings',
        'observe',
        'failures',
        'dataplane/bodies',
        'dataplane/runtime',
        'dataplane/transport',
        'dataplane/http2',
      ],
      packages: [],
    },
    'dataplane/wire': { folders: WHOLE_DATAPLANE, packages: [] },
    'dataplane/node': { folders: WHOLE_DATAPLANE, packages: ['http-proxy-3'] },
    workers: {
      folders: [
        ...COMMON,
        'model',
        'limits',
        'routing',
        'settings',
        'observe',
        'dataplane',
        'dataplane/clusters',
        'dataplane/clusters/affinity',
        'failures',
        'dataplane/log',
        'dataplane/tokens',
        'dataplane/passwords',
        'dataplane/pipeline',
        'dataplane/transport/tls',
        'process/collect-garbage.ts',
      ],
      packages: [],
    },
    control: {
      folders: [
        ...CONTROL_PLANE,
        'dataplane/clusters/affinity',
        'dataplane/clusters/balancers',
        'process/collect-garbage.ts',
      ],
      packages: [],
    },
    admin: {
      folders: [
        ...COMMON,
        'model',
        'routing',
        'translate/balance',
        'translate/policies',
        'observe',
        'failures',
        'control',
      ],
      packages: ['fastify'],
    },
    // Asks two servers, and knows nothing of routes.
    replay: { folders: COMMON, packages: [] },
    // Judges objects, and knows no source.
    migrate: { folders: [...COMMON, 'model', 'resources', 'translate', 'translate/ingress'], packages: [] },
    // Ingresses as objects of the Gateway API: what is written, and what cannot be.
    'migrate/gateway': {
      folders: [
        ...COMMON,
        'model',
        'routing',
        'resources',
        'translate',
        'translate/ingress',
        'translate/balance',
        'migrate',
      ],
      packages: [],
    },
    cli: {
      folders: [
        ...CONTROL_PLANE,
        'migrate',
        'migrate/gateway',
        'replay',
        'limits/redis',
        'failures',
        'control',
        'admin',
        'process',
        'process/collect-garbage.ts',
      ],
      packages: [],
    },
    'version.ts': { folders: [], packages: [] },
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
  for (const specifier of importsOf(text)) {
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
  const texts = new Map(files.map(file => [file, readFileSync(join(root, file), 'utf8')]));
  const problems = [...texts].flatMap(([file, text]) => importProblems(file, text));
  for (const circle of importCircles(texts))
    problems.push(`files import each other in a circle: ${circle.join(' → ')}`);
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
  else console.log(`import rules: ${files.length} files keep them`);
}
