{{/* What all pods have: (dict "root" $ "component" … "values" the values of the component). */}}
{{- define "aetherstore.podMetadata" -}}
labels:
  {{- include "aetherstore.labels" . | nindent 2 }}
  {{- with .values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .values.podAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "aetherstore.podSpec" -}}
serviceAccountName: {{ include "aetherstore.serviceAccount" .root }}
automountServiceAccountToken: false
{{ include "aetherstore.podBasics" . }}
{{- end -}}

{{- define "aetherstore.podBasics" -}}
# a Service called "aether" would otherwise put variables of its own among the settings
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  {{- with .root.Values.podSecurityContext.runAsUser }}
  runAsUser: {{ int64 . }}
  {{- end }}
  {{- with .root.Values.podSecurityContext.runAsGroup }}
  runAsGroup: {{ int64 . }}
  {{- end }}
  {{- with .root.Values.podSecurityContext.fsGroup }}
  fsGroup: {{ int64 . }}
  fsGroupChangePolicy: OnRootMismatch
  {{- end }}
  seccompProfile:
    type: RuntimeDefault
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Where pods may run: priority, machines, tolerations. */}}
{{- define "aetherstore.scheduling" -}}
{{- with .values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if or .values.tolerations (hasKey .values "unreachableSeconds") }}
tolerations:
  {{- with .values.tolerations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- if hasKey .values "unreachableSeconds" }}
  {{- range list "not-ready" "unreachable" }}
  - key: node.kubernetes.io/{{ . }}
    operator: Exists
    effect: NoExecute
    tolerationSeconds: {{ $.values.unreachableSeconds }}
  {{- end }}
  {{- end }}
{{- end }}
{{- include "aetherstore.affinity" . }}
{{- end -}}

{{/* The affinity that is given, with the rule of spread.hosts joined to it. */}}
{{- define "aetherstore.affinity" -}}
{{- $affinity := deepCopy .values.affinity -}}
{{- $hosts := "preferred" -}}
{{- if hasKey .values "spread" }}{{ $hosts = .values.spread.hosts }}{{ end -}}
{{- if ne .component "master" -}}
{{- $term := dict "topologyKey" "kubernetes.io/hostname" "labelSelector" (dict "matchLabels" (fromYaml (include "aetherstore.selector" .))) -}}
{{- $apart := default dict $affinity.podAntiAffinity -}}
{{- if eq $hosts "required" -}}
{{- $key := "requiredDuringSchedulingIgnoredDuringExecution" -}}
{{- $_ := set $apart $key (append (default list (get $apart $key)) $term) -}}
{{- else if eq $hosts "preferred" -}}
{{- $key := "preferredDuringSchedulingIgnoredDuringExecution" -}}
{{- $_ := set $apart $key (append (default list (get $apart $key)) (dict "weight" 100 "podAffinityTerm" $term)) -}}
{{- end -}}
{{- if $apart }}{{ $_ := set $affinity "podAntiAffinity" $apart }}{{ end -}}
{{- end -}}
{{- if $affinity }}
affinity:
  {{- toYaml $affinity | nindent 2 }}
{{- end }}
{{- if and (hasKey .values "spread") (ne (get (default dict .values.spread) "zones") "none") }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: topology.kubernetes.io/zone
    whenUnsatisfiable: {{ .values.spread.zones }}
    labelSelector:
      matchLabels:
        {{- include "aetherstore.selector" . | nindent 8 }}
{{- end }}
{{- end -}}

{{- define "aetherstore.containerBasics" -}}
image: {{ include "aetherstore.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end -}}

{{/* (dict "startupSeconds" N "readyPort" "admin"): liveness asks the process alone, never its peers. */}}
{{- define "aetherstore.probes" -}}
startupProbe:
  httpGet: { path: /livez, port: admin }
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: {{ div .startupSeconds 2 }}
livenessProbe:
  httpGet: { path: /livez, port: admin }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: { path: /readyz, port: {{ .readyPort }} }
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: 2
{{- end -}}

{{/* Settings that all roles share, and those that values name freely. */}}
{{- define "aetherstore.commonEnvironment" -}}
- { name: AETHER_LOG_LEVEL, value: {{ .root.Values.store.logLevel | quote }} }
- { name: AETHER_LOG_FORMAT, value: json }
{{- range $name, $value := .root.Values.store.settings }}
- { name: {{ $name }}, value: {{ $value | toString | quote }} }
{{- end }}
{{- with .values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Settings of a gateway, wherever it runs. */}}
{{- define "aetherstore.s3Environment" -}}
- { name: AETHER_REGION, value: {{ .Values.store.region | quote }} }
{{- with .Values.store.baseDomain }}
- { name: AETHER_BASE_DOMAIN, value: {{ . | quote }} }
{{- end }}
{{- with .Values.tls }}
{{- if .secretName }}
- { name: AETHER_TLS_CERTIFICATE_FILE, value: {{ printf "/etc/aetherstore/tls/%s" .certificateKey }} }
- { name: AETHER_TLS_KEY_FILE, value: {{ printf "/etc/aetherstore/tls/%s" .privateKeyKey }} }
{{- end }}
{{- end }}
{{- end -}}

{{/* Mounts and volumes of a process: (dict "root" $ "serves" true when it serves S3). */}}
{{- define "aetherstore.mounts" -}}
- { name: secrets, mountPath: /etc/aetherstore/secrets, readOnly: true }
{{- if and .serves .root.Values.tls.secretName }}
- { name: tls, mountPath: /etc/aetherstore/tls, readOnly: true }
{{- end }}
{{- end -}}

{{- define "aetherstore.volumes" -}}
# pods wait here until the Secret exists
- name: secrets
  secret:
    secretName: {{ include "aetherstore.secretName" .root }}
    defaultMode: 0440
    items:
      {{- with .root.Values.secrets.keys }}
      - { key: {{ .clusterSecret }}, path: cluster-secret }
      - { key: {{ .restToken }}, path: rest-token }
      - { key: {{ .rootCredential }}, path: root-credential }
      {{- end }}
{{- if and .serves .root.Values.tls.secretName }}
- name: tls
  secret:
    secretName: {{ .root.Values.tls.secretName }}
    defaultMode: 0440
{{- end }}
{{- end -}}
