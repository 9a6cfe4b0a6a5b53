import { counterNames, keptStatement, statement, type Counter } from '../tx.js';

export interface ClusterRow {
  cluster_id: string | null;
  epoch: number;
  reign_id: string | null;
  fenced: number;
  generation: number;
  election_epoch: number;
}

export const clusterRow = statement<[], ClusterRow>('SELECT cluster_id, epoch, reign_id, fenced, generation, election_epoch FROM cluster');
export const currentGeneration = keptStatement<[], { generation: number }>('SELECT generation FROM cluster');
export const updateClusterId = statement<[clusterId: string]>('UPDATE cluster SET cluster_id = ?');
export const updateReign = statement<[epoch: number, reignId: string]>('UPDATE cluster SET epoch = ?, reign_id = ?, fenced = 0');
export const updateFenced = statement<[epoch: number]>('UPDATE cluster SET fenced = 1, epoch = max(epoch, ?)');
export const updateElectionEpoch = statement<[epoch: number]>('UPDATE cluster SET election_epoch = ?');
export const raiseGeneration = statement<[], { generation: number }>('UPDATE cluster SET generation = generation + 1 RETURNING generation');
export const allCounters = statement<[], Record<Counter, number>>(`SELECT ${counterNames.join(', ')} FROM counter`);
