/** How large files and classes may be. Run by `npm run check`. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const MOST_LINES = 400;
/** Of one class of src/, without its constructor and its accessors, which are read like fields. */
const MOST_METHODS = 25;

const CLASS = /^(?:export )?(?:default )?(?:abstract )?class (\w+)/;
/** The formatter puts each member of a class two blanks in, and ends the class with a brace at the margin. */
const METHOD = /^ {2}(?!constructor\b)(?:(?:static|override|abstract|async) )*\*?(?:#?\w+|\[[\w.]+\])(?:<[^(]*>)?\(/;

/** The problems of one file's text; empty when it keeps the rules. @param file relative to the project */
export function sizeProblems(file: string, text: string): string[] {
  const problems: string[] = [];
  const lines = text.replace(/\n$/, '').split('\n');
  if (lines.length > MOST_LINES) problems.push(`${file}: has ${lines.length} lines, and may have ${MOST_LINES}`);
  let name: string | undefined;
  let methods = 0;
  for (const line of lines) {
    const found = CLASS.exec(line)?.[1];
    if (found !== undefined) {
      name = found;
      methods = 0;
    } else if (line === '}') {
      if (name !== undefined && methods > MOST_METHODS && file.startsWith('src/'))
        problems.push(`${file}: class ${name} has ${methods} methods, and may have ${MOST_METHODS}`);
      name = undefined;
    } else if (name !== undefined && METHOD.test(line)) {
      methods += 1;
    }
  }
  return problems;
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '../..');
  const files = globSync('{src,test,bench,deploy}/**/*.{ts,js}', { cwd: root });
  const problems = files.flatMap(file => sizeProblems(file, readFileSync(join(root, file), 'utf8')));
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
  else console.log(`sizes: ${files.length} files keep the rules`);
}
