/** What the keys of this program's annotations begin with. */
export const PREFIX = 'kube-entry.io/';
