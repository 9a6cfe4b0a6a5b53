{{/* What the schema cannot see: values that each are right and together lose data or never work. */}}
{{- define "aetherstore.validate" -}}
{{- with .Values.store -}}
{{- if gt (int .writeQuorum) (int .replicationFactor) -}}
{{- fail (printf "store.writeQuorum (%v) must not be above store.replicationFactor (%v)" .writeQuorum .replicationFactor) -}}
{{- end -}}
{{- if gt (int .writeQuorum) (int $.Values.datanode.replicas) -}}
{{- fail (printf "datanode.replicas (%v) is below store.writeQuorum (%v): no write would ever be acknowledged; the preset presets/dev.yaml is for one machine" $.Values.datanode.replicas .writeQuorum) -}}
{{- end -}}
{{- end -}}
{{- if and (not .Values.controller.enabled) (not .Values.secrets.existingSecret) -}}
{{- fail "controller.enabled=false needs secrets.existingSecret: nobody else makes the secrets" -}}
{{- end -}}
{{- with .Values.secrets -}}
{{- if and (not .existingSecret) (ne (printf "%s %s %s" .keys.clusterSecret .keys.restToken .keys.rootCredential) "cluster-secret rest-token root-credential") -}}
{{- fail "secrets.keys other than the default needs secrets.existingSecret: the controller makes its Secret with the default keys" -}}
{{- end -}}
{{- end -}}
{{- if and .Values.controller.enabled (not .Values.serviceAccount.create) (not .Values.serviceAccount.controllerName) -}}
{{- fail "serviceAccount.create=false needs serviceAccount.controllerName: the controller must have rights that the default account has not" -}}
{{- end -}}
{{- with .Values.gateway.autoscaling -}}
{{- if and .enabled (gt (int .minReplicas) (int .maxReplicas)) -}}
{{- fail "gateway.autoscaling.minReplicas must not be above maxReplicas" -}}
{{- end -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) -}}
{{- fail "httpRoute.enabled needs httpRoute.parentRefs: the Gateways that it hangs on" -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) -}}
{{- fail "ingress.enabled needs ingress.hosts" -}}
{{- end -}}
{{- if and .Values.monitoring.podMonitor.enabled .Values.monitoring.serviceMonitor.enabled -}}
{{- fail "monitoring.podMonitor.enabled and monitoring.serviceMonitor.enabled scrape the same pods: every sum would be doubled; enable one" -}}
{{- end -}}
{{- $size := include "aetherstore.claimTemplateSize" . -}}
{{- if and (ne $size .Values.datanode.persistence.size) (not .Values.controller.enabled) -}}
{{- fail (printf "datanode.persistence.size was %s and shall be %s: only the controller grows volumes, and controller.enabled is false" $size .Values.datanode.persistence.size) -}}
{{- end -}}
{{- end -}}

{{/*
The size in the claim template. Kubernetes refuses to change it, so a StatefulSet that is there keeps its own; the controller
grows the claims and makes the StatefulSet anew around its running pods. Where charts are only rendered, the value itself: the
change is refused until the controller has done so.
*/}}
{{- define "aetherstore.claimTemplateSize" -}}
{{- $size := .Values.datanode.persistence.size -}}
{{- with lookup "apps/v1" "StatefulSet" .Release.Namespace (printf "%s-datanode" (include "aetherstore.fullname" .)) -}}
{{- range .spec.volumeClaimTemplates -}}
{{- $size = dig "resources" "requests" "storage" $size .spec -}}
{{- end -}}
{{- end -}}
{{- $size -}}
{{- end -}}
