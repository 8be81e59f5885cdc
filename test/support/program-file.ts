/** Which of its forms the program has in tests that start it as a process. */
import { join } from 'node:path';

/** Names a file instead of the sources. Tests are processes of their own: they inherit it. The program takes a name that begins with KUBE_ENTRY_ for a setting. */
export const PROGRAM_VARIABLE = 'PROGRAM_UNDER_TEST';

/** What Node is given to run. */
export function programFile(): string {
  return process.env[PROGRAM_VARIABLE] ?? join(import.meta.dirname, '../../src/main.ts');
}
