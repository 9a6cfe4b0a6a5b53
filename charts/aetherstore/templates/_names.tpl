{{/*
Names. 40 characters leave room for the longest suffix and for what Kubernetes adds (StatefulSet revisions, pods of Jobs);
a name that is cut keeps a digest, so that two long releases never share one.
*/}}
{{- define "aetherstore.fullname" -}}
{{- $name := default "aetherstore" .Values.nameOverride -}}
{{- $full := .Values.fullnameOverride -}}
{{- if not $full -}}
{{- $full = contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{- end -}}
{{- if gt (len $full) 40 -}}
{{- printf "%s-%s" ($full | trunc 31 | trimSuffix "-") (sha256sum $full | trunc 8) -}}
{{- else -}}
{{- $full -}}
{{- end -}}
{{- end -}}

{{/* For objects that no namespace holds. Namespaces have no dot, so no two installs share one. */}}
{{- define "aetherstore.clusterName" -}}
{{- printf "%s.%s" .Release.Namespace (include "aetherstore.fullname" .) -}}
{{- end -}}

{{/* Selectors: (dict "root" $ "component" "master"). Never more than these three, or an upgrade is refused. */}}
{{- define "aetherstore.selector" -}}
app.kubernetes.io/name: aetherstore
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "aetherstore.labels" -}}
{{ include "aetherstore.selector" . }}
app.kubernetes.io/part-of: aetherstore
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name (.root.Chart.Version | replace "+" "_") }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "aetherstore.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{- printf "%s@%s" .repository .digest -}}
{{- else -}}
{{- printf "%s:%s" .repository (default $.Chart.AppVersion .tag) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "aetherstore.secretName" -}}
{{- default (printf "%s-secrets" (include "aetherstore.fullname" .)) .Values.secrets.existingSecret -}}
{{- end -}}

{{- define "aetherstore.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- include "aetherstore.fullname" . -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "aetherstore.controllerServiceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- include "aetherstore.fullname" . }}-controller
{{- else -}}
{{- default "default" .Values.serviceAccount.controllerName -}}
{{- end -}}
{{- end -}}

{{/* "true" when the master's pod has the gateway inside. */}}
{{- define "aetherstore.gatewayInside" -}}
{{- if not (or (gt (int .Values.gateway.replicas) 0) .Values.gateway.autoscaling.enabled) -}}true{{- end -}}
{{- end -}}

{{- define "aetherstore.masterAddress" -}}
{{- printf "http://%s-master.%s.svc:42100" (include "aetherstore.fullname" .) .Release.Namespace -}}
{{- end -}}

{{- define "aetherstore.s3Endpoint" -}}
{{- printf "%s://%s.%s.svc:%v" (ternary "https" "http" (ne .Values.tls.secretName "")) (include "aetherstore.fullname" .) .Release.Namespace .Values.service.port -}}
{{- end -}}
