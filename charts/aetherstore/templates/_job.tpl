{{/* A pod that runs a script of files/ with the `aether` command: (dict "root" $ "component" "test" "script" "files/….sh" "environment" list). */}}
{{- define "aetherstore.jobPodSpec" -}}
{{- $tls := .root.Values.tls -}}
{{ include "aetherstore.podSpec" . }}
restartPolicy: Never
containers:
  - name: {{ .component }}
    {{- include "aetherstore.containerBasics" .root | nindent 4 }}
    command: [bash, -euo, pipefail, -c]
    args:
      - |
        {{- .root.Files.Get .script | nindent 8 }}
    env:
      - { name: AWS_ENDPOINT_URL, value: {{ include "aetherstore.s3Endpoint" .root | quote }} }
      - { name: AWS_REGION, value: {{ .root.Values.store.region | quote }} }
      - { name: ROOT_CREDENTIAL_FILE, value: /etc/aetherstore/secrets/root-credential }
      - { name: HOME, value: /tmp }
      {{- if and $tls.secretName $tls.caKey }}
      - { name: NODE_EXTRA_CA_CERTS, value: {{ printf "/etc/aetherstore/tls/%s" $tls.caKey }} }
      {{- end }}
      {{- toYaml .environment | nindent 6 }}
    resources:
      requests: { cpu: 50m, memory: 128Mi, ephemeral-storage: 64Mi }
      limits: { memory: 512Mi, ephemeral-storage: 1Gi }
    volumeMounts:
      - { name: secrets, mountPath: /etc/aetherstore/secrets, readOnly: true }
      - { name: tmp, mountPath: /tmp }
      {{- if and $tls.secretName $tls.caKey }}
      - { name: authority, mountPath: /etc/aetherstore/tls, readOnly: true }
      {{- end }}
volumes:
  - name: secrets
    secret:
      secretName: {{ include "aetherstore.secretName" .root }}
      defaultMode: 0440
      items:
        - { key: {{ .root.Values.secrets.keys.rootCredential }}, path: root-credential }
  - name: tmp
    emptyDir: { sizeLimit: 1Gi }
  {{- if and $tls.secretName $tls.caKey }}
  - name: authority
    secret:
      secretName: {{ $tls.secretName }}
      defaultMode: 0440
      items:
        - { key: {{ $tls.caKey }}, path: {{ $tls.caKey }} }
  {{- end }}
{{- end -}}
