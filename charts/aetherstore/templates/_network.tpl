{{/* Pieces of network policies. Pods of this release by component: (dict "root" $ "components" (list …)). */}}
{{- define "aetherstore.peers" -}}
{{- range .components }}
- podSelector:
    matchLabels:
      {{- include "aetherstore.selector" (dict "root" $.root "component" .) | nindent 6 }}
{{- end }}
{{- end -}}

{{- define "aetherstore.dnsEgress" -}}
# names: any resolver, also one on the machine itself
- ports:
    - { protocol: UDP, port: 53 }
    - { protocol: TCP, port: 53 }
{{- end -}}

{{/* (dict "root" $ "ports" (list 9464)) */}}
{{- define "aetherstore.prometheusIngress" -}}
{{- with .root.Values.networkPolicy.prometheus }}
- from:
    {{- toYaml . | nindent 4 }}
  ports:
    {{- range $.ports }}
    - { protocol: TCP, port: {{ . }} }
    {{- end }}
{{- end }}
{{- end -}}

{{- define "aetherstore.s3Ingress" -}}
- ports:
    - { protocol: TCP, port: 9000 }
  {{- with .Values.networkPolicy.s3Clients }}
  from:
    {{- toYaml . | nindent 4 }}
    {{- include "aetherstore.peers" (dict "root" $ "components" (list "buckets" "test")) | trim | nindent 4 }}
  {{- end }}
{{- end -}}

{{- define "aetherstore.policyHead" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "aetherstore.fullname" .root }}-{{ .component }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "aetherstore.labels" . | nindent 4 }}
spec:
  policyTypes: [Ingress, Egress]
  podSelector:
    matchLabels:
      {{- include "aetherstore.selector" . | nindent 6 }}
{{- end -}}
