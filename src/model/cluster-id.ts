/** Names a cluster: what stands behind routes. It is unique and stable, and nothing takes it apart. */
export type ClusterId = string;
