import { join } from 'node:path/posix';

/** What a file imports or exports from, types included. */
export function importsOf(text: string): string[] {
  return [...text.matchAll(/(?:\bfrom\s+|\bimport\s*\(?\s*)'([^'\s]+)'/g)].map(([, specifier = '']) => specifier);
}

/**
 * Circles of files that import each other; each file is in one of them at most.
 * @param texts of the files by their paths, which are relative to one folder
 */
export function importCircles(texts: ReadonlyMap<string, string>): string[][] {
  const left = new Map<string, string[]>();
  for (const [file, text] of texts) {
    left.set(
      file,
      importsOf(text)
        .filter(specifier => specifier.startsWith('.'))
        .map(specifier => join(file, '..', specifier)),
    );
  }
  const circles: string[][] = [];
  for (;;) {
    dropFilesWithoutImports(left);
    const [start] = left.keys();
    if (start === undefined) return circles;
    const circle = circleFrom(start, left);
    circles.push(circle);
    for (const file of circle) left.delete(file);
  }
}

/** Removes files that import none of the others, until each that is left leads to a circle. */
function dropFilesWithoutImports(left: Map<string, string[]>): void {
  for (let before = Number.POSITIVE_INFINITY; left.size < before; ) {
    before = left.size;
    for (const [file, imports] of left) if (!imports.some(other => left.has(other))) left.delete(file);
  }
}

/** Follows imports until a file comes up again. */
function circleFrom(start: string, left: ReadonlyMap<string, string[]>): string[] {
  const path: string[] = [];
  for (let file: string | undefined = start; file !== undefined; ) {
    const index = path.indexOf(file);
    if (index >= 0) return path.slice(index);
    path.push(file);
    file = left.get(file)?.find(other => left.has(other));
  }
  return path;
}
