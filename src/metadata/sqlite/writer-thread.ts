import { dirname } from 'node:path';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../base/clock.js';
import { must } from '../../base/must.js';
import { StartRefused } from '../../base/start-refused.js';
import { groupRequestsMax } from '../limits.js';
import { migrations } from '../migrations/all.js';
import { Checkpoints } from './checkpoints.js';
import { isFull, isSqliteError, SqliteConnection } from './connection.js';
import { GroupWriter } from './group-writer.js';
import { migrate } from './migrate.js';
import { Room } from './room.js';
import type { FromWriter, PackedAnswer, PackedRequest, ToWriter, WriterOptions } from './writer-messages.js';

/*
 * The only thread that writes. Whatever has arrived while the last group was committed becomes the next one: no timer,
 * one fsync for all.
 */

const port = must(parentPort, 'the port to the main thread');
const { path } = workerData as WriterOptions;
const say = (message: FromWriter): void => port.postMessage(message);
const room = new Room({ folder: dirname(path), onChange: (enough) => say({ kind: 'room', enough }) }, systemClock);

/** Runs a piece of work; a fault of the disk or the file ends this thread. */
function orFault(work: () => void): void {
  try {
    work();
  } catch (error) {
    say({ kind: 'fault', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    port.close();
  }
}

function open(): SqliteConnection | null {
  try {
    const connection = SqliteConnection.openWriter(path);
    migrate(connection, path, migrations);
    say({ kind: 'open' });
    return connection;
  } catch (error) {
    // Without room SQLite fails in many ways, depending on which of its files it could not make.
    const tooFull = isFull(error) || (isSqliteError(error) && !room.isEnough());
    const refused = tooFull ? new StartRefused(tooFullToStart(dirname(path)), { cause: error }) : error;
    if (!(refused instanceof StartRefused)) throw refused;
    say({ kind: 'refused', message: refused.message });
    port.close();
    return null;
  }
}

function serve(connection: SqliteConnection): void {
  const writer = new GroupWriter(connection, () => room.isEnough());
  const checkpoints = new Checkpoints(connection, {
    ...systemClock,
    setTimer: (delayMs, fire) => systemClock.setTimer(delayMs, () => orFault(fire)),
  });
  port.on('message', (first: ToWriter) => {
    orFault(() => {
      let closing = false;
      let waiting: PackedRequest[] = [];
      for (let text: ToWriter | undefined = first; text !== undefined; text = nextMessage()) {
        if (text === '') closing = true;
        else waiting = waiting.concat(JSON.parse(text) as PackedRequest[]);
      }
      for (let at = 0; at < waiting.length; at += groupRequestsMax) commitGroup(waiting.slice(at, at + groupRequestsMax));
      if (closing) close();
    });
  });

  function commitGroup(group: readonly PackedRequest[]): void {
    const startedMs = systemClock.monotonicMs();
    const answers = writer.commitGroup(group.map(([, name, args]) => ({ name, args })));
    const durationMs = systemClock.monotonicMs() - startedMs;
    const packed: PackedAnswer[] = group.map(([id], index) => [id, must(answers[index], 'an answer to each request')]);
    say({ kind: 'answers', packed: JSON.stringify(packed), group: { transactions: group.length, durationMs } });
    checkpoints.committed();
  }

  function close(): void {
    checkpoints.stop();
    connection.close();
    say({ kind: 'closed' });
    port.close();
  }
}

function tooFullToStart(folder: string): string {
  return `${folder} is on a volume that is too full to open the metadata; make room there or enlarge it, then start again`;
}

function nextMessage(): ToWriter | undefined {
  return receiveMessageOnPort(port)?.message as ToWriter | undefined;
}

orFault(() => {
  const connection = open();
  if (connection !== null) serve(connection);
});
