import { endSoon } from '../process/end.ts';
import { Signals } from '../process/signals.ts';
import { loadSettings } from '../settings/load.ts';
import { SETTING_KEYS } from '../settings/schema.ts';
import { type Command, EXIT } from './command.ts';

export const serve: Command = {
  name: 'serve',
  parameters: '',
  arity: { least: 0, most: 0 },
  summary: 'run the proxy (the default command)',
  description: [
    'Listens at once, answers 503 until the first complete route table, then follows the changes of its source.',
    'SIGTERM and SIGQUIT shut it down gracefully, SIGINT at once; SIGHUP rereads the config file and the error page,',
    'SIGUSR1 reopens the access log.',
  ].join('\n'),
  examples: [
    { line: 'kube-entry', note: 'in a pod, with its service account; or with the current context of the kubeconfig' },
    {
      line: 'kube-entry --listen 127.0.0.1:28888 --manifests services/',
      note: 'without a cluster: the Services of a directory, followed',
    },
    {
      line: 'KUBE_ENTRY_PROXY_READ_TIMEOUT=5m kube-entry serve --config /etc/kube-entry.yaml',
      note: 'settings from three sources',
    },
  ],
  settings: SETTING_KEYS,
  options: {},
  async run({ settings, flags, io }) {
    // At once after the settings were read: a SIGHUP from now on means that they have changed.
    const signals = new Signals();
    try {
      // Only this command needs the servers: loading them takes longer than the others take to run.
      const loaded = await signals.unlessEnding(import('./serve.ts'));
      if (loaded === undefined) return EXIT.ok;
      return await loaded.serve(settings, () => loadSettings({ flags, environment: io.environment }), signals);
    } finally {
      signals.close();
      endSoon();
    }
  },
};
