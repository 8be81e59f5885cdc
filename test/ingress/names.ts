/** What the objects of all cases are called. */

export const CLASS_CONTROLLER = 'k8s.io/ingress-nginx';
export const CONFIG_MAP = 'ingress-nginx/controller';
/** The Secret of a case that asks for TLS and says nothing else. */
export const SECRET = 'tls';
