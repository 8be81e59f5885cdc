import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COLOURED, PLAIN, wantsColour } from '../../src/text/colour.ts';

test('colour is for terminals, and what the environment says', () => {
  const table: [environment: Record<string, string>, onTerminal: boolean, inPipe: boolean][] = [
    [{}, true, false],
    [{ TERM: 'xterm' }, true, false],
    [{ TERM: 'dumb' }, false, false],
    // https://no-color.org: whatever its value, unless that is empty.
    [{ NO_COLOR: '1' }, false, false],
    [{ NO_COLOR: '0' }, false, false],
    [{ NO_COLOR: '' }, true, false],
    [{ NO_COLOR: '1', FORCE_COLOR: '1', CLICOLOR_FORCE: '1' }, false, false],
    [{ FORCE_COLOR: '1' }, true, true],
    [{ FORCE_COLOR: '3', TERM: 'dumb' }, true, true],
    [{ FORCE_COLOR: '' }, true, false],
    [{ FORCE_COLOR: '0' }, false, false],
    [{ FORCE_COLOR: 'false' }, false, false],
    [{ CLICOLOR_FORCE: '1' }, true, true],
    [{ CLICOLOR_FORCE: '0' }, true, false],
    [{ CLICOLOR: '0' }, false, false],
    [{ CLICOLOR: '1' }, true, false],
  ];
  for (const [environment, onTerminal, inPipe] of table) {
    assert.equal(wantsColour(environment, true), onTerminal, `on a terminal: ${JSON.stringify(environment)}`);
    assert.equal(wantsColour(environment, false), inPipe, `in a pipe: ${JSON.stringify(environment)}`);
  }
});

test('a style ends where its text ends', () => {
  assert.equal(COLOURED('red', 'no'), '\x1b[31mno\x1b[39m');
  assert.equal(COLOURED('bold', ''), '');
  assert.equal(PLAIN('red', 'no'), 'no');
});
