import type { Settings } from '../../settings/schema.ts';
import type { TranslatorOptions } from '../../translate/gateway/gateway-translator.ts';
import { addressesOf } from '../status/published-addresses.ts';
import { KnownGatewayServices } from './gateway-services.ts';
import type { HostProfiles } from './host-profiles.ts';
import { SharedGatewayPorts } from './shared-gateway-ports.ts';

/** What the settings say of how Gateways are served. */
export interface GatewaySettings
  extends Omit<TranslatorOptions, 'portState' | 'bundleVersion' | 'gatewayServices' | 'sharedPorts'> {
  /** Present where each Gateway is reached by a Service of its own. */
  readonly gatewayServices?: KnownGatewayServices;
  /** Present where all share the program's own ports. */
  readonly sharedPorts?: SharedGatewayPorts;
}

type GatewayFlags = Pick<
  Settings,
  | 'gatewayController'
  | 'gatewayMode'
  | 'gatewayAddresses'
  | 'gatewayServiceType'
  | 'gatewayPorts'
  | 'listen'
  | 'tlsListen'
  | 'publishAddress'
>;

type RouteSettings = Omit<
  TranslatorOptions,
  'controllerName' | 'addresses' | 'portState' | 'bundleVersion' | 'gatewayServices' | 'sharedPorts'
>;

/** @param settings absent ones: no Gateway is served @param profiles who names which host on the ports that Gateways may share */
export function gatewaySettings(
  settings: RouteSettings & Partial<GatewayFlags>,
  profiles: HostProfiles,
): GatewaySettings {
  const {
    gatewayController = '',
    gatewayAddresses = [],
    gatewayMode,
    gatewayServiceType,
    gatewayPorts,
    listen,
    tlsListen,
    publishAddress = [],
  } = settings;
  const own = { ...settings, controllerName: gatewayController, addresses: gatewayAddresses };
  if (gatewayMode === 'shared' && gatewayController !== '' && listen !== undefined) {
    const sharedPorts = new SharedGatewayPorts(listen, tlsListen, profiles);
    sharedPorts.setAddresses(addressesOf(publishAddress));
    return { ...own, sharedPorts };
  }
  if (gatewayMode !== 'service' || gatewayServiceType === undefined || gatewayPorts === undefined) return own;
  const services = new KnownGatewayServices({
    type: gatewayServiceType,
    host: listen?.host ?? '0.0.0.0',
    range: gatewayPorts,
  });
  return { ...own, gatewayServices: services };
}
