/** A Node that is too old is refused in one line, whichever command is asked for and however the program is started. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, describe, it } from 'node:test';

const ROOT = join(import.meta.dirname, '../..');

/** The first Node on the PATH that is too old for the program and knows ES modules. */
const OLD_NODE = (process.env.PATH ?? '')
  .split(delimiter)
  .map(folder => join(folder, 'node'))
  .find(node => {
    const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' });
    return /^v(?:1[89]|2[0-3])\./.test(stdout ?? '');
  });

/** Makes this Node say that it is another one: a module that is imported first. */
function pretending(version: string): string[] {
  const code = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`;
  return ['--import', `data:text/javascript,${encodeURIComponent(code)}`];
}

function runNode(node: string, args: readonly string[], cwd = ROOT) {
  const { status, stdout, stderr } = spawnSync(node, args, { cwd, encoding: 'utf8' });
  return { status, stdout, stderr };
}

const COMMANDS = [[], ['serve'], ['routes'], ['check', 'x.yaml'], ['--help'], ['--version'], ['completion', 'bash']];

describe('a Node that says it is an old one', () => {
  for (const [version, isRefused] of [
    ['20.20.2', true],
    ['22.22.0', true],
    ['24.9.0', true],
    ['24.20.9', true],
    ['24.21.0', false],
    ['26.0.0', false],
    ['100.0.0', false],
  ] as const) {
    it(`is ${isRefused ? 'refused' : 'taken'} as ${version}`, () => {
      const { status, stdout, stderr } = runNode(process.execPath, [
        ...pretending(version),
        'src/main.ts',
        '--version',
      ]);
      assert.equal(status, isRefused ? 1 : 0, stderr);
      if (isRefused) {
        assert.equal(stdout, '');
        const wanted = `kube-entry needs Node 24.21 or later, this is ${version} (${process.execPath})`;
        assert.ok(stderr.startsWith(wanted), stderr);
      }
    });
  }

  it('is refused by every command', () => {
    for (const command of COMMANDS) {
      const { status, stderr } = runNode(process.execPath, [...pretending('20.20.2'), 'src/main.ts', ...command]);
      assert.equal(status, 1, command.join(' '));
      assert.match(stderr, /^kube-entry needs Node [^\n]*\n$/, command.join(' '));
    }
  });

  it('is told of the one among the dependencies, in a checkout alone', () => {
    const args = [...pretending('20.20.2'), 'src/main.ts'];
    assert.match(runNode(process.execPath, args).stderr, /run it with node_modules\/\.bin\/node \(.*npm rebuild/);
    const elsewhere = mkdtempSync(join(tmpdir(), 'ke-node-'));
    try {
      mkdirSync(join(elsewhere, 'src'));
      for (const file of ['package.json', 'src/main.js', 'src/early-signals.js', 'src/node-version.js']) {
        cpSync(join(ROOT, file), join(elsewhere, file));
      }
      for (const module of ['early-signals', 'node-version']) {
        cpSync(join(ROOT, `src/${module}.js`), join(elsewhere, `src/${module}.ts`));
      }
      const args = [...pretending('20.20.2'), 'src/main.js'];
      assert.match(runNode(process.execPath, args, elsewhere).stderr, /^[^\n;]*\)\n$/);
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });
});

describe('a real old Node', { skip: OLD_NODE === undefined ? 'no Node from 18 to 23 is on the PATH' : false }, () => {
  const node = OLD_NODE ?? '';
  let dist = '';

  before(() => {
    dist = mkdtempSync(join(tmpdir(), 'ke-node-'));
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    execFileSync(process.execPath, [tsc, '--project', join(ROOT, 'src'), '--outDir', join(dist, 'dist')]);
    cpSync(join(ROOT, 'package.json'), join(dist, 'package.json'));
  });

  after(() => rmSync(dist, { recursive: true }));

  it('is refused by the checkout, which it could not read', () => {
    for (const command of COMMANDS) {
      const { status, stdout, stderr } = runNode(node, ['src/main.ts', ...command]);
      assert.deepEqual({ status, stdout }, { status: 1, stdout: '' }, command.join(' '));
      assert.match(stderr, /^kube-entry needs Node 24\.21 or later, this is \d[\d.]* \([^\n]*\n$/, command.join(' '));
    }
  });

  it('is refused by the compiled program', () => {
    for (const command of COMMANDS) {
      const { status, stdout, stderr } = runNode(node, ['dist/main.js', ...command], dist);
      assert.deepEqual({ status, stdout }, { status: 1, stdout: '' }, command.join(' '));
      assert.match(
        stderr,
        /^kube-entry needs Node 24\.21 or later, this is \d[\d.]* \([^\n;]*\)\n$/,
        command.join(' '),
      );
    }
  });

  it('is refused by npm start', () => {
    const [program = '', ...args] = startScript();
    assert.equal(program, 'node');
    const { status, stdout, stderr } = runNode(node, args);
    assert.deepEqual({ status, stdout }, { status: 1, stdout: '' });
    assert.match(stderr, /^kube-entry needs Node [^\n]*\n$/);
  });
});

/** The words of the script that `npm start` runs. */
function startScript(): string[] {
  const manifest: unknown = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  return (manifest as { readonly scripts: { readonly start: string } }).scripts.start.split(' ');
}
