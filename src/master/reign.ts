import type { Random } from '../base/random.js';
import { parseUuid } from '../base/uuid.js';
import { StartRefused } from '../base/start-refused.js';
import type { MetadataStore } from '../metadata/store.js';
import { Refusal } from '../model/refusal.js';

export interface Reign {
  clusterId: string;
  epoch: number;
  id: string;
}

/** Takes the next epoch, durably. From here on whatever an earlier process of this database still says is stale. */
export async function beginReign(
  store: MetadataStore,
  options: { clusterId: string | null; takeOver: boolean },
  random: Random,
): Promise<Reign> {
  try {
    return await takeEpoch(store, options, random);
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'storage-full') throw error;
    throw new StartRefused('the volume of the metadata is too full to begin; make room there or enlarge it, then start again', {
      cause: error,
    });
  }
}

async function takeEpoch(store: MetadataStore, options: { clusterId: string | null; takeOver: boolean }, random: Random): Promise<Reign> {
  const settings = store.read('getSettings', {});
  if (settings.fenced && !options.takeOver)
    throw new StartRefused('another master has taken over from this database; if that one is gone for good, start with --take-over');
  const wanted = options.clusterId === null ? (settings.clusterId ?? random.uuidV4()) : parseUuid(options.clusterId);
  if (wanted === null) throw new StartRefused('the cluster id that stands with the cluster secret is not a UUID');
  if (settings.clusterId !== null && settings.clusterId !== wanted)
    throw new StartRefused(
      `this database belongs to the cluster ${settings.clusterId}, the cluster secret to ${wanted}; one of the two is the wrong file`,
    );
  const { clusterId } = await store.write('initCluster', { clusterId: wanted });
  const id = random.uuidV4();
  const { epoch } = await store.write('beginReign', { reignId: id, knownEpoch: 0, takeOver: options.takeOver });
  return { clusterId, epoch, id };
}
