/** The scripts, in the shells they are for. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { COMMANDS } from '../../src/cli/run.ts';
import { DEFAULTS, flagOf } from '../../src/settings/schema.ts';
import { needs } from '../support/installed.ts';
import { PseudoTerminal } from '../support/pseudo-terminal.ts';
import { runHere, scratchDirectory } from './cli-fixture.ts';

async function scriptFor(context: TestContext, shell: string): Promise<string> {
  const { code, stdout, stderr } = await runHere(['completion', shell]);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  const file = join(await scratchDirectory(context), `kube-entry.${shell}`);
  await writeFile(file, stdout);
  return file;
}

/** What is typed, and what is offered. Of options, some: the others follow from the same list. */
const EXPECTED: [typed: string, offered: readonly string[], isWhole: boolean][] = [
  ['', COMMANDS.map(({ name }) => name), true],
  ['rou', ['routes'], true],
  ['routes --out', ['--output'], true],
  ['routes --output ', ['table', 'json', 'yaml'], true],
  ['routes -o j', ['json'], true],
  ['status --', ['--watch', '--json', '--output', '--admin-socket', '--log-level', '--config', '--help'], true],
  ['status --log-level w', ['warn'], true],
  ['--engine w', ['wire'], true],
  ['serve --no-m', ['--no-merge-slashes'], true],
  ['help exp', ['explain'], true],
  ['explain --reason upstream_re', ['upstream_refused', 'upstream_reset', 'upstream_read_timeout'], true],
  ['completion ', ['bash', 'zsh', 'fish'], true],
  [
    'serve --',
    COMMANDS.find(({ name }) => name === 'serve')
      // A switch that is on can only be turned off.
      ?.settings.map(key => `--${DEFAULTS[key] === true ? 'no-' : ''}${flagOf(key)}`)
      .concat('--all-namespaces') ?? [],
    false,
  ],
];

function assertOffered(shell: string, offer: (typed: string) => string[]): void {
  for (const [typed, offered, isWhole] of EXPECTED) {
    const found = offer(typed);
    if (isWhole) assert.deepEqual(found.toSorted(), offered.toSorted(), `${shell}: kube-entry ${typed}`);
    for (const word of offered) assert.ok(found.includes(word), `${shell}: kube-entry ${typed}: ${word}`);
  }
}

function linesOf(text: string): string[] {
  return text.split('\n').filter(line => line !== '');
}

test('bash offers commands, options and values', needs('bash'), async context => {
  const file = await scriptFor(context, 'bash');
  const program = `source '${file}'; COMP_WORDS=(kube-entry "$@"); COMP_CWORD=$#; _kube_entry; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const offer = (...words: string[]): string[] =>
    linesOf(execFileSync('bash', ['--norc', '-c', program, 'bash', ...words], { encoding: 'utf8' }));
  assertOffered('bash', typed => offer(...typed.split(' ')));
  // bash takes words apart at the equals sign.
  assert.deepEqual(offer('routes', '--output', '='), ['table', 'json', 'yaml']);
  assert.deepEqual(offer('routes', '--output', '=', 'y'), ['yaml']);
  assert.deepEqual(offer('status', 'x'), [], 'it takes no argument');
});

test('fish offers commands, options and values', needs('fish'), async context => {
  const file = await scriptFor(context, 'fish');
  const home = await scratchDirectory(context);
  const environment = { ...process.env, HOME: home, XDG_CONFIG_HOME: home, XDG_DATA_HOME: home };
  const program = `source '${file}'; complete --do-complete "kube-entry $argv[1]"`;
  assertOffered('fish', typed =>
    linesOf(
      execFileSync('fish', ['--no-config', '--command', program, '--', typed], { encoding: 'utf8', env: environment }),
      // Each with its description after a tab.
    ).map(line => line.split('\t')[0] ?? ''),
  );
});

test('zsh completes commands, options and values on a terminal', {
  ...needs('zsh', 'script'),
}, async context => {
  const file = await scriptFor(context, 'zsh');
  const directory = await scratchDirectory(context);
  const terminal = await PseudoTerminal.run(context, 'exec zsh -f -i', {
    directory,
    columns: 200,
    rows: 50,
    hasScreen: false,
    environment: { ZDOTDIR: directory, TERM: 'dumb' },
  });
  terminal.press(`PS1='> '; autoload -Uz compinit && compinit -u -D && source '${file}' && print rea''dy\r`);
  await terminal.wrote('ready');
  const table: [typed: string, completed: string][] = [
    ['rou', 'routes '],
    ['routes --out', 'routes --output='],
    ['routes --output=y', 'routes --output=yaml '],
    ['routes --output js', 'routes --output json '],
    ['status --wa', 'status --watch '],
    ['--engine wi', '--engine wire '],
    ['help expl', 'help explain '],
    ['completion fi', 'completion fish '],
  ];
  for (const [index, [typed, completed]] of table.entries()) {
    // The line that was completed is echoed as an argument.
    terminal.press(`kube-entry() { print -r -- "<${index}:$*>" }; kube-entry ${typed}\t.\r`);
    await terminal.wrote(`<${index}:${completed}.>`);
  }
});

test('a real bash on a terminal completes after a tab', {
  ...needs('bash', 'script'),
}, async context => {
  const file = await scriptFor(context, 'bash');
  const directory = await scratchDirectory(context);
  await writeFile(join(directory, 'a file.yaml'), '');
  const terminal = await PseudoTerminal.run(context, `cd '${directory}'; exec bash --norc -i`, {
    directory,
    columns: 200,
    rows: 50,
    hasScreen: false,
    environment: { TERM: 'dumb', HISTFILE: '' },
  });
  terminal.press(`source '${file}'; kube-entry() { printf '<%s>' "$@"; }; echo rea''dy\r`);
  await terminal.wrote('ready');
  const table: [typed: string, completed: string][] = [
    ['rou', '<routes>'],
    ['routes --output=y', '<routes><--output=yaml>'],
    ['check a', '<check><a file.yaml>'],
    ['serve --config a', '<serve><--config><a file.yaml>'],
  ];
  for (const [typed, completed] of table) {
    terminal.press(`kube-entry ${typed}\t\r`);
    await terminal.wrote(completed);
  }
});

test('another shell is a usage error that names the known ones', async () => {
  for (const shell of ['tcsh', 'constructor']) {
    const { code, stderr } = await runHere(['completion', shell]);
    assert.equal(code, 2);
    assert.ok(stderr.startsWith(`kube-entry: completion: "${shell}" must be one of bash, zsh, fish`), stderr);
  }
});
