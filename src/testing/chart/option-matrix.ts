/** Beside the presets: options that are off by default, each rendered, linted and held against the schemas of Kubernetes. */
export const optionMatrix: Readonly<Record<string, readonly string[]>> = {
  default: [],
  'gateways apart': ['--set', 'gateway.replicas=2'],
  autoscaling: ['--set', 'gateway.autoscaling.enabled=true'],
  'everything off': [
    '--set',
    'controller.enabled=false,secrets.existingSecret=mine,networkPolicy.enabled=false,datanode.spread.hosts=none,datanode.spread.zones=none',
  ],
  'no cluster rights': ['--set', 'rbac.clusterScoped=false,datanode.zone=a'],
  'no rights made': ['--set', 'rbac.create=false,serviceAccount.create=false,serviceAccount.controllerName=mine'],
  monitoring: [
    '--set',
    'monitoring.podMonitor.enabled=true,monitoring.rules.enabled=true,monitoring.dashboards.enabled=true,monitoring.dashboards.folder=AetherStore,gateway.replicas=2,controller.replicas=2',
  ],
  'service monitor': ['--set', 'monitoring.serviceMonitor.enabled=true,gateway.replicas=2,controller.replicas=2'],
  doors: [
    '--set',
    'ingress.enabled=true,ingress.hosts={s3.example.org},ingress.className=nginx,httpRoute.enabled=true,httpRoute.parentRefs[0].name=gate,httpRoute.hostnames={s3.example.org},service.type=LoadBalancer,service.nodePort=30900',
  ],
  tls: ['--set', 'tls.secretName=certificate,buckets={one,two}'],
  'secrets of mine': [
    '--set',
    'secrets.existingSecret=mine,secrets.keys.clusterSecret=a,secrets.keys.restToken=b,secrets.keys.rootCredential=c',
  ],
  'strict placing': [
    '--set',
    'datanode.spread.hosts=required,datanode.spread.zones=DoNotSchedule,datanode.scaleDownGuard.enabled=true,controller.replicas=2',
  ],
  'closed network': [
    '--set',
    'networkPolicy.s3Clients[0].namespaceSelector.matchLabels.team=a,networkPolicy.restClients[0].podSelector.matchLabels.app=b,networkPolicy.prometheus[0].namespaceSelector.matchLabels.name=monitoring,networkPolicy.apiServer[0].ipBlock.cidr=10.0.0.1/32',
  ],
  'everything named': [
    '--set',
    'image.digest=sha256:0000000000000000000000000000000000000000000000000000000000000000,image.pullSecrets[0].name=pull,commonLabels.team=storage,store.settings.AETHER_REPAIR_DELAY_MS=10m,store.baseDomain=s3.example.org,master.persistence.existingClaim=mine,datanode.persistence.storageClass=fast,master.tolerations[0].key=a,master.tolerations[0].operator=Exists,datanode.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].key=disk,datanode.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].operator=Exists',
  ],
  'old Kubernetes': ['--kube-version', '1.29.0'],
  OpenShift: ['--set', 'podSecurityContext.runAsUser=null,podSecurityContext.runAsGroup=null,podSecurityContext.fsGroup=null'],
};
