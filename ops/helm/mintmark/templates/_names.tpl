{{- define "mintmark.name" -}}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{- end -}}
{{- define "mintmark.labels" -}}
app.kubernetes.io/name: mintmark
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end -}}
{{- define "mintmark.pod" -}}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  fsGroup: 10001
volumes:
  - name: config
    configMap:
      name: {{ include "mintmark.name" . }}
  - name: wallet
    secret:
      secretName: {{ .Values.walletSecret }}
      defaultMode: 0440
  - name: state
    emptyDir: {}
  - name: store
    persistentVolumeClaim:
      claimName: {{ .Values.store.claim }}
{{- end -}}
{{- define "mintmark.container" -}}
image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
imagePullPolicy: {{ .Values.image.pullPolicy }}
env:
  - name: MINTMARK_LEDGER_URL
    valueFrom:
      secretKeyRef:
        name: {{ .Values.ledgerSecret }}
        key: url
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
volumeMounts:
  - {name: config, mountPath: /etc/mintmark}
  - {name: wallet, mountPath: /var/lib/mintmark/keystore, readOnly: true}
  - {name: state, mountPath: /var/lib/mintmark/state}
  - {name: store, mountPath: /srv/store}
{{- end -}}
