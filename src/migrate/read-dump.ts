/** Reads the text of a dump: YAML documents, or the JSON of `kubectl get --output json`. */
import { FormatError } from '../errors.ts';
import { parseJson } from '../formats/json.ts';
import { isYamlProblem, readYaml } from '../formats/yaml.ts';
import type { Dump } from './dump.ts';

/** As much as a string of Node may have; 10 000 Ingresses are about 20 MB. */
export const MAX_DUMP_BYTES = 256 * 1024 * 1024;

/** @param file its name, for problems */
export function readDump(text: string, file: string, dump: Dump): void {
  // JSON is YAML, too, and read in a tenth of the time.
  if (/^\s*\{/.test(text) && !/^---/m.test(text)) {
    try {
      dump.add(parseJson(text));
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      dump.problem(`${file} ${error.message}`);
    }
    return;
  }
  for (const document of readYaml(text)) {
    if (isYamlProblem(document)) {
      const advice = / tokens/.test(document.reason)
        ? '; a dump of that size is read as JSON: kubectl get --output json'
        : '';
      // The parser quotes the text around a fault, which may be a key in base64.
      dump.problem(`${file}:${document.line}: ${document.reason.replace(/[A-Za-z0-9+/=]{24,}/g, '…')}${advice}`);
    } else dump.add(document.value);
  }
}
