/**
 * "Which route takes this URL?"
 *
 * @import { Excerpt, ExplainedChoice, ExplainedEndpoint, ExplainRefusal, ExplainView, ExplainedRoute, RouteRow } from '../messages.js'
 */
import { byId, el, inputById, routeName, serviceName, shortened } from './dom.js';
import { count } from './format.js';

export class Explainer {
  #input = inputById('url');
  #output = byId('explanation');
  /** What is explained at the moment. */
  #asked = '';
  /** Where the request comes that is explained. @type {RouteRow['at']} */
  #at;
  /** The answer on the page, as it came. */
  #shown = '';
  /** Table that the answer is about. */
  #version = -1;

  constructor() {
    byId('explain').addEventListener('submit', event => {
      event.preventDefault();
      const asked = this.#input.value.trim();
      // Another URL may be one for the program's own ports.
      if (asked !== this.#asked) this.#at = undefined;
      this.#asked = asked;
      void this.#ask();
    });
  }

  /** @param {string} url @param {RouteRow['at']} at */
  ask(url, at) {
    this.#input.value = url;
    this.#asked = url;
    this.#at = at;
    void this.#ask();
    byId('explain').scrollIntoView({ block: 'start' });
    this.#input.focus({ preventScroll: true });
  }

  /** An answer that is shown stays true. @param {number} version of the table that serves now */
  tableIs(version) {
    if (version === this.#version) return;
    this.#version = version;
    if (this.#asked !== '') void this.#ask();
  }

  async #ask() {
    const asked = this.#asked;
    const at = this.#at;
    if (asked === '') {
      this.#shown = '';
      this.#output.replaceChildren();
      return;
    }
    try {
      const place = at === undefined ? {} : { gateway: at.gateway, port: String(at.port) };
      const response = await fetch(`dashboard/explain?${new URLSearchParams({ ...split(asked), ...place })}`);
      if (!response.ok) throw new Error(response.statusText);
      const answer = await response.text();
      // Screen readers are told when it has changed.
      if (asked !== this.#asked || at !== this.#at || answer === this.#shown) return;
      this.#shown = answer;
      this.#output.replaceChildren(...view(JSON.parse(answer)));
    } catch {
      this.#shown = '';
      this.#output.replaceChildren(el('p', 'said', 'No answer: the connection is lost.'));
    }
  }
}

/** Host and path as they are written: to normalise is for the server. @param {string} url */
function split(url) {
  const [, host = '', path = ''] = /^(?:[a-z]+:\/\/)?([^/?#]*)(.*)$/i.exec(url) ?? [];
  return { host, path: path.startsWith('/') ? path : `/${path}` };
}

/** @param {ExplainView | ExplainRefusal} answer */
function view(answer) {
  if ('refused' in answer) return [el('p', 'said', answer.refused)];
  const { host, path, route, at, gateways, rule, upstreamTarget = '' } = answer;
  const { limits, plainRedirect, canary, policies, choice, waiting, losers, refusals } = answer;
  const request = routeName({ host, path });
  const verdict = route
    ? el(
        'dl',
        'verdict',
        ...(plainRedirect
          ? fact(
              'Over http',
              `answered with ${plainRedirect.status}, which sends it to `,
              shortened('code', 'route', plainRedirect.location),
            )
          : []),
        ...fact('Route', routeName(route), ' of ', serviceName(route.service)),
        ...(at ? fact('Listener', `${at.listener} at ${at.port}`) : []),
        ...(rule ? fact('Rule', rule) : []),
        ...fact(
          'Upstream gets',
          shortened('code', 'route', upstreamTarget),
          ' at ',
          el('code', '', endpointsOf(route)),
        ),
        ...(canary ? fact('Canary', canary) : []),
        ...(limits ? fact('Limits', limits) : []),
        ...fact('Rewriting', rewritingOf(route)),
      )
    : el('p', 'said', 'No route takes ', request, ': it is answered with 404.');
  return [
    verdict,
    ...(gateways
      ? [
          el(
            'p',
            'said',
            `Gateways have ports of their own (${gateways.join(', ')}): open a route of theirs to ask there.`,
          ),
        ]
      : []),
    ...candidates('Policies, in this order', policies, ({ policy, does }) => [
      el('p', '', el('span', 'tag', policy)),
      el('p', 'said', does),
    ]),
    ...(choice
      ? candidates(OUTCOMES[choice.outcome], choice.endpoints, endpoint => [
          el('p', '', el('code', '', `${endpoint.address}:${endpoint.port}`)),
          el('p', 'said', `${shareOf(endpoint)}, ${count(endpoint.inFlight)} in flight`),
        ])
      : []),
    ...candidates('Waiting for this route', waiting, service => [el('p', '', serviceName(service))]),
    ...candidates('Refused, though they ask for it', refusals, ({ service, reason, message }) => [
      el('p', '', serviceName(service), el('span', 'tag', reason)),
      el('p', 'said', message),
    ]),
    ...candidates(route ? 'Came close and lost' : 'Came close', losers, ({ route: loser, reason }) => [
      el('p', '', routeName(loser), serviceName(loser.service)),
      el('p', 'said', reason),
    ]),
  ];
}

/**
 * @template Item
 * @param {string} title
 * @param {Excerpt<Item>} excerpt
 * @param {(item: Item) => Node[]} show
 */
function candidates(title, { total, items }, show) {
  if (total === 0) return [];
  return [
    el('h3', '', title, el('span', 'muted', ` ${count(total)}`)),
    el('ul', 'list losers', ...items.map(item => el('li', '', ...show(item)))),
  ];
}

/** @type {Record<ExplainedChoice['outcome'], string>} */
const OUTCOMES = {
  picks: 'Where it would go',
  binds: 'Where it would go: its cookie decides',
  waits: 'It would wait: all endpoints are full',
  none: 'No endpoint takes requests: 503',
};

/** @param {ExplainedEndpoint} endpoint */
function shareOf({ share, exclusion }) {
  return exclusion ?? `${Math.round(share * 100)} % of such requests`;
}

/** @param {ExplainedRoute} route */
function endpointsOf({ backend }) {
  const [first] = backend.endpoints;
  if (first === undefined) return `no endpoint: ${backend.absentStatus ?? 503}`;
  const more = backend.endpoints.length - 1;
  return `${first.address}:${first.port}${more > 0 ? ` and ${count(more)} more` : ''}`;
}

/** @param {ExplainedRoute} route */
function rewritingOf({ stripPrefix, rewriteRedirects }) {
  const prefix = stripPrefix ? 'the prefix is taken off the path' : 'the path goes on as it is';
  const redirects = rewriteRedirects ? 'redirects and cookies get it back' : 'redirects and cookies pass unchanged';
  return `${prefix}, ${redirects}`;
}

/** @param {string} name @param {...(Node | string)} value */
function fact(name, ...value) {
  return [el('dt', '', name), el('dd', '', ...value)];
}
