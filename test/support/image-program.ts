/** The program as the image has it, for tests. */
import { install } from '../../deploy/bundle.ts';
import { PROGRAM_VARIABLE } from './program-file.ts';
import { TemporaryFolder } from './real-process.ts';

/** From now on tests run the program as the image has it. Its files are gone when this process is. */
export function testAsInImage(): void {
  process.env[PROGRAM_VARIABLE] = install(new TemporaryFolder().path);
}
