/** What the Kubernetes API says of a datanode's pod, as the controller reads it. */
export const nodeSights = [
  /** Running and Ready. */
  'present',
  /** There, and not Ready. */
  'not-ready',
  /** Is being stopped on a machine that is well. */
  'terminating',
  /** No pod, or one on a machine that Kubernetes does not hear. */
  'absent',
  /** Proof that its data is gone: the claim, its volume or its machine was deleted or fenced. */
  'lost',
] as const;
export type NodeSight = (typeof nodeSights)[number];
