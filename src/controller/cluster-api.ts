/*
 * What the controller asks of Kubernetes, as types. `ApiClient` answers it over HTTPS. Objects are the API's own JSON: a
 * type names the fields that are read or written here, and whatever else the server sent stays in the object.
 */

/** A resource that the controller touches, by the name that RBAC has for it, and the shape of its objects. */
export interface Resources {
  pods: Pod;
  statefulsets: StatefulSet;
  persistentvolumeclaims: Claim;
  nodes: KubeNode;
  leases: Lease;
  events: KubeEvent;
  secrets: Secret;
  poddisruptionbudgets: DisruptionBudget;
}

export type ResourceName = keyof Resources;

/** Objects outside of namespaces have `nodes` alone; all others are those of the controller's own namespace. */
export interface ClusterApi {
  /** All objects that the selector takes, in one consistent view at `resourceVersion`. */
  list<R extends ResourceName>(resource: R, options: ListOptions, signal?: AbortSignal): Promise<ObjectList<Resources[R]>>;
  /**
   * What changed after `resourceVersion`, in order, until the server ends the stream. A stream that breaks, holds a line
   * that is no event, or says that the version is too old (`ApiError` with status 410) throws; so does the signal.
   */
  watch<R extends ResourceName>(resource: R, options: WatchOptions, signal: AbortSignal): AsyncIterable<WatchEvent<Resources[R]>>;
  get<R extends ResourceName>(resource: R, name: string, signal?: AbortSignal): Promise<Resources[R]>;
  /** 409 (AlreadyExists) when the name is taken. */
  create<R extends ResourceName>(resource: R, object: Draft<Resources[R]>, signal?: AbortSignal): Promise<Resources[R]>;
  /** 409 (Conflict) when the object has changed since `metadata.resourceVersion`. */
  replace<R extends ResourceName>(resource: R, object: Resources[R], signal?: AbortSignal): Promise<Resources[R]>;
  /** Merges the given fields into the object (RFC 7386): null removes a field, a list is replaced whole. */
  mergePatch<R extends ResourceName>(resource: R, name: string, patch: object, signal?: AbortSignal): Promise<Resources[R]>;
  /** Deletes exactly this version of an object, 409 otherwise, and leaves all that it owns: the pods run on. */
  deleteOrphaning(
    resource: ResourceName,
    name: string,
    version: { uid: string; resourceVersion: string },
    signal?: AbortSignal,
  ): Promise<void>;
}

export interface ListOptions {
  /** `key=value,key=value`; without it, all objects. */
  labelSelector?: string;
}

export interface WatchOptions extends ListOptions {
  resourceVersion: string;
  /** After so long the server ends the stream. */
  timeoutSeconds: number;
}

export interface ObjectList<T> {
  items: T[];
  resourceVersion: string;
}

/** A bookmark says only that all up to its version has been sent. */
export type WatchEvent<T> = { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: T } | { type: 'BOOKMARK'; resourceVersion: string };

/** An object as it is before the server has seen it. */
export type Draft<T extends KubeObject> = Omit<T, 'metadata'> & { metadata: Partial<ObjectMeta> };

export interface KubeObject {
  metadata: ObjectMeta;
}

export interface ObjectMeta {
  name: string;
  /** Instead of a name, in a draft: the server adds what makes it unique. */
  generateName?: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  creationTimestamp?: string;
  /** Set when the object has been asked to go. */
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  ownerReferences?: OwnerReference[];
}

interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
}

export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

export interface Pod extends KubeObject {
  spec?: { nodeName?: string; volumes?: { name: string; persistentVolumeClaim?: { claimName: string } }[] };
  status?: {
    phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
    reason?: string;
    conditions?: Condition[];
    podIP?: string;
    containerStatuses?: ContainerStatus[];
  };
}

interface ContainerStatus {
  name: string;
  ready: boolean;
  restartCount: number;
  state?: { waiting?: { reason?: string; message?: string }; running?: object; terminated?: { reason?: string; exitCode: number } };
}

export interface StatefulSet extends KubeObject {
  spec: {
    replicas?: number;
    serviceName?: string;
    selector: LabelSelector;
    volumeClaimTemplates?: { metadata: { name: string }; spec: ClaimSpec }[];
  };
  status?: { replicas?: number; readyReplicas?: number; observedGeneration?: number };
}

/** One condition on labels; all of them have to hold. */
export interface LabelExpression {
  key: string;
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  values?: string[];
}

export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: LabelExpression[];
}

interface ClaimSpec {
  storageClassName?: string;
  /** The volume it is bound to. */
  volumeName?: string;
  /** A quantity: `20Gi`. */
  resources?: { requests?: { storage?: string } };
}

export interface Claim extends KubeObject {
  spec: ClaimSpec;
  /** `Lost`: the volume is gone. */
  status?: { phase?: 'Pending' | 'Bound' | 'Lost'; capacity?: { storage?: string }; conditions?: Condition[] };
}

/** A machine of Kubernetes; a node of AetherStore is something else. */
export interface KubeNode extends KubeObject {
  spec?: { unschedulable?: boolean; taints?: { key: string; value?: string; effect: string }[] };
  status?: { conditions?: Condition[] };
}

export interface Lease extends KubeObject {
  spec?: {
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    /** These two with six digits after the second (`microTime`), or the server refuses them. */
    acquireTime?: string;
    renewTime?: string;
    /** How often the lease has had a new holder. */
    leaseTransitions?: number;
  };
}

/** Of the core group. */
export interface KubeEvent extends KubeObject {
  involvedObject: { apiVersion?: string; kind: string; namespace?: string; name: string; uid?: string };
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
  action?: string;
  /** With six digits after the second. */
  eventTime?: string | null;
  firstTimestamp?: string | null;
  lastTimestamp?: string | null;
  count?: number;
  reportingComponent?: string;
  reportingInstance?: string;
  source?: { component?: string };
}

export interface Secret extends KubeObject {
  type?: string;
  immutable?: boolean;
  /** In base64. */
  data?: Record<string, string>;
}

export interface DisruptionBudget extends KubeObject {
  spec: {
    selector?: LabelSelector;
    maxUnavailable?: number | string;
    minAvailable?: number | string;
  };
}
