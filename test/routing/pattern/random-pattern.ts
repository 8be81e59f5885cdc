import fc from '../../support/property.ts';

const ATOMS = [
  'a',
  'b',
  '/',
  '/',
  '.',
  '[ab]',
  '[^/]',
  '[a-c/]',
  '\\w',
  '\\d',
  '\\/',
  '^',
  '$',
  '\\b',
  '\\B',
  '{',
  '}',
];
const REPETITIONS = ['', '', '', '', '', '*', '+', '?', '*?', '+?', '??', '{2}', '{1,3}', '{2,}', '{0,2}?'];
const GROUPS = ['(', '(?:', '(?!', '(?='];

/**
 * Patterns as people write them, from what PCRE and JavaScript's RegExp read alike. Some of them are refused.
 * @param depth how deep groups may lie in one another
 */
function patternOf(depth: number): fc.Arbitrary<string> {
  const plain = fc.constantFrom(...ATOMS);
  const atom =
    depth === 0 ? plain : fc.oneof({ weight: 3, arbitrary: plain }, { weight: 1, arbitrary: groupOf(depth) });
  const part = fc.tuple(atom, fc.constantFrom(...REPETITIONS)).map(texts => texts.join(''));
  const sequence = fc.array(part, { minLength: 1, maxLength: 4 }).map(parts => parts.join(''));
  return fc
    .tuple(sequence, fc.option(sequence, { freq: 2 }))
    .map(([first, second]) => (second === null ? first : `${first}|${second}`));
}

function groupOf(depth: number): fc.Arbitrary<string> {
  return fc.tuple(fc.constantFrom(...GROUPS), patternOf(depth - 1)).map(([opening, inner]) => `${opening}${inner})`);
}

export const randomPattern = patternOf(2);

/** Texts that such patterns often match. */
export const randomText = fc
  .array(fc.constantFrom('a', 'b', 'c', '/', '/a', 'ab', '1', '{', 'A', '-'), { maxLength: 10 })
  .map(parts => parts.join(''));
