import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFlags } from '../../src/settings/flags.ts';

const OPTIONS = {
  output: { placeholder: 'table|json|yaml', description: 'how to print', short: 'o' },
  json: { placeholder: '', description: 'print JSON' },
};

function parse(...args: string[]) {
  return parseFlags(args, undefined, OPTIONS);
}

test('settings, options of the command and positionals are told apart', () => {
  const { values, options, positionals, problems } = parse(
    '--listen',
    ':80',
    'a.yaml',
    '--json',
    '-o',
    'yaml',
    'b.yaml',
  );
  assert.deepEqual(values, { listen: ':80' });
  assert.deepEqual(options, { json: true, output: 'yaml' });
  assert.deepEqual(positionals, ['a.yaml', 'b.yaml']);
  assert.deepEqual(problems, []);
});

test('a value follows an equals sign or a space, and the last of several counts', () => {
  assert.deepEqual(parse('--listen=:80').values, { listen: ':80' });
  assert.deepEqual(parse('--listen', ':80', '--listen=:81').values, { listen: ':81' });
  assert.deepEqual(parse('--selector=a=b').values, { selector: 'a=b' });
  assert.deepEqual(parse('--selector=').values, { selector: '' });
});

test('lists gather repeated flags and comma-separated values', () => {
  assert.deepEqual(parse('--namespace', 'a', '--namespace', 'b,c').values, { namespace: ['a', 'b', 'c'] });
});

test('a switch is on alone, off with --no-, and takes nginx’s words', () => {
  const table: [args: string[], value: unknown][] = [
    [['--merge-slashes'], true],
    [['--no-merge-slashes'], false],
    [['--merge-slashes', 'off'], 'off'],
    [['--merge-slashes', 'on'], 'on'],
    [['--merge-slashes', 'false'], 'false'],
    [['--merge-slashes=off'], 'off'],
    [['--merge-slashes', '--no-merge-slashes'], false],
  ];
  for (const [args, value] of table) {
    assert.deepEqual(
      parse(...args),
      { values: { mergeSlashes: value }, options: {}, positionals: [], strays: [], problems: [] },
      args.join(' '),
    );
  }
});

test('a word that is no state of a switch is a positional, and so is one after another argument or --', () => {
  assert.deepEqual(parse('--merge-slashes', 'web.yaml').positionals, ['web.yaml']);
  assert.deepEqual(parse('--merge-slashes', 'web.yaml', 'off').positionals, ['web.yaml', 'off']);
  assert.deepEqual(parse('--merge-slashes', '--', 'off').positionals, ['off']);
  assert.deepEqual(parse('--no-merge-slashes', 'off').positionals, ['off']);
});

test('a word after an unknown option may be its value', () => {
  const { positionals, strays } = parse('--bogus', 'a', 'b', '--other=c', 'd', '--merge-slashes', 'e');
  assert.deepEqual({ positionals, strays }, { positionals: ['a', 'b', 'd', 'e'], strays: ['a'] });
});

test('a switch that is turned off twice over is a mistake', () => {
  const { values, problems } = parse('--no-merge-slashes=on');
  assert.deepEqual(values, {});
  assert.deepEqual(problems, ['--no-merge-slashes: takes no value']);
});

test('an unknown option is a problem, with the known one it looks like', () => {
  assert.deepEqual(parse('--proxy-read-timout', '5s').problems, [
    '--proxy-read-timout: unknown option; did you mean --proxy-read-timeout?',
  ]);
  assert.deepEqual(parse('--no-such-thing-at-all', '-x', '--constructor').problems, [
    '--no-such-thing-at-all: unknown option',
    '-x: unknown option',
    '--constructor: unknown option',
  ]);
  assert.match(parse('--no-listen').problems.join(), /^--no-listen: unknown option/, 'only a switch has a --no-');
});

test('a command takes the settings it names and no others', () => {
  assert.match(parseFlags(['--workers', '2'], ['listen']).problems.join(), /^--workers: unknown option/);
});

test('an option without its value is a problem, and does not swallow the next option', () => {
  assert.deepEqual(parse('--listen').problems, ['--listen: needs a value']);
  const { values, problems } = parse('--context', '--workers', '2');
  assert.deepEqual(problems, ['--context: needs a value; write --context=--workers if that is one']);
  assert.deepEqual(values, {});
  assert.deepEqual(parse('--context=--odd').values, { context: '--odd' });
});

test('every problem is collected', () => {
  assert.equal(parse('--nonsense', '--listen', '--context=x', '--nonsence').problems.length, 3);
});

test('the short flags of kubectl are taken', () => {
  const { values, problems } = parseFlags(['-n', 'shop', '-n=web', '-l', 'tier=edge']);
  assert.deepEqual(
    { values, problems },
    { values: { namespace: ['shop', 'web'], selector: 'tier=edge' }, problems: [] },
  );
  for (const all of ['-A', '--all-namespaces']) {
    assert.deepEqual(parseFlags([all]).values, { namespace: [] });
    assert.deepEqual(parseFlags(['-n', 'shop', all]).values, { namespace: [] });
  }
});

test('a flag of other programs is answered with what this one has', () => {
  assert.deepEqual(parseFlags(['-v']).problems, [
    '-v: unknown option; for the version write --version, for more of the log --log-level debug',
  ]);
  assert.match(parseFlags(['-f', 'a.yaml']).problems[0] ?? '', /--manifests$/);
  assert.match(parseFlags(['-A'], ['adminSocket']).problems[0] ?? '', /^-A: unknown option/);
});
