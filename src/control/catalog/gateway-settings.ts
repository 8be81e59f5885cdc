import type { Settings } from '../../settings/schema.ts';
import type { TranslatorOptions } from '../../translate/gateway/gateway-translator.ts';
import { KnownGatewayServices } from './gateway-services.ts';

/** What the settings say of how Gateways are served. */
export interface GatewaySettings extends Omit<TranslatorOptions, 'portState' | 'bundleVersion' | 'gatewayServices'> {
  /** Present where each Gateway is reached by a Service of its own. */
  readonly gatewayServices?: KnownGatewayServices;
}

type GatewayFlags = Pick<
  Settings,
  'gatewayController' | 'gatewayMode' | 'gatewayAddresses' | 'gatewayServiceType' | 'gatewayPorts' | 'listen'
>;

type RouteSettings = Omit<
  TranslatorOptions,
  'controllerName' | 'addresses' | 'portState' | 'bundleVersion' | 'gatewayServices'
>;

/** @param settings absent ones: no Gateway is served */
export function gatewaySettings(settings: RouteSettings & Partial<GatewayFlags>): GatewaySettings {
  const {
    gatewayController = '',
    gatewayAddresses = [],
    gatewayMode,
    gatewayServiceType,
    gatewayPorts,
    listen,
  } = settings;
  const own = { ...settings, controllerName: gatewayController, addresses: gatewayAddresses };
  if (gatewayMode !== 'service' || gatewayServiceType === undefined || gatewayPorts === undefined) return own;
  const services = new KnownGatewayServices({
    type: gatewayServiceType,
    host: listen?.host ?? '0.0.0.0',
    range: gatewayPorts,
  });
  return { ...own, gatewayServices: services };
}
