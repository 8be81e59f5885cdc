import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import type { Io } from '../../src/cli/io.ts';
import { COMMANDS, run } from '../../src/cli/run.ts';
import { environmentOf, flagOf, SETTING_KEYS } from '../../src/settings/schema.ts';
import { PLAIN } from '../../src/text/colour.ts';
import { runHere, scratchDirectory, writeManifest } from './cli-fixture.ts';
import { SERVICES } from './services.ts';

test('help lists every command, and --help and -h do the same', async () => {
  const { code, stdout, stderr } = await runHere(['help']);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  for (const { name, summary } of COMMANDS)
    assert.match(stdout, new RegExp(`^  ${name} .*${literally(summary)}$`, 'm'));
  for (const flag of ['--help', '-h']) assert.equal((await runHere([flag])).stdout, stdout);
});

test('every command has help with usage and an example that it can read', async () => {
  for (const { name } of COMMANDS) {
    const { code, stdout } = await runHere([name, '--help']);
    assert.equal(code, 0, name);
    assert.match(stdout, /^Usage: kube-entry /m, name);
    assert.match(stdout, /^Examples\n {2}.*kube-entry/m, name);
    assert.equal((await runHere(['help', name])).stdout, stdout, name);
  }
});

test('examples name only commands and options that exist', async () => {
  for (const { name, examples, settings, options } of COMMANDS) {
    const known = new Set([...settings.map(flagOf), ...Object.keys(options), 'help', 'version']);
    for (const { line } of examples) {
      for (const [, flag = ''] of line.matchAll(/ --([a-z-]+)/g)) assert.ok(known.has(flag), `${name}: --${flag}`);
    }
  }
});

test('help of serve has every setting with its default and its environment variable', async () => {
  const { stdout } = await runHere(['--listen', 'nonsense', '--help']);
  for (const key of SETTING_KEYS) {
    const flag = `(?:-\\w, )?--(?:\\[no-\\])?${flagOf(key)}`;
    assert.match(stdout, new RegExp(`^  ${flag}(?: \\S+)? +\\S+ +${environmentOf(key)}$`, 'm'), key);
  }
  assert.match(stdout, /--proxy-read-timeout DURATION +60s +KUBE_ENTRY_PROXY_READ_TIMEOUT$/m);
  assert.match(stdout, /--listen ADDR:PORT +0\.0\.0\.0:8080 /);
  assert.match(stdout, /--\[no-\]merge-slashes +on /);
  assert.match(stdout, /--manifests PATH +- /);
});

test('help has lines that fit a terminal', async () => {
  for (const { name } of COMMANDS) {
    const { stdout } = await runHere(['help', name]);
    for (const line of stdout.split('\n')) assert.ok(line.length <= 120, `${name}: ${line}`);
  }
});

test('an unknown command is a usage error with a suggestion', async () => {
  assert.deepEqual(await runHere(['rotues']), {
    code: 2,
    stdout: '',
    stderr: 'kube-entry: rotues: unknown command; did you mean routes?\nkube-entry: see kube-entry --help\n',
  });
  const { code, stderr } = await runHere(['help', 'quite-another']);
  assert.equal(code, 2);
  assert.match(stderr, /known are serve, routes, check/);
});

test('every problem of flags, environment, file and arguments is listed, one a line', async context => {
  const config = join(await scratchDirectory(context), 'config.yaml');
  await writeFile(config, 'proxyReadTimeout: soon\n');
  const { code, stdout, stderr } = await runHere(
    ['serve', '--litsen', ':80', '--workers', '0', '--config', config, 'surplus'],
    { environment: { KUBE_ENTRY_ACCESS_LOG: 'loud', KUBE_ENTRY_UNHEARD: '1' } },
  );
  assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
  const lines = stderr.trimEnd().split('\n');
  for (const line of lines) assert.match(line, /^kube-entry: /);
  for (const expected of [
    /--litsen: unknown option; did you mean --listen\?/,
    /--workers: must be a whole number/,
    /surplus: unexpected argument/,
    /KUBE_ENTRY_ACCESS_LOG: "loud" must be one of off, combined, json/,
    /KUBE_ENTRY_UNHEARD: unknown setting/,
    /config\.yaml: proxyReadTimeout: "soon" is not a duration/,
    /: see kube-entry serve --help$/,
  ]) {
    assert.equal(lines.filter(line => expected.test(line)).length, 1, String(expected));
  }
  assert.equal(lines.length, 7, 'nothing is said of :80, which belongs to the option that is unknown');
});

test('a selector and a namespace that cannot exist are usage errors that name the flag', async () => {
  for (const [args, complaint] of [
    [
      ['--selector', 'a==='],
      /^kube-entry: --selector: "a===" is not a label selector, .*: a value is expected where "=" stands$/m,
    ],
    [['--namespace', 'shop,Foo Bar'], /^kube-entry: --namespace: "Foo Bar" is not the name of a namespace: /m],
  ] as const) {
    for (const command of ['serve', 'routes']) {
      const { code, stderr } = await runHere([command, ...args]);
      assert.equal(code, 2);
      assert.match(stderr, complaint);
    }
  }
});

test('a missing argument is a usage error that names it', async () => {
  const { code, stderr } = await runHere(['check']);
  assert.deepEqual(
    { code, stderr },
    {
      code: 2,
      stderr:
        'kube-entry: check: FILE… is missing, as in kube-entry check services/*.yaml\nkube-entry: see kube-entry check --help\n',
    },
  );
});

test('a flag of another command is not taken', async () => {
  const { code, stderr } = await runHere(['check', '--admin-socket', 'x', 'file.yaml']);
  assert.equal(code, 2);
  assert.match(stderr, /--admin-socket: unknown option/);
});

test('an internal error is one line, and a stack for those who debug', async context => {
  const file = await writeManifest(context, SERVICES);
  const complaints: string[] = [];
  const io: Io = {
    environment: {},
    paint: PLAIN,
    terminal: undefined,
    onStop: () => () => {},
    print: () => {
      throw new TypeError('broken on purpose');
    },
    complain: (line: string) => void complaints.push(line),
    readInput: async () => '',
    openInput: () => Readable.from([]),
  };
  assert.equal(await run(['routes', '--manifests', file], io), 70);
  assert.deepEqual(complaints, ['kube-entry: internal error: broken on purpose; --log-level debug shows where']);
  complaints.length = 0;
  assert.equal(await run(['routes', '--manifests', file, '--log-level', 'debug'], io), 70);
  assert.equal(complaints[0], 'kube-entry: internal error: broken on purpose');
  assert.match(complaints[1] ?? '', /TypeError: broken on purpose\n {4}at /);
});

/** A text as a pattern that matches just it. */
function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
