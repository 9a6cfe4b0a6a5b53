/** How many copies a commit wants (RF) and needs (W). */
export interface Quorum {
  replicationFactor: number;
  writeQuorum: number;
}
