/** Services for the tests: two routes, one conflict, one refusal, one warning. */
export const SERVICES = `
apiVersion: v1
kind: Service
metadata:
  name: volume
  annotations: { kube-entry.io/path: "/volume,/pv" }
spec: { clusterIP: 10.0.0.1, ports: [{ port: 8080 }] }
---
apiVersion: v1
kind: Service
metadata:
  name: shop
  namespace: web
  annotations: { kube-entry.io/path: /, kube-entry.io/host: "*.example.com" }
spec: { clusterIP: "fd00::1", ports: [{ port: 80 }, { port: 81 }] }
---
apiVersion: v1
kind: Service
metadata:
  name: young
  annotations: { kube-entry.io/path: "/young/one,/volume" }
spec: { clusterIP: 10.0.0.3, ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Service
metadata:
  name: headless
  annotations: { kube-entry.io/path: /headless }
spec: { clusterIP: None, ports: [{ port: 80 }] }
`;
