import { programVersion } from '../version.ts';
import { type Command, EXIT } from './command.ts';

export const version: Command = {
  name: 'version',
  parameters: '',
  arity: { least: 0, most: 0 },
  summary: 'print the versions of this program and of its Node',
  description: '`kube-entry status` prints the version of a running instance.',
  examples: [{ line: 'kube-entry version', note: 'the same as kube-entry --version' }],
  settings: [],
  options: {},
  async run({ io }) {
    io.print(`kube-entry ${programVersion()} (node ${process.versions.node})`);
    return EXIT.ok;
  },
};
