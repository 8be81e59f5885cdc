import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importProblems } from './support/check-imports.ts';
import { importCircles } from './support/import-circles.ts';

const forbidden: [file: string, statement: string][] = [
  ['routing/table.ts', "import { closest } from '../text/closest.ts';"],
  ['routing/table.ts', "import type { Settings } from '../settings/schema.ts';"],
  ['routing/table.ts', "import { z } from 'zod';"],
  ['formats/yaml.ts', "import { DEFAULTS } from '../settings/schema.ts';"],
  ['settings/load.ts', "import { parse } from 'yaml';"],
  ['sources/pushed.ts', "import { KubeConfig } from '@kubernetes/client-node';"],
  ['sources/pushed.ts', "const kube = await import('@kubernetes/client-node');"],
  ['sources/pushed.ts', "import type { ControlPlane } from '../control/control-plane.ts';"],
  ['sources/kube/reflector.ts', "import { engine } from '../../dataplane/engine.ts';"],
  ['dataplane/clusters/pool.ts', "import { Catalog } from '../../control/catalog.ts';"],
  ['dataplane/clusters/pool.ts', "import { server } from '../../admin/server.ts';"],
  ['dataplane/clusters/pool.ts', "import { createProxyServer } from 'http-proxy-3';"],
  ['dataplane/node/engine.ts', "import fastify from 'fastify';"],
  ['dataplane/pipeline/exchange.ts', "import { RequestHead } from '../http1/request-head.ts';"],
  ['dataplane/pipeline/exchange.ts', "import type { Transport } from '../transport/transport.ts';"],
  ['dataplane/pipeline/ports.ts', "import { Exchange } from './exchange.ts';"],
  ['dataplane/http1/downstream.ts', "import { Exchange } from '../pipeline/exchange.ts';"],
  ['dataplane/http1/downstream.ts', "import type { Route } from '../../model/route.ts';"],
  ['dataplane/http1/upstream-connection.ts', "import { UpstreamPools } from '../clusters/upstream-pools.ts';"],
  ['dataplane/transport/tcp-transport.ts', "import { writePiece } from '../http1/framing.ts';"],
  ['dataplane/transport/tcp-transport.ts', "import type { FailureReason } from '../failures/failures.ts';"],
  ['dataplane/clusters/upstream-pools.ts', "import { UpstreamConnection } from '../http1/upstream-connection.ts';"],
  ['dataplane/clusters/upstream-pools.ts', "import type { Exchange } from '../pipeline/exchange.ts';"],
  ['workers/pool.ts', "import { Registry } from 'prom-client';"],
  ['workers/pool.ts', "export { run } from '../cli/run.ts';"],
  ['admin/socket.ts', "import { ManifestSource } from '../sources/manifests.ts';"],
  ['observe/metrics.ts', "import '../admin/server.ts';"],
  ['cli/serve.ts', "import { NodeEngine } from '../dataplane/node/engine.ts';"],
  ['program.ts', "import { Catalog } from './control/catalog.ts';"],
  ['cli/serve.ts', "import { route } from '../../test/support/routes.ts';"],
  ['errors.ts', "import { closest } from './text/closest.ts';"],
  ['helpers/misc.ts', 'export const nothing = 0;'],
  ['misc.ts', 'export const nothing = 0;'],
];

for (const [file, statement] of forbidden) {
  test(`${file} may not hold: ${statement}`, () => {
    const problems = importProblems(file, `/** A file. */\n${statement}\n`);
    assert.equal(problems.length, 1);
    assert.ok(problems[0]?.startsWith(`${file}: `));
  });
}

const allowed: [file: string, statement: string][] = [
  ['routing/ledger.ts', "import { isDeepStrictEqual } from 'node:util';"],
  ['routing/table.ts', "import type { Route } from './route.ts';"],
  ['formats/yaml.ts', "import { parseAllDocuments } from 'yaml';"],
  ['settings/kinds.ts', "import { z } from 'zod';\nimport { FormatError } from '../errors.ts';"],
  ['translate/service.ts', "import { closest } from '../text/closest.ts';"],
  ['sources/kube/api.ts', "const kube = await import('@kubernetes/client-node');"],
  ['sources/kube/api.ts', "import { Agent } from '@kubernetes/client-node/dist/agent.js';"],
  ['dataplane/node/engine.ts', "import { createProxyServer } from 'http-proxy-3';"],
  ['dataplane/http1/downstream.ts', "import type { Downstream } from '../pipeline/ports.ts';"],
  ['dataplane/clusters/upstream-pools.ts', "import type { Upstream } from '../pipeline/ports.ts';"],
  ['admin/server.ts', "import fastify from 'fastify';"],
  ['cli/help.ts', "const help = {\n  source: 'where routes come from',\n  manifests: 'a file',\n};"],
];

for (const [file, statement] of allowed) {
  test(`${file} may hold: ${statement}`, () => {
    assert.deepEqual(importProblems(file, `${statement}\n`), []);
  });
}

test('each forbidden import of a file is a problem of its own', () => {
  const text = "import { a } from '../cli/a.ts';\nimport {\n  b,\n} from '../admin/b.ts';\nimport c from 'pino';\n";
  assert.equal(importProblems('routing/table.ts', text).length, 3);
});

test('files that import each other are a circle, types and detours included', () => {
  const texts = new Map([
    ['main.ts', "import { a } from './a/a.ts';\n"],
    ['a/a.ts', "import type { B } from '../b/b.ts';\nimport { leaf } from './leaf.ts';\n"],
    ['a/leaf.ts', "import { join } from 'node:path';\n"],
    ['b/b.ts', "export { c } from './c.ts';\n"],
    ['b/c.ts', "const a = await import('../a/a.ts');\n"],
    ['self.ts', "import { self } from './self.ts';\n"],
  ]);
  assert.deepEqual(importCircles(texts), [['a/a.ts', 'b/b.ts', 'b/c.ts'], ['self.ts']]);
});

test('files without a circle have none', () => {
  const texts = new Map([
    ['main.ts', "import { a } from './a.ts';\nimport { b } from './b.ts';\n"],
    ['a.ts', "import { b } from './b.ts';\n"],
    ['b.ts', 'export const b = 0;\n'],
  ]);
  assert.deepEqual(importCircles(texts), []);
});
