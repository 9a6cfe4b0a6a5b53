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
        {{- if $tls.secretName }}
        # read when a program starts; a self-signed certificate vouches for itself
        [ -s "$NODE_EXTRA_CA_CERTS" ] || export NODE_EXTRA_CA_CERTS=/etc/aetherstore/tls/certificate
        {{- end }}
        {{- .root.Files.Get .script | nindent 8 }}
    env:
      - { name: AWS_ENDPOINT_URL, value: {{ include "aetherstore.s3Endpoint" .root | quote }} }
      - { name: AWS_REGION, value: {{ .root.Values.store.region | quote }} }
      - { name: ROOT_CREDENTIAL_FILE, value: /etc/aetherstore/secrets/root-credential }
      - { name: HOME, value: /tmp }
      {{- if $tls.secretName }}
      - { name: NODE_EXTRA_CA_CERTS, value: /etc/aetherstore/tls/authority }
      {{- end }}
      {{- toYaml .environment | nindent 6 }}
    resources:
      requests: { cpu: 50m, memory: 128Mi, ephemeral-storage: 64Mi }
      limits: { memory: 512Mi, ephemeral-storage: 1Gi }
    volumeMounts:
      - { name: secrets, mountPath: /etc/aetherstore/secrets, readOnly: true }
      - { name: tmp, mountPath: /tmp }
      {{- if $tls.secretName }}
      - { name: tls, mountPath: /etc/aetherstore/tls, readOnly: true }
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
  {{- if $tls.secretName }}
  - name: tls
    projected:
      defaultMode: 0440
      sources:
        - secret:
            name: {{ $tls.secretName }}
            items:
              - { key: {{ $tls.certificateKey }}, path: certificate }
        {{- with $tls.caKey }}
        # `kubectl create secret tls` makes none
        - secret:
            name: {{ $tls.secretName }}
            optional: true
            items:
              - { key: {{ . }}, path: authority }
        {{- end }}
  {{- end }}
{{- end -}}
