{{- define "kube-entry.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What selects the pods. Another release has another name. */}}
{{- define "kube-entry.selectorLabels" -}}
app.kubernetes.io/name: {{ include "kube-entry.fullname" . }}
{{- end -}}

{{- define "kube-entry.labels" -}}
{{ include "kube-entry.selectorLabels" . }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "kube-entry.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "kube-entry.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "kube-entry.image" -}}
{{- with .Values.controller.image -}}
{{- .repository -}}{{- with .tag }}:{{ . }}{{ end -}}{{- with .digest }}@{{ . }}{{ end -}}
{{- end -}}
{{- end -}}

{{- define "kube-entry.hasIngress" -}}
{{- if or .Values.controller.ingressClass .Values.controller.watchIngressWithoutClass }}true{{ end -}}
{{- end -}}

{{/* NAMESPACE/NAME of the ConfigMap with global options: that of this chart, or the one that controller.extraArgs names. */}}
{{- define "kube-entry.configMap" -}}
{{- default (printf "%s/%s-ingress" .Release.Namespace (include "kube-entry.fullname" .)) (index .Values.controller.extraArgs "ingress-configmap") -}}
{{- end -}}

{{/* The port that a redirect to https names: 0 for 443, which no URL has to name. */}}
{{- define "kube-entry.httpsPort" -}}
{{- with .Values.controller -}}
{{- $port := int .service.ports.https -}}
{{- if .hostPort.enabled -}}
{{- $port = int .hostPort.ports.https -}}
{{- else if and (eq .service.type "NodePort") .service.nodePorts.https -}}
{{- $port = int .service.nodePorts.https -}}
{{- end -}}
{{- if eq $port 443 }}0{{ else }}{{ $port }}{{ end -}}
{{- end -}}
{{- end -}}

{{/* A role and its binding, in the cluster or in the one namespace that is served. */}}
{{- define "kube-entry.role" -}}
{{- $scoped := .root.Values.controller.scope.enabled -}}
{{- $namespace := default .root.Release.Namespace .root.Values.controller.scope.namespace -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ if $scoped }}Role{{ else }}ClusterRole{{ end }}
metadata:
  name: {{ .name }}
  {{- if $scoped }}
  namespace: {{ $namespace }}
  {{- end }}
  labels:
    {{- include "kube-entry.labels" .root | nindent 4 }}
rules:
  {{- toYaml .rules | nindent 2 }}
---
{{ include "kube-entry.binding" (dict "root" .root "name" .name "namespace" (ternary $namespace "" $scoped)) }}
{{- end -}}

{{/* Binds the role of its name to the account; with a namespace, a Role of it. */}}
{{- define "kube-entry.binding" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ if .namespace }}RoleBinding{{ else }}ClusterRoleBinding{{ end }}
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "kube-entry.labels" .root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ if .namespace }}Role{{ else }}ClusterRole{{ end }}
  name: {{ .name }}
subjects:
  - kind: ServiceAccount
    name: {{ include "kube-entry.serviceAccount" .root }}
    namespace: {{ .root.Release.Namespace }}
{{- end -}}
