/** What the command line of `npm run test:gateway` says. */
import { parseArgs } from 'node:util';
import { CHANNELS, type Channel } from '../../support/gateway-assets.ts';

export const PROFILES = ['GATEWAY-HTTP', 'GATEWAY-GRPC', 'GATEWAY-TLS'] as const;

/** Seconds, by the suite's names of its time limits. */
const HASTY = Object.entries({
  NamespacesMustBeReady: 60,
  GatewayMustHaveAddress: 20,
  GatewayMustHaveCondition: 20,
  GatewayStatusMustHaveListeners: 20,
  GatewayListenersMustHaveConditions: 20,
  ListenerSetMustHaveCondition: 20,
  ListenerSetListenersMustHaveConditions: 20,
  HTTPRouteMustNotHaveParents: 20,
  HTTPRouteMustHaveCondition: 20,
  TLSRouteMustHaveCondition: 20,
  RouteMustHaveParents: 20,
  LatestObservedGenerationSet: 20,
  DefaultTestTimeout: 20,
  MaxTimeToConsistency: 15,
})
  .map(([limit, seconds]) => `${limit}:${seconds}`)
  .join(';');

export const MODES = ['addresses', 'service', 'shared'] as const;
/** Of the setting gateway-mode. */
export type Mode = (typeof MODES)[number];

export const USAGE = `Usage: npm run test:gateway [-- OPTION…]

  --run-test NAME        this test alone, as in HTTPRouteMatching
  --skip NAME,…          not these tests
  --profile NAME,…       these profiles; default: ${PROFILES.join(',')}
  --features NAME,…      what is taken to be supported; default: what the status of the GatewayClass says
  --all-features         everything that the suite knows
  --one-by-one           no two tests at the same time
  --hasty                give up waiting after a fraction of the usual time: for work on the program, never for a verdict
  --mode NAME            ${MODES.join(', ')}: how clients reach Gateways
  --channel NAME         ${CHANNELS.join(' or ')}: the CustomResourceDefinitions
  --out FOLDER           keep the report, the suite's output, the program's log and the objects there
  --report FOLDER        write the report there, and nothing else
  --help
`;

export interface Options {
  /** Of the suite. */
  readonly flags: readonly string[];
  readonly channel: Channel;
  readonly mode: Mode;
  readonly out: string | undefined;
  readonly report: string | undefined;
  readonly isHelp: boolean;
}

/** @throws Error for what cannot be run */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      'run-test': { type: 'string' },
      skip: { type: 'string' },
      profile: { type: 'string' },
      features: { type: 'string' },
      'all-features': { type: 'boolean' },
      'one-by-one': { type: 'boolean' },
      hasty: { type: 'boolean' },
      channel: { type: 'string' },
      mode: { type: 'string' },
      out: { type: 'string' },
      report: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  const flags: [name: string, value: string | boolean | undefined][] = [
    ['run-test', values['run-test']],
    ['skip-tests', values.skip],
    ['conformance-profiles', values.profile ?? PROFILES.join()],
    ['supported-features', values.features],
    ['all-features', values['all-features']],
    ['disable-parallel-tests', values['one-by-one']],
    ['timeout-config-overrides', values.hasty ? HASTY : undefined],
  ];
  const channel = CHANNELS.find(name => name === (values.channel ?? CHANNELS[0]));
  if (channel === undefined) throw new Error(`${values.channel}: no such channel\n\n${USAGE}`);
  const mode = MODES.find(name => name === (values.mode ?? MODES[0]));
  if (mode === undefined) throw new Error(`${values.mode}: no such mode\n\n${USAGE}`);
  return {
    flags: flags.filter(([, value]) => value !== undefined).map(([name, value]) => `--${name}=${value}`),
    channel,
    mode,
    out: values.out,
    report: values.report,
    isHelp: values.help ?? false,
  };
}
