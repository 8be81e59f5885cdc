import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BenchError } from './bench-error.ts';

const DOCKERFILE = join(import.meta.dirname, '../../deploy/Dockerfile');
/** A value with spaces is in quotes. */
const VARIABLE = /^ENV (\w+)=(?:"([^"]+)"|(\S+))$/gm;

/** What the image sets for the program, its Node options among it. @throws BenchError when the image sets none any more */
export function imageEnvironment(): Record<string, string> {
  const found = [...readFileSync(DOCKERFILE, 'utf8').matchAll(VARIABLE)];
  const variables = Object.fromEntries(found.map(([, name = '', quoted, plain = '']) => [name, quoted ?? plain]));
  if (!('NODE_OPTIONS' in variables)) throw new BenchError('deploy/Dockerfile has no line ENV NODE_OPTIONS="…"');
  return variables;
}
