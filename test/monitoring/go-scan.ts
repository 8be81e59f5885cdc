/**
 * Go's fmt.Fscanf, as far as a format of `%d`, words, blanks and line ends goes, by the documentation of package fmt:
 * a verb skips blanks before it but no line end; a line end in the format takes blanks and then one line end; blanks in
 * the format take one blank or more; everything else must be there as it is.
 * @returns the numbers
 * @throws Error where the text is not of the format
 */
export function scanf(text: string, format: string): number[] {
  const found: number[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) return undefined;
    at += match[0].length;
    return match[0];
  };
  const expect = (pattern: RegExp, what: string): string => {
    const taken = take(pattern);
    if (taken === undefined) throw new Error(`${what} expected at ${JSON.stringify(text.slice(at, at + 20))}`);
    return taken;
  };
  for (const [token] of format.matchAll(/%d| *\n *| +|[^% \n]+/g)) {
    if (token === '%d') {
      take(/ */y);
      found.push(Number(expect(/[+-]?\d+/y, 'a number')));
    } else if (token.includes('\n')) {
      expect(/ *(?:\n|$)/y, 'the end of the line');
      take(/ */y);
    } else if (token.trim() === '') {
      expect(/ +/y, 'a blank');
    } else {
      for (const character of token) {
        if (text[at] !== character)
          throw new Error(`${JSON.stringify(token)} expected, not ${text.slice(at, at + 20)}`);
        at += 1;
      }
    }
  }
  return found;
}
