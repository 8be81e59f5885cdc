/**
 * The only way this page makes elements. Text from a Service or a request becomes a text node and nothing else.
 *
 * @typedef {Node | string | null | undefined | false} Child
 */

/** @param {string} id */
export function byId(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}

/** @param {string} id */
export function inputById(id) {
  const found = byId(id);
  if (!(found instanceof HTMLInputElement)) throw new Error(`#${id} is no input`);
  return found;
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} className
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function el(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className !== '') element.className = className;
  element.append(...present(children));
  return element;
}

/**
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Readonly<Record<string, string | number>>} attributes
 * @param {...SVGElement} children
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function svg(tag, attributes, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/**
 * Sets a text only when it differs: a selection stays, and screen readers announce changes only.
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** A name that is longer makes a table of it alone. */
const LONGEST = 160;
const TAIL = 40;

/** A long text by its beginning and its end. @param {string} text @param {number} [most] characters */
export function shorten(text, most = LONGEST) {
  return text.length <= most ? text : `${text.slice(0, most - TAIL)}…${text.slice(-TAIL)}`;
}

/**
 * A text that may be long: the whole is in its tooltip.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} className
 * @param {string} text
 * @param {number} [most] characters
 */
export function shortened(tag, className, text, most = LONGEST) {
  const element = el(tag, className, shorten(text, most));
  if (text.length > most) element.title = text;
  return element;
}

/**
 * A host and path, the host quieter; isolated, so that right-to-left characters turn nothing else around.
 * @param {{ readonly host: string, readonly path: string }} route
 */
export function routeName({ host, path }) {
  const element = el('code', 'route', host !== '' && shortened('span', 'muted', host), shorten(path));
  if (path.length > LONGEST) element.title = host + path;
  return element;
}

/** @param {{ readonly namespace: string, readonly name: string }} service */
export function serviceName({ namespace, name }) {
  // The default backend of Ingresses is none of the cluster.
  if (namespace === '') return el('span', 'service', '404, as no path takes it');
  return el('span', 'service', el('span', 'muted', `${namespace}/`), name);
}

/** @param {readonly Child[]} children */
function present(children) {
  return children.filter(child => child !== null && child !== undefined && child !== false);
}
