import { closest } from '../formats/closest.ts';
import { askBackends } from './admin-answers.ts';
import { AdminClient } from './admin-client.ts';
import { type Command, EXIT } from './command.ts';
import { printable } from './text.ts';

export const backends: Command = {
  name: 'backends',
  parameters: '[NAME]',
  arity: { least: 0, most: 1 },
  summary: 'list the backends of a running instance, or show one',
  description: 'Backends are named namespace-service-port, and shown as ingress-nginx 0.25 shapes them.',
  examples: [
    { line: 'kube-entry backends', note: 'the names, one per line' },
    { line: 'kube-entry backends default-volume-80', note: 'its record as JSON, with the endpoints in force' },
  ],
  settings: ['adminSocket', 'logLevel', 'config'],
  options: {},
  async run({ settings, flags, io }) {
    const [wanted] = flags.positionals;
    const records = await askBackends(new AdminClient(settings.adminSocket));
    if (wanted === undefined) {
      if (records.size > 0) io.print([...records.keys()].map(printable).join('\n'));
      return EXIT.ok;
    }
    const record = records.get(wanted);
    if (record !== undefined) {
      io.print(JSON.stringify(record, undefined, 2));
      return EXIT.ok;
    }
    const near = closest(wanted, [...records.keys()]);
    const advice = near === undefined ? 'kube-entry backends lists the names.' : `Did you mean ${printable(near)}?`;
    io.complain(`A backend of this name was not found. ${advice}`);
    return EXIT.no;
  },
};
